"""Folding changes gives the same state as applying them one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.types.data import now
from engine.types.events import Change, EngineSnapshot
from engine.types.networks import Network
from gui.bridge.changes import KINDS, Mirror, fold_changes

NAMES = ("a", "b", "c")


def network(name: str, driver: str) -> Network:
    return Network(id=name, name=name, driver=driver, created=_MOMENT)


_MOMENT = now()
steps = st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(st.none(), st.sampled_from("xyz"))), max_size=20)


@given(steps, st.integers(0, 20))
def test_folding_keeps_the_last_word(history: list[tuple[str, str | None]], cut: int) -> None:
    changes = [
        Change(revision=n + 1, kind="network", id=key, value=network(key, driver) if driver else None)
        for n, (key, driver) in enumerate(history)
    ]
    one_by_one, at_once = Mirror(), Mirror()
    for change in changes:
        one_by_one.apply(fold_changes(None, [change]))
    head, tail = changes[:cut], changes[cut:]
    state = Mirror()
    for change in head:
        state.apply(fold_changes(None, [change]))
    snapshot = EngineSnapshot(revision=len(head), networks=tuple(state.networks.values()))
    latest = {change.id: change for change in tail}
    at_once.apply(fold_changes(snapshot, latest.values()))
    assert at_once.networks == one_by_one.networks


def test_changes_older_than_the_snapshot_do_not_count() -> None:
    mirror = Mirror()
    snapshot = EngineSnapshot(revision=5, networks=(network("a", "new"),))
    old = Change(revision=4, kind="network", id="a", value=network("a", "old"))
    same = Change(revision=5, kind="network", id="a", value=None)
    later = Change(revision=6, kind="network", id="b", value=network("b", "later"))
    mirror.apply(fold_changes(snapshot, [old, same, later]))
    assert {key: each.driver for key, each in mirror.networks.items()} == {"a": "new", "b": "later"}


def test_a_complete_change_set_drops_what_is_gone() -> None:
    mirror = Mirror()
    mirror.apply(fold_changes(EngineSnapshot(revision=1, networks=(network("a", "x"),)), []))
    mirror.apply(fold_changes(EngineSnapshot(revision=2, networks=(network("b", "x"),)), []))
    assert set(mirror.networks) == {"b"}


def test_a_change_set_tells_which_kinds_it_touches() -> None:
    told = fold_changes(None, [Change(revision=1, kind="network", id="a", value=None)])
    assert (told.touches("network"), told.touches("image", "network"), told.touches("image")) == (True, True, False)
    assert not told.touches()


def test_a_view_that_opens_late_gets_everything_as_it_is_now() -> None:
    mirror = Mirror()
    mirror.apply(fold_changes(EngineSnapshot(revision=1, networks=(network("a", "x"),)), []))
    told = mirror.everything()
    mirror.networks.clear()
    assert (set(told.kinds["network"].upserted), told.kinds["network"].complete, told.complete) == ({"a"}, True, True)
    assert set(told.kinds) == set(KINDS)
    assert told.kinds["image"].upserted == {}
