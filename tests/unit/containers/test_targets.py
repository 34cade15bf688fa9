"""Where things are mounted in one container: each place once, and not without end."""

from __future__ import annotations

import pytest

from engine.containers.make.creation import check_targets
from engine.errors import InvalidRequest
from engine.recipe.checks import place
from engine.types.containers import MOST_MOUNTS, Mount


def at(*targets: str) -> list[Mount]:
    return [Mount(kind="tmpfs", target=target) for target in targets]


@pytest.mark.parametrize("second", ["/data", "/data/", "/./data", "//data", "/a/../data"])
def test_two_things_at_one_place_are_refused_however_it_is_spelt(second: str) -> None:
    with pytest.raises(InvalidRequest, match="Two things are mounted at /data"):
        check_targets(at("/data", "/other", second))


def test_one_thing_below_another_is_right() -> None:
    check_targets(at("/data", "/data/inside", "/Data", "/database"))


def test_the_most_that_one_container_can_have() -> None:
    check_targets(at(*(f"/{number}" for number in range(MOST_MOUNTS))))
    with pytest.raises(InvalidRequest, match="too many"):
        check_targets(at(*(f"/{number}" for number in range(MOST_MOUNTS + 1))))


@pytest.mark.parametrize("target", ["/", "//", "///", "/.", "/a/..", "//."])
def test_the_root_is_the_root_however_it_is_spelt(target: str) -> None:
    assert place(target) == "/"
