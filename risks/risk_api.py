"""The register of risks, to read and to write: the same verbs as the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from audit.models import RowVersion, StaleRow
from audit.moment import Moment
from audit.public_id import get_or_404
from organisation.models import NotAllowed, Solution, User
from organisation.permissions import require
from organisation.rest import DayField, Door, ListSchema, size_of
from organisation.rest_acts import ChangedMeanwhile
from risks import assessing, registering
from risks.models import WRITTEN, Assessment, Category, Matrix, Risk
from risks.register import Register
from risks.register_rows import UNTREATED, Row, day_of, treated
from risks.rules import Rules
from risks.stood import as_they_stood

Done = TypeVar("Done")


def _done(act: Callable[[], Done]) -> Done:
    """Act wholly or not at all; a refusal says why in `errors`."""
    try:
        with transaction.atomic():
            return act()
    except NotAllowed as no:
        raise ValidationError({"risk": [str(no)]}) from no
    except StaleRow as stale:
        raise ChangedMeanwhile from stale


class NamedRowSerializer(serializers.Serializer[Any]):
    """A person, a solution or a category, as far as a risk needs to name it."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class RiskLevelSerializer(serializers.Serializer[Any]):
    """level: an index of the matrix in force."""

    level = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]


class TreatedSerializer(serializers.Serializer[Any]):
    """due_on: of the first action that is not done."""

    strategies = serializers.ListField(child=serializers.CharField())
    due_on = serializers.DateField(allow_null=True)


class RiskSerializer(serializers.Serializer[Row]):
    """inherent, current, target: null where nothing is confirmed. version: to be sent back with a change."""

    id = serializers.CharField(source="risk.public_id")
    version = serializers.IntegerField(source="risk.version")
    title = serializers.CharField(source="risk.title")
    cause = serializers.CharField(source="risk.cause")
    event = serializers.CharField(source="risk.event")
    consequence = serializers.CharField(source="risk.consequence")
    solution = NamedRowSerializer(source="risk.solution")
    category = NamedRowSerializer(source="risk.category")
    owner = NamedRowSerializer(source="risk.owner")
    inherent = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()
    target = serializers.SerializerMethodField()
    standing = serializers.ChoiceField(choices=Risk.Standing.choices, source="risk.standing")
    treatment = TreatedSerializer(source="treated")
    treatment_is_overdue = serializers.BooleanField()
    review_on = DayField(source="risk.review_on", allow_null=True)
    review_is_overdue = serializers.BooleanField()
    link = serializers.CharField(source="risk.link")
    added_at = serializers.DateTimeField(source="risk.added_at")
    closed_at = serializers.DateTimeField(source="risk.closed_at", allow_null=True)

    def _level(self, level: int | None) -> dict[str, Any] | None:
        matrix: Matrix | None = self.context["matrix"]
        return None if level is None or matrix is None else {"level": level, "label": matrix.label(level)}

    @extend_schema_field(RiskLevelSerializer(allow_null=True))
    def get_inherent(self, row: Row) -> dict[str, Any] | None:
        return self._level(row.risk.inherent)

    @extend_schema_field(RiskLevelSerializer(allow_null=True))
    def get_current(self, row: Row) -> dict[str, Any] | None:
        return self._level(row.risk.current)

    @extend_schema_field(RiskLevelSerializer(allow_null=True))
    def get_target(self, row: Row) -> dict[str, Any] | None:
        return self._level(row.risk.target)


class AssessmentSerializer(serializers.ModelSerializer[Assessment]):
    """likelihood, impact, level: indices of the matrix that it was stated on. Neither confirmed nor declined: waits."""

    id = serializers.CharField(source="public_id")
    matrix = serializers.CharField(source="matrix.public_id")
    label = serializers.CharField()  # type: ignore[assignment]
    proposed_by = NamedRowSerializer()
    confirmed_by = NamedRowSerializer(allow_null=True)
    declined_by = NamedRowSerializer(allow_null=True)

    class Meta:
        model = Assessment
        fields = [
            "id", "kind", "matrix", "likelihood", "impact", "level", "label", "because", "proposed_by", "proposed_at",
            "confirmed_by", "confirmed_at", "declined_by", "declined_at", "declined_because",
        ]  # fmt: skip


class WholeRiskSerializer(RiskSerializer):
    assessments = serializers.SerializerMethodField()

    @extend_schema_field(AssessmentSerializer(many=True))
    def get_assessments(self, row: Row) -> Any:
        return AssessmentSerializer(self.context["assessments"], many=True).data


@extend_schema_field(str)
class ById(serializers.Field[Any, str, str, Any]):
    """A row by its public id."""

    def __init__(self, rows: Callable[[], Any], **options: Any) -> None:
        super().__init__(**options)
        self.rows = rows

    def to_internal_value(self, data: Any) -> Any:
        key = self.rows().model.key_in(str(data))
        found = self.rows().filter(pk=key).first() if key is not None else None
        if found is None:
            raise ValidationError(_("There is none with this id."))
        return found

    def to_representation(self, value: Any) -> str:
        return str(value.public_id)


class WriteRiskSerializer(serializers.Serializer[Any]):
    """solution, category and owner by their ids."""

    title = serializers.CharField(max_length=200)
    cause = serializers.CharField(max_length=2000)
    event = serializers.CharField(max_length=2000)
    consequence = serializers.CharField(max_length=2000)
    solution = ById(Solution.objects.all)
    category = ById(Category.objects.all)
    owner = ById(User.objects.active)
    review_on = DayField(required=False, allow_null=True)
    link = serializers.URLField(max_length=500, required=False, allow_blank=True)


class ChangeRiskSerializer(WriteRiskSerializer):
    """version: as read; 409 where somebody saved it since."""

    version = serializers.IntegerField()
    because = serializers.CharField(max_length=500, required=False, allow_blank=True)


class AssessSerializer(serializers.Serializer[Any]):
    """likelihood, impact: indices of the matrix in force, from 0."""

    kind = serializers.ChoiceField(choices=Assessment.Kind.choices)
    likelihood = serializers.IntegerField(min_value=0, max_value=5)
    impact = serializers.IntegerField(min_value=0, max_value=5)
    because = serializers.CharField(max_length=2000)


class RiskDoor(Door):
    action = "risk.view"
    versioned: ClassVar[type[RowVersion] | None] = Risk
    serializer_class = RiskSerializer

    @property
    def moment(self) -> Moment:
        moment: Moment = self.request.moment  # type: ignore[attr-defined]
        return moment

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    def rows(self) -> QuerySet[Risk]:
        return Risk.objects.visible_to(self.user).added_by(self.moment.at)

    def one(self, public_id: str) -> Risk:
        """Raises Http404 where it is not the reader's to see."""
        return get_or_404(self.rows().select_related("solution", "category", "owner"), public_id)

    def asked(self, serializer: type[serializers.Serializer[Any]], **options: Any) -> dict[str, Any]:
        """Raises ValidationError, with each field's reason."""
        asked = serializer(data=self.request.data, **options)
        asked.is_valid(raise_exception=True)
        said: dict[str, Any] = asked.validated_data
        return said

    def told(self, risk: Risk) -> dict[str, Any]:
        """As it is now. Two queries."""
        row = Row(risk, treated(self.moment.at, [risk.pk]).get(risk.pk, UNTREATED), day_of(self.moment.at))
        told: dict[str, Any] = RiskSerializer(row, context={"matrix": Matrix.objects.in_force(self.moment.at)}).data
        return told


class Risks(RiskDoor):
    """?solution, state, standing, kind, level, likelihood, impact, category, owner, review, q, order: as the page."""

    schema = ListSchema()

    def get(self, request: Request) -> Response:
        found = Register.of(request.query_params, self.user, self.moment)
        page = found.page(request.query_params.get("cursor", ""), size_of(request))
        rows: Any = page.rows
        told = RiskSerializer(rows, many=True, context={"matrix": found.matrix}).data
        here, following = request.build_absolute_uri(), page.next_cursor
        return Response(
            {"results": told, "next": replace_query_param(here, "cursor", following) if following else None}
        )

    @extend_schema(request=WriteRiskSerializer, responses={201: RiskSerializer})
    def post(self, request: Request) -> Response:
        require(request.user, "risk.add")
        said = {"review_on": None, "link": "", **self.asked(WriteRiskSerializer)}
        made = _done(lambda: registering.add(by=self.user, **said))
        return Response(self.told(made), status=201)


class OneRisk(RiskDoor):
    @extend_schema(responses=WholeRiskSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        at = self.moment.at
        rules = Rules.at(at)
        risk = self.one(public_id)
        if not self.moment.is_now:
            (risk,) = as_they_stood([risk], self.moment, rules, [risk.pk])
        rows = Assessment.objects.filter(risk=risk, proposed_at__lte=at).order_by("pk")
        people = ("matrix", "proposed_by", "confirmed_by", "declined_by")
        row = Row(risk, treated(at, [risk.pk]).get(risk.pk, UNTREATED), day_of(at))
        context = {"matrix": rules.matrix, "assessments": rows.select_related(*people)}
        return Response(WholeRiskSerializer(row, context=context).data)

    @extend_schema(request=ChangeRiskSerializer(partial=True), responses=RiskSerializer)
    def patch(self, request: Request, public_id: str) -> Response:
        """Any of the fields; the version that you read in `version`, or its ETag in If-Match."""
        require(request.user, "risk.change")
        risk = self.one(public_id)
        said = self.asked(ChangeRiskSerializer, partial=True)
        if self.matched is None and "version" not in said:
            raise ValidationError({"version": [_("Send the version that you read.")]})
        fields = {name: said[name] for name in WRITTEN if name in said}
        read: Any = said.get("version", self.matched)
        because = said.get("because", "")
        changed = _done(lambda: registering.change(risk, read=read, by=self.user, because=because, **fields))
        return Response(self.told(changed))


class RiskAssessments(RiskDoor):
    @extend_schema(request=AssessSerializer, responses={201: AssessmentSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        """Counts at once where you answer for the risk; else it waits for who does."""
        require(request.user, "risk.assess")
        risk = self.one(public_id)
        said = self.asked(AssessSerializer)
        kind = said.pop("kind")
        made = _done(lambda: assessing.state(risk, kind, by=self.user, **said))
        return Response(AssessmentSerializer(made).data, status=201)


urlpatterns = [
    path("risks/", Risks.as_view(), name="risks"),
    path("risks/<str:public_id>/", OneRisk.as_view(), name="risk"),
    path("risks/<str:public_id>/assessments/", RiskAssessments.as_view(), name="risk_assessments"),
]
