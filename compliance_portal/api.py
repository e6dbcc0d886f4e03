"""/api/v1/: every floor brings its own routes; a floor that has an api.py is named here, lowest first."""

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.views import SpectacularAPIView

from assurance import audit_findings_api as audit_findings
from assurance import engagements_api as engagements
from assurance import packs_api as packs
from assurance import paper_moves_api as paper_moves
from assurance import papers_api as papers
from controls import api as controls
from controls import imports_api as framework_imports
from controls import mapping_moves_api as mapping_moves
from controls import register_api as register
from controls import register_moves_api as register_moves
from controls import responsibility_moves_api as responsibility_moves
from controls import standing_api as standings
from controls import statements_api as statements
from controls import whose_api as whose
from dashboard import api as dashboard
from dashboard import changes_api as changes
from dashboard import home_api as home
from dashboard import triage_api as triage
from desk import api as desk
from desk import notices_api as notices
from evidence import attestations_api as attestations
from evidence import evidence_api as evidence
from evidence import evidence_moves_api as evidence_moves
from evidence import holds_api as holds
from evidence import request_lists_api as request_lists
from evidence import request_moves_api as request_moves
from evidence import requests_api as evidence_requests
from evidence import snapshots_api as snapshots
from evidence import verification_api as verification
from findings import api as findings
from findings import connections_api as connections
from findings import exports_api as exports
from findings import loading_api as loading
from findings import resources_api as resources
from findings import suppressions_api as suppressions
from organisation import api as organisation
from organisation import delegations_api as delegations
from organisation import groups_api as groups
from organisation import own_api as own
from organisation import people_api as people
from organisation import solutions_api as solutions
from organisation import tokens_api as tokens
from organisation import trail_api as trail
from organisation.permissions import permitted
from risks import appetites_api as appetites
from risks import categories_api as categories
from risks import challenges_api as challenges
from risks import decisions_api as decisions
from risks import exports_api as register_exports
from risks import heat_map_api as heat_map
from risks import imports_api as register_imports
from risks import matrices_api as matrices
from risks import risk_api as risks
from risks import risk_links_api as risk_links
from risks import risk_moves_api as risk_moves
from risks import treatments_api as treatments

app_name = "api"

schema = permitted("api.read_schema")(SpectacularAPIView.as_view(api_version="1"))

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", schema, name="schema"),
    *organisation.urlpatterns,
    *own.urlpatterns,
    *solutions.urlpatterns,
    *people.urlpatterns,
    *groups.urlpatterns,
    *delegations.urlpatterns,
    *tokens.urlpatterns,
    *trail.urlpatterns,
    *desk.urlpatterns,
    *notices.urlpatterns,
    *loading.urlpatterns,
    *exports.urlpatterns,
    *connections.urlpatterns,
    *resources.urlpatterns,
    *findings.urlpatterns,
    *suppressions.urlpatterns,
    *mapping_moves.urlpatterns,  # first: its names are no ids of mappings
    *responsibility_moves.urlpatterns,
    *controls.urlpatterns,
    *whose.urlpatterns,
    *statements.urlpatterns,
    *standings.urlpatterns,
    *framework_imports.urlpatterns,
    *register_moves.urlpatterns,  # first: its names are no ids of controls
    *register.urlpatterns,
    *heat_map.urlpatterns,
    *register_exports.urlpatterns,
    *decisions.urlpatterns,
    *challenges.urlpatterns,
    *categories.urlpatterns,
    *matrices.urlpatterns,
    *appetites.urlpatterns,
    *treatments.urlpatterns,
    *risks.urlpatterns,
    *risk_moves.urlpatterns,
    *risk_links.urlpatterns,
    *register_imports.urlpatterns,
    *evidence.urlpatterns,
    *evidence_moves.urlpatterns,
    *holds.urlpatterns,
    *verification.urlpatterns,
    *snapshots.urlpatterns,
    *request_lists.urlpatterns,  # first: its names are no ids of requests
    *request_moves.urlpatterns,
    *evidence_requests.urlpatterns,
    *attestations.urlpatterns,
    *engagements.urlpatterns,
    *audit_findings.urlpatterns,
    *paper_moves.urlpatterns,
    *papers.urlpatterns,
    *packs.urlpatterns,
    *dashboard.urlpatterns,
    *changes.urlpatterns,
    *triage.urlpatterns,
    *home.urlpatterns,
]
