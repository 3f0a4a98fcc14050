"""The built layer under `sam local`: what a developer sees who tries it on a machine of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.sam import StartLambda, invoke

# The first run builds SAM's image and installs SAM itself.
pytestmark = pytest.mark.timeout(600)

Template = Callable[[Path | None], Path]


def test_one_invocation_opens_one_connection(template: Template, layer: Path) -> None:
    """`--shutdown` lets the container end as a sandbox does, so that no line is lost."""
    accepted, lines = invoke(template(layer), {"calls": 3}, "--shutdown")
    assert accepted == [1, 1, 1]
    (emf,) = [line.emf for line in lines if line.emf is not None]
    assert (emf["RequestsSent"], emf["ConnectionsOpened"], emf["ConnectionsReused"]) == (3, 1, 2)
    assert emf["coldStart"] is True


def test_warm_container_keeps_the_connection_from_one_invocation_to_the_next(template: Template, layer: Path) -> None:
    with StartLambda(template(layer)) as function:
        assert [function.invoke({"calls": 3}) for _ in range(4)] == [[1, 1, 1]] * 4
        emf = [function.wait_for_emf(number) for number in range(4)]
    assert [line["ConnectionsOpened"] for line in emf] == [1, 0, 0, 0]
    assert [line["RequestsSent"] for line in emf] == [3, 3, 3, 3]


def test_without_the_layer_every_call_opens_a_connection(template: Template) -> None:
    with StartLambda(template(None)) as function:
        assert [function.invoke({"calls": 3}) for _ in range(2)] == [[1, 2, 3], [4, 5, 6]]
        assert function.emf == []
