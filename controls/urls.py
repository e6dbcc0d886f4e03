from django.urls import path

from controls.views import (
    frameworks,
    hub,
    imports,
    mappings,
    packs,
    posture,
    requirement,
    requirement_history,
    standing_files,
    statements,
)

app_name = "controls"

urlpatterns = [
    path("frameworks/", frameworks.frameworks, name="frameworks"),
    path("frameworks/mappings/", mappings.mappings, name="mappings"),
    path("frameworks/mappings/sets/<str:public_id>/adopt/", mappings.adopt, name="mapping_set_adopt"),
    path("frameworks/security-hub/", hub.hub, name="hub"),
    path("frameworks/solutions/", posture.posture, name="posture"),
    path("frameworks/solutions.<str:form>", standing_files.posture_export, name="posture_export"),
    path("frameworks/packs/", packs.packs, name="packs"),
    path("frameworks/packs/<str:public_id>/", packs.pack, name="pack"),
    path("frameworks/imports/", imports.imports, name="imports"),
    path("frameworks/imports/add/", imports.add, name="import_add"),
    path("frameworks/imports/template.csv", imports.template_csv, name="template_csv"),
    path("frameworks/imports/template.xlsx", imports.template_xlsx, name="template_xlsx"),
    path("frameworks/imports/<str:public_id>/", imports.one, name="import"),
    path("frameworks/imports/<str:public_id>/apply/", imports.apply, name="import_apply"),
    path("frameworks/imports/<str:public_id>/drop/", imports.drop, name="import_drop"),
    path("frameworks/requirements/<str:public_id>/", requirement.requirement, name="requirement"),
    path(
        "frameworks/requirements/<str:public_id>/history/",
        requirement_history.requirement_history,
        name="requirement_history",
    ),
    path(
        "frameworks/requirements/<str:public_id>/parts.<str:form>",
        standing_files.requirement_export,
        name="requirement_export",
    ),
    path("frameworks/versions/<str:public_id>/make-current/", frameworks.make_current, name="version_make_current"),
    path("frameworks/<str:public_id>/statements/", statements.statements, name="statements"),
    path("frameworks/<str:public_id>/statements.<str:form>", statements.export, name="statements_export"),
    path(
        "frameworks/<str:public_id>/requirements.<str:form>", standing_files.framework_export, name="framework_export"
    ),
    path("frameworks/<str:public_id>/lately/", frameworks.framework_lately, name="framework_lately"),
    path("frameworks/<str:public_id>/", frameworks.framework, name="framework"),
]
