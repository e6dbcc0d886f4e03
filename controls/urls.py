from django.urls import path

from controls.views import (
    changes,
    control,
    frameworks,
    hub,
    imports,
    mappings,
    packs,
    posture,
    register,
    requirement,
    requirement_history,
    standing_files,
    statements,
    verdicts,
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
    path("controls/", register.library, name="library"),
    path("controls/register.<str:form>", register.export, name="library_export"),
    path("controls/add/", changes.add, name="control_add"),
    path("controls/verdicts/<str:public_id>/withdraw/", verdicts.withdraw, name="verdict_withdraw"),
    path("controls/<str:public_id>/", control.control, name="control"),
    path("controls/<str:public_id>/change/", changes.change, name="control_change"),
    path("controls/<str:public_id>/retire/", changes.retire, name="control_retire"),
    path("controls/<str:public_id>/reopen/", changes.reopen, name="control_reopen"),
    path("controls/<str:public_id>/inheritances/add/", changes.inherit, name="control_inherit"),
    path(
        "controls/<str:public_id>/inheritances/<int:pk>/end/", changes.end_inheritance, name="control_inheritance_end"
    ),
    path("controls/<str:public_id>/tests/add/", verdicts.test, name="control_test"),
    path("controls/<str:public_id>/attestations/add/", verdicts.attest, name="control_attest"),
]
