from django.urls import path

from risks.views import appetite, authority, categories, heat_map, matrix

urlpatterns = [
    path("heat-map/", heat_map.page, name="heat_map"),
    path("heat-map.<str:form>", heat_map.export, name="heat_map_export"),
    path("matrix/", matrix.matrix, name="matrix"),
    path("matrix/adopt/", matrix.adopt, name="matrix_adopt"),
    path("matrix/<str:public_id>/", matrix.version, name="matrix_version"),
    path("categories/", categories.categories, name="categories"),
    path("categories/add/", categories.add, name="category_add"),
    path("categories/<str:public_id>/change/", categories.change, name="category_change"),
    path("categories/<str:public_id>/retire/", categories.retire, name="category_retire"),
    path("categories/<str:public_id>/reopen/", categories.reopen, name="category_reopen"),
    path("appetite/", appetite.appetite, name="appetite"),
    path("appetite/record/", appetite.record, name="appetite_record"),
    path("appetite/<str:public_id>/replace/", appetite.replace, name="appetite_replace"),
    path("appetite/<str:public_id>/end/", appetite.end, name="appetite_end"),
    path("authority/", authority.authority, name="authority"),
    path("authority/record/", authority.record, name="authority_record"),
    path("authority/<str:public_id>/replace/", authority.replace, name="authority_replace"),
    path("authority/<str:public_id>/end/", authority.end, name="authority_end"),
]
