"""Which busybox can be lent: one that needs no library of the container's."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from engine.containers.look import lending
from engine.containers.look.lending import find_busybox, is_static
from engine.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

LOADED, INTERPRETER, NOTES = 1, 3, 4


def program(*parts: int, wide: bool = True, order: str = "<", entry: int = 56, magic: bytes = b"\x7fELF") -> bytes:
    """As the linker writes one: what its parts are stands in a table behind the head."""
    kind = magic + bytes([2 if wide else 1, 1 if order == "<" else 2]) + b"\1" + bytes(9)
    table = b"".join(struct.pack(f"{order}I", part) + bytes(entry - 4) for part in parts)
    place = 80
    head = (
        struct.pack(f"{order}HHIQQQIHHH", 2, 62, 1, 0, place, 0, 0, 64, entry, len(parts))
        if wide
        else struct.pack(f"{order}HHIIIIIHHH", 2, 62, 1, 0, place, 0, 0, 52, entry, len(parts))
    )
    return (kind + head).ljust(place, b"\0") + table + b"\0" * 16


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_who_names_an_interpreter_needs_libraries(tmp_path: Path, *, wide: bool, order: str) -> None:
    path = tmp_path / "program"
    for parts, static in (
        ((LOADED, NOTES), True),
        ((LOADED, INTERPRETER), False),
        ((INTERPRETER,), False),
        ((LOADED, LOADED, INTERPRETER, NOTES), False),
        ((), True),
    ):
        path.write_bytes(program(*parts, wide=wide, order=order, entry=56 if wide else 32))
        assert is_static(path) is static, parts


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n" * 20, program(LOADED, magic=b"\x7fELG"), program(LOADED)[:63]])
def test_what_is_no_program_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "program"
    path.write_bytes(data)
    assert not is_static(path)
    assert not is_static(tmp_path / "nothing")


def test_the_first_that_is_static_is_lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there: dict[str, str] = {}
    monkeypatch.setattr(lending, "find_program", there.get)
    for name, part in (("busybox", INTERPRETER), ("busybox-static", LOADED), ("busybox.static", LOADED)):
        (tmp_path / name).write_bytes(program(part))
    for name in ("busybox.static", "busybox-static", "busybox"):
        there[name] = str(tmp_path / name)
        if name != "busybox":
            assert find_busybox() == str(tmp_path / name)
    assert find_busybox() == str(tmp_path / "busybox-static")
    del there["busybox-static"], there["busybox.static"]
    with pytest.raises(HostError) as caught:
        find_busybox()
    assert str(caught.value) == (
        "There is no static busybox to lend. The image has no shell, and the one that would be lent is not installed. "
        "Install it: sudo apt install busybox-static."
    )
    assert caught.value.subject == "busybox"
