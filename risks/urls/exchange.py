from django.urls import path

from risks.views import exchange, imports, poam

urlpatterns = [
    path("exchange/", exchange.page, name="exchange"),
    path("exchange.<str:form>", exchange.export, name="exchange_export"),
    path("poam.json", poam.export, name="poam"),
    path("import/", imports.imports, name="imports"),
    path("import/add/", imports.add, name="import_add"),
    path("import/<str:public_id>/", imports.one, name="import"),
    path("import/<str:public_id>/problems.csv", imports.problems, name="import_problems"),
    path("import/<str:public_id>/apply/", imports.apply, name="import_apply"),
    path("import/<str:public_id>/drop/", imports.drop, name="import_drop"),
    path("import/<str:public_id>/take-back/", imports.take_back, name="import_take_back"),
]
