from __future__ import annotations

import pytest

from tests.risks.people import World, a_world


@pytest.fixture
def world() -> World:
    return a_world()
