"""What is hidden stays hidden whatever is told of it, until it is shown again, has gone, or came anew."""

from __future__ import annotations

from engine.types.containers import Container, ContainerSpec, State
from engine.types.data import Platform, now
from engine.types.events import Change, EngineSnapshot, Event
from engine.types.images import Image, ImageConfig
from engine.types.networks import Network, NetworkMember
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


# --- containers, and what refers to them ---


def an_image(*users: str) -> Image:
    return Image(
        id="i", tags=("app:1",), digests=(), created=None, platform=Platform(), config=ImageConfig(), size=1,
        unique_size=1, shared_size=0, layers=(), used_by=users,
    )  # fmt: skip


def a_network(*members: str) -> Network:
    joined = tuple(NetworkMember(container_id=each, name=each, ip_address="") for each in members)
    return Network(id="n", name="front", driver="bridge", created=_MOMENT, members=joined)


def a_container(key: str) -> Container:
    spec = ContainerSpec(image="app:1")
    return Container(
        id=key, name=key, image_id="i", image="app:1", spec=spec, command_line=(), state=State.EXITED, created=_MOMENT
    )


def users_of(mirror: Mirror) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    members = tuple(member.container_id for member in mirror.networks["n"].members)
    return mirror.images["i"].used_by, mirror.volumes["v"].used_by, members


def test_what_refers_to_a_hidden_container_is_shown_without_it() -> None:
    veil, mirror = Veil(), Mirror()
    told = EngineSnapshot(
        revision=1,
        containers=(a_container("a"), a_container("b")),
        images=(an_image("a", "b"),),
        volumes=(volume("v", "a", "b"), volume("free")),
        networks=(a_network("a", "b"),),
    )
    mirror.apply(veil.filter(fold_changes(told, ())))
    hidden = veil.hide("container", ["a", "nobody"])
    assert set(hidden.kinds) == {"container", "image", "volume", "network"}
    assert set(hidden.kinds["volume"].upserted) == {"v"}
    mirror.apply(hidden)
    assert (set(mirror.containers), users_of(mirror)) == ({"b"}, (("b",), ("b",), ("b",)))
    later = [Change(revision=2, kind="image", id="i", value=an_image("a", "b", "c"))]
    mirror.apply(veil.filter(fold_changes(None, later)))
    assert mirror.images["i"].used_by == ("b", "c")
    mirror.apply(veil.show("container", ["a"]))
    assert (set(mirror.containers), users_of(mirror)) == ({"a", "b"}, (("a", "b", "c"), ("a", "b"), ("a", "b")))


def test_what_is_hidden_itself_is_not_shown_for_its_container() -> None:
    veil = Veil()
    told = EngineSnapshot(revision=1, containers=(a_container("a"),), volumes=(volume("v", "a"),))
    veil.filter(fold_changes(told, ()))
    veil.hide("volume", ["v"])
    assert set(veil.hide("container", ["a"]).kinds) == {"container"}
    assert set(veil.show("container", ["a"]).kinds) == {"container"}
    back = veil.show("volume", ["v"])
    assert set(back.kinds["volume"].upserted) == {"v"}


def test_events_go_through_the_veil_as_they_are() -> None:
    veil = Veil()
    veil.filter(fold_changes(EngineSnapshot(revision=1, volumes=(volume("a"),)), ()))
    veil.hide("volume", ["a"])
    happened = Event(time_ns=1, kind="volume", action="mount", id="a")
    change = Change(revision=2, kind="volume", id="a", value=volume("a"), event=happened)
    told = veil.filter(fold_changes(None, [change], (happened,)))
    assert (told.events, told.complete, dict(told.kinds["volume"].upserted)) == ((happened,), False, {})
