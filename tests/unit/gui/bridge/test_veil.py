"""What is hidden stays hidden whatever is told of it, until it is shown again, has gone, or came anew."""

from __future__ import annotations

from engine.types.data import now
from engine.types.events import Change, EngineSnapshot
from engine.types.volumes import Volume
from gui.bridge.changes import Mirror, fold_changes
from gui.bridge.veil import Veil

_MOMENT = now()


def volume(name: str, *users: str) -> Volume:
    return Volume(name=name, created=_MOMENT, mountpoint=f"/{name}", used_by=users)


class Window:
    """A veil and the mirror behind it, fed as the client feeds them."""

    def __init__(self, *volumes: Volume) -> None:
        self.veil, self.mirror, self.revision = Veil(), Mirror(), 0
        self.snapshot(*volumes)

    def snapshot(self, *volumes: Volume) -> None:
        self.revision += 1
        told = fold_changes(EngineSnapshot(revision=self.revision, volumes=volumes), ())
        self.mirror.apply(self.veil.filter(told))

    def tell(self, name: str, value: Volume | None) -> None:
        self.revision += 1
        change = Change(revision=self.revision, kind="volume", id=name, value=value)
        self.mirror.apply(self.veil.filter(fold_changes(None, [change])))

    def hide(self, *names: str) -> None:
        self.mirror.apply(self.veil.hide("volume", names))

    def show(self, *names: str) -> None:
        self.mirror.apply(self.veil.show("volume", names))

    @property
    def names(self) -> set[str]:
        return set(self.mirror.volumes)


def test_changes_of_a_hidden_object_are_kept_for_its_return() -> None:
    window = Window(volume("a"), volume("b"))
    window.hide("a")
    window.tell("a", volume("a", "c1"))
    assert window.names == {"b"}
    window.show("a")
    assert window.mirror.volumes["a"].used_by == ("c1",)


def test_a_new_snapshot_does_not_lift_the_veil() -> None:
    window = Window(volume("a"), volume("b"))
    window.hide("a")
    window.snapshot(volume("a"), volume("b"), volume("c"))
    assert window.names == {"b", "c"}
    window.snapshot(volume("b"))
    window.snapshot(volume("a"), volume("b"))
    assert window.names == {"a", "b"}, "it had gone: this one is another"


def test_one_that_went_and_came_anew_is_seen() -> None:
    window = Window(volume("a"))
    window.hide("a")
    window.tell("a", None)
    window.tell("a", volume("a"))
    assert window.names == {"a"}


def test_one_let_go_is_believed_again_though_its_end_was_folded_away() -> None:
    window = Window(volume("a"))
    window.hide("a")
    window.veil.let_go("volume", ["a"])
    window.tell("a", volume("a", "new"))
    assert window.names == {"a"}


def test_hiding_and_showing_what_is_not_there_is_nothing() -> None:
    window = Window(volume("a"))
    window.hide("x")
    window.show("x", "a")
    assert window.names == {"a"}
