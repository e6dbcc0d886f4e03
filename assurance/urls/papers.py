from django.urls import path

from assurance.views import paper_moves, papers

ONE = "tests/<str:public_id>/"

urlpatterns = [
    path(ONE, papers.test, name="paper"),
    path(f"{ONE}change/", paper_moves.change, name="paper_change"),
    path(f"{ONE}freeze/", paper_moves.freeze, name="paper_freeze"),
    path(f"{ONE}explain/", paper_moves.explain, name="paper_explain"),
    path(f"{ONE}draw/", paper_moves.draw, name="paper_draw"),
    path(f"{ONE}issue/", paper_moves.issue, name="paper_issue"),
    path(f"{ONE}items/<int:number>/", paper_moves.result, name="paper_item"),
    path(f"{ONE}evidence/", paper_moves.add_evidence, name="paper_attach"),
    path(f"{ONE}conclude/", paper_moves.conclude, name="paper_conclude"),
    path(f"{ONE}review/", paper_moves.review, name="paper_review"),
    path(f"{ONE}return/", paper_moves.send_back, name="paper_return"),
    path("<str:public_id>/tests/", papers.tests, name="tests"),
    path("<str:public_id>/tests/plan/", paper_moves.plan, name="tests_plan"),
]
