"""The facade as two Wherrys speak it: values, errors, frames and changes as bytes and back."""

from __future__ import annotations

import array
from typing import Any

import msgspec
import pytest

from engine import errors
from engine.errors import Code, InvalidRequest, NotFound, RuntimeFailure, WherryError
from engine.spoken import packing
from engine.spoken.naming import name_next, take_name
from engine.spoken.signatures import ROOMS, methods
from engine.types.containers import CreateContainer, ListContainers
from engine.types.events import Change, EngineSnapshot, Event
from engine.types.logs import LogLine
from engine.types.operations import Operation
from tests.fakes.world import make_image

# --- values ---


def test_values_travel_as_they_are() -> None:
    image = make_image("a:1")
    assert packing.unpack(packing.pack(image), type(image)) == image
    assert packing.unpack(packing.pack(range(3)), list[int]) == [0, 1, 2]
    assert packing.unpack(packing.pack(array.array("q", [5, 6])), list[int]) == [5, 6]


def test_names_that_are_no_text_travel_as_what_can_be_shown_of_them() -> None:
    """In whatever they stand: a tuple of them was an internal error."""
    odd = b"a\xff".decode(errors="surrogateescape")
    value = {"path": odd, "many": [odd, 5, {odd: b"\xff raw"}], "at": (1, odd)}
    assert packing.unpack(packing.pack(value), Any) == {
        "path": "a?", "many": ["a?", 5, {"a?": b"\xff raw"}], "at": [1, "a?"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "shape"), [(b"\xc1", int), (packing.pack("a"), int), (b"", str), (b"\x91" * 9999, Any)]
)
def test_bytes_that_are_no_such_value(data: bytes, shape: Any) -> None:
    with pytest.raises(InvalidRequest, match="What the other machine said cannot be read") as refused:
        packing.unpack(data, shape)
    assert refused.value.explanation


def test_arguments_by_their_names_and_shapes() -> None:
    method = methods()["containers.list"]
    given = {"request": ListContainers(running_only=True)}
    packed = packing.pack_arguments(given)
    assert int.from_bytes(packed[:4], "big") == len(packed) - 4
    assert packing.unpack_arguments(method, packed[4:]) == given
    with pytest.raises(InvalidRequest, match=r"containers\.list takes no “color”"):
        packing.unpack_arguments(method, packing.pack({"request": None, "color": 1, "zebra": 2}))
    with pytest.raises(InvalidRequest, match="cannot be read") as refused:
        packing.unpack_arguments(methods()["containers.create"], packing.pack({"request": 5}))
    assert "Expected" in refused.value.explanation
    with pytest.raises(InvalidRequest) as long:
        packing.unpack_arguments(method, packing.pack({"x" * 100: 1}))
    assert long.value.title.count("x") == 80


# --- frames ---


@pytest.mark.parametrize("step", [1, 4, 5, 6, 1000])
def test_frames_are_whole_whatever_the_pieces_are(step: int) -> None:
    frames = [(packing.VALUE, b"hello"), (packing.BEAT, b""), (packing.VALUE, b"x" * 300), (packing.END, b"")]
    data = b"".join(packing.frame(*each) for each in frames)
    unframer = packing.Unframer()
    found = [each for at in range(0, len(data), step) for each in unframer.feed(data[at : at + step])]
    assert found == frames
    assert packing.frame(packing.END) == b"z\0\0\0\0"


def test_a_frame_without_measure_is_refused() -> None:
    most = (256 << 20).to_bytes(4, "big")
    assert list(packing.Unframer().feed(b"v" + most)) == []
    with pytest.raises(InvalidRequest, match="cannot be read") as refused:
        list(packing.Unframer().feed(b"v" + ((256 << 20) + 1).to_bytes(4, "big")))
    assert refused.value.explanation == "One piece of it is too large."


# --- errors ---


class OfARoom(NotFound):
    """A kind that only one room knows."""


FAMILIES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, WherryError)]


@pytest.mark.parametrize("family", FAMILIES)
def test_errors_of_every_family_come_back_as_they_were(family: type[WherryError]) -> None:
    words = {"hint": "h", "details": "d", "subject": "s", "docker": "w"}
    sent = family("T") if family is errors.Cancelled else family("T", "E", **words)  # type: ignore[arg-type]
    came = packing.unpack_error(packing.pack_error(sent))
    names = ("title", "explanation", "code", "hint", "details", "subject", "docker")
    assert type(came) is family
    assert [getattr(came, name) for name in names] == [getattr(sent, name) for name in names]
    if family is not errors.Cancelled:
        sent = family("T", code=Code.TIMEOUT)
        assert packing.unpack_error(packing.pack_error(sent)).code is Code.TIMEOUT


def test_what_is_not_known_is_told_as_the_nearest() -> None:
    came = packing.unpack_error(packing.pack_error(OfARoom("T", code=Code.NOT_FOUND)))
    assert (type(came), came.code) == (NotFound, Code.NOT_FOUND)
    told = {"family": "Comet", "code": "of-tomorrow", "title": "T"}
    came = packing.unpack_error(packing.pack(told))
    assert (type(came), came.code, came.explanation, came.hint) == (WherryError, Code.INTERNAL, "", "")
    came = packing.unpack_error(packing.pack({**told, "family": "annotations"}))
    assert type(came) is WherryError
    failed = RuntimeFailure("T", exit_code=7)
    came = packing.unpack_error(packing.pack_error(failed))
    assert isinstance(came, RuntimeFailure)
    assert came.exit_code == 7
    assert packing.unpack_error(packing.pack({**told, "family": "RuntimeFailure"})).exit_code == 125  # type: ignore[attr-defined]


# --- changes ---


def test_changes_come_back_with_their_events() -> None:
    image = make_image("a:1")
    event = Event(time_ns=5, kind="image", action="pull", id=image.id, name="a:1")
    for value, said in ((image, event), (None, event), (image, None)):
        change = Change(revision=1, kind="image", id=image.id, value=value, event=said)
        assert packing.unpack_change(packing.pack_change(change)) == ("image", image.id, value, said)
    whole = EngineSnapshot(
        revision=3, containers=(), images=(image,), volumes=(), networks=(), operations=(), builds=()
    )
    assert packing.unpack_change(packing.pack_change(whole)) == whole
    assert packing.unpack_change(packing.pack(["comet", "x", b"", b""])) is None


# --- methods ---


def test_the_facade_is_read_as_it_is() -> None:
    found = methods.__wrapped__()  # anew: it is read once for a process
    create = found["containers.create"]
    assert (create.manner, create.parameters, create.upload) == ("answer", {"request": CreateContainer}, "")
    manners = {
        "containers.start": "answer", "images.pull": "operation", "containers.export": "bytes", "logs.read": "stream",
        "images.load": "operation", "files.upload": "answer",
    }  # fmt: skip
    assert {name: found[name].manner for name in manners} == manners
    assert (found["images.load"].upload, found["files.upload"].upload, found["builds.build"].upload) == (
        "source", "tar", "context",
    )  # fmt: skip
    assert "source" not in found["images.load"].parameters
    assert set(found["files.upload"].parameters) == {"place", "path", "no_overwrite_kind", "copy_owner"}
    assert found["containers.export"].gives is bytes
    line: Any = found["logs.read"].gives
    assert msgspec.json.decode(b"[]", type=line) == []
    assert LogLine in getattr(line, "__args__", ())
    assert (found["operations.get"].gives, found["images.pull"].gives) == (Operation, None)
    assert (found["operations.get"].upload, found["containers.export"].name) == ("", "containers.export")
    assert set(found["containers.export"].parameters) == {"container"}
    assert {each.manner for each in found.values()} == {"answer", "stream", "bytes", "operation"}


def test_what_belongs_to_one_machine_is_not_spoken() -> None:
    left_out = {"containers.exec", "containers.attach", "builds.context_place", "images.save_to", "volumes.backup",
                "volumes.restore", "logs.export"}  # fmt: skip
    assert not left_out & set(methods())
    assert {name.partition(".")[0] for name in methods()} == set(ROOMS)
    assert not [name for name in methods() if "._" in name]


# --- the id of who asks ---


def test_who_asks_names_the_next_operation_once() -> None:
    assert take_name() == ""
    name_next("0123456789abcdef")
    assert (take_name(), take_name()) == ("0123456789abcdef", "")
    for odd in ("", "0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0", "../../etc/passwd"):
        name_next(odd)
        assert take_name() == ""
