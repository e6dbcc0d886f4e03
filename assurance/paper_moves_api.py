"""Working on tests of controls for programs: the same verbs as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers

from assurance import concluding, drawing, populations, teaming, testing
from assurance.drawing import MOST_SURE, Design, asked_people, asked_solutions
from assurance.models import ControlTest, Engagement, Population, Sample, SampleItem
from assurance.papers_api import PEOPLE, ControlTestDoor, ControlTestSerializer, WholeControlTestDoor
from assurance.population_lines import STRATA
from assurance.populations import Wanted
from assurance.rights import in_scope
from audit import clock
from audit.public_id import all_or_404, get_or_404
from evidence.file_acts import FileAct, UploadField
from evidence.models import Evidence
from organisation.models import Solution, User
from organisation.rest import DayField
from organisation.rest_acts import Act, AsReadSerializer, ChangeSerializer, RowField
from risks.refusals import Refused


class PlanTestsSerializer(serializers.Serializer[Any]):
    """Rows by their public ids. solution: to test its part of a control that is asked of every solution.

    assigned_to: of the team.
    """

    engagement = RowField(lambda user: Engagement.objects.worked_on_by(user))
    controls = serializers.ListField(child=serializers.CharField())
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=ControlTest.Kind.choices))
    solution = RowField(lambda user: Solution.objects.visible_to(user), required=False, allow_null=True, default=None)
    assigned_to = serializers.CharField(required=False, allow_null=True, default=None)


class PlannedTestsSerializer(serializers.Serializer[Any]):
    """tests: those that were planned now; what was planned before stayed as it was."""

    tests = ControlTestSerializer(many=True)


class ChangeTestSerializer(ChangeSerializer):
    """What is not said stays as it is. assigned_to: of the team, or null."""

    procedure = serializers.CharField(max_length=8000)
    assigned_to = serializers.CharField(allow_null=True)


class FreezePopulationSerializer(serializers.Serializer[Any]):
    """listed, other: a list that is brought, and one that it is held against: CSV or workbook with a column Key."""

    source = serializers.ChoiceField(choices=Population.Source.choices)  # type: ignore[assignment]
    against = serializers.ChoiceField(choices=Population.Against.choices, required=False, allow_blank=True, default="")
    listed = UploadField()
    other = UploadField()


class TestWordsSerializer(AsReadSerializer):
    words = serializers.CharField(max_length=4000)


class ReviewTestSerializer(AsReadSerializer):
    words = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


def share(most: Decimal = Decimal(1)) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=most, required=False, allow_null=True,
        default=None,
    )  # fmt: skip


class DrawSampleSerializer(serializers.Serializer[Any]):
    """confidence, tolerable, expected: shares of 1. size: as computed unless another one is said, with the reason."""

    method = serializers.ChoiceField(choices=Sample.Method.choices)
    confidence, tolerable, expected = share(MOST_SURE), share(), share()
    strata = serializers.ChoiceField(choices=STRATA, required=False, allow_blank=True, default="")
    size = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    size_because = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class IssueSampleSerializer(serializers.Serializer[Any]):
    """assignee, solution: by public id."""

    assignee = serializers.CharField()
    what = serializers.CharField(max_length=4000)
    due_on = DayField()
    solution = serializers.CharField(required=False, allow_blank=True, default="")


class PiecesSerializer(serializers.Serializer[Any]):
    """evidence: ids of pieces of the locker. file: goes into it as a working paper."""

    evidence = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    file = UploadField()
    file_title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ItemResultSerializer(PiecesSerializer):
    result = serializers.ChoiceField(choices=[one for one in SampleItem.Result.values if one != SampleItem.Result.OPEN])
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ConcludeTestSerializer(AsReadSerializer):
    conclusion = serializers.ChoiceField(choices=ControlTest.Conclusion.choices)
    because = serializers.CharField(max_length=8000)


def tester(public_id: str | None, engagement: Engagement) -> User | None:
    return get_or_404(teaming.people(engagement), public_id) if public_id else None


class PlanTests(ControlTestDoor, Act):
    action, said, makes = "engagement.work", PlanTestsSerializer, True
    serializer_class = PlannedTestsSerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> list[ControlTest]:
        engagement = said["engagement"]
        controls = all_or_404(in_scope(engagement, clock.now()), said["controls"])
        told = {"solution": said["solution"], "assigned_to": tester(said["assigned_to"], engagement)}
        return testing.plan(engagement, controls, said["kinds"], by=by, **told)

    def told(self, done: list[ControlTest]) -> Any:
        rows = self.rows().filter(pk__in=[one.pk for one in done]).order_by("pk")
        return self.get_serializer({"tests": rows}).data


class PaperAct(WholeControlTestDoor, Act):
    action = "engagement.work"

    def subjects(self) -> QuerySet[ControlTest]:
        rows = ControlTest.objects.worked_on_by(self.request.user)
        return rows.select_related("engagement__added_by", "control__solution", "control__owner", "solution", *PEOPLE)


class ChangeTest(PaperAct):
    said = ChangeTestSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        person = tester(said["assigned_to"], row.engagement) if "assigned_to" in said else row.assigned_to
        procedure = said.get("procedure", row.procedure)
        return testing.change(row, procedure=procedure, assigned_to=person, by=by, read=row.version)


class FreezePopulation(PaperAct, FileAct):
    said = FreezePopulationSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        files = {name: said[name].read() for name in ("listed", "other") if said[name]}
        populations.freeze(row, Wanted(said["source"], said["against"], **files), by=by)
        return row


class ExplainDifference(PaperAct):
    said = TestWordsSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        populations.explain(populations.latest(row), said["words"], by=by)
        return row


class DrawSample(PaperAct):
    said = DrawSampleSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        drawing.draw(populations.latest(row), Design(**said), by=by)
        return row


class IssueSample(PaperAct):
    said = IssueSampleSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        sample = concluding.sample_of(row)
        if sample is None:
            raise Refused(_("Draw a sample first."))
        assignee = get_or_404(asked_people(row, by), said["assignee"])
        solution = get_or_404(asked_solutions(row), said["solution"]) if said["solution"] else None
        told = {"what": said["what"], "due_on": said["due_on"]}
        drawing.issue(sample, assignee=assignee, solution=solution, by=by, **told)
        return row


def pieces_of(row: ControlTest, said: dict[str, Any], by: User) -> list[Evidence]:
    """Those that are named, and the file that is brought."""
    pieces = all_or_404(testing.pieces_for(row, by), said["evidence"])
    if said["file"]:
        pieces.append(testing.brought(row, said["file"], said["file_title"], by=by))
    return pieces


class KeepItemResult(PaperAct, FileAct):
    said = ItemResultSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        sample, number = concluding.sample_of(row), self.kwargs["number"]
        item = sample.items.filter(number=number).first() if sample else None
        if item is None:
            raise Http404(f"{row.public_id} has no item {number}")
        pieces = pieces_of(row, said, by)
        drawing.keep_result(item, said["result"], note=said["note"], evidence=pieces, by=by)
        return row


class AttachToTest(PaperAct, FileAct):
    said = PiecesSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        testing.attach(row, pieces_of(row, said, by), by=by)
        return row


class ConcludeTest(PaperAct):
    said = ConcludeTestSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        return concluding.conclude(row, said["conclusion"], said["because"], by=by, read=row.version)


class ReviewTest(PaperAct):
    said = ReviewTestSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        return concluding.review(row, said["words"], by=by, read=row.version)


class SendTestBack(PaperAct):
    said = TestWordsSerializer

    def do(self, row: ControlTest, said: dict[str, Any], *, by: User) -> ControlTest:
        return concluding.send_back(row, said["words"], by=by, read=row.version)


ONE = "control-tests/<str:public_id>/"
urlpatterns = [
    path("control-tests/plan/", PlanTests.as_view(), name="control_tests_plan"),
    path(f"{ONE}change/", ChangeTest.as_view(), name="control_test_change"),
    path(f"{ONE}freeze/", FreezePopulation.as_view(), name="control_test_freeze"),
    path(f"{ONE}explain/", ExplainDifference.as_view(), name="control_test_explain"),
    path(f"{ONE}draw/", DrawSample.as_view(), name="control_test_draw"),
    path(f"{ONE}issue/", IssueSample.as_view(), name="control_test_issue"),
    path(f"{ONE}items/<int:number>/", KeepItemResult.as_view(), name="control_test_item"),
    path(f"{ONE}evidence/", AttachToTest.as_view(), name="control_test_attach"),
    path(f"{ONE}conclude/", ConcludeTest.as_view(), name="control_test_conclude"),
    path(f"{ONE}review/", ReviewTest.as_view(), name="control_test_review"),
    path(f"{ONE}return/", SendTestBack.as_view(), name="control_test_return"),
]
