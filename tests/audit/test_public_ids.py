from collections import defaultdict

from django.apps import apps

from audit.public_id import PublicId


def test_no_two_kinds_of_things_share_a_prefix() -> None:
    """R-41 names one thing, whoever says it."""
    found = defaultdict(set)
    for model in apps.get_models():
        if issubclass(model, PublicId):
            found[model.public_prefix].add(model._meta.label)
    assert {prefix: kinds for prefix, kinds in found.items() if len(kinds) > 1} == {}
