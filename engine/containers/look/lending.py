"""A shell for containers that have none: a static busybox, lent read-only, never written to the container's files."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import HostError, RuntimeFailure
from engine.processes.programs import find_program

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper

LEND_PATH = "/dev/.wherry"
"""/dev of a container is a small file system of its own, writable also where the root is read-only."""
_PROGRAM = Path(__file__).with_name("lend_program.py")
_PT_INTERP = 3


async def lend_shell(keeper: Keeper, pid: int) -> None:
    """Make busybox and its names appear under `LEND_PATH` in a running container, if they do not yet."""
    with contextlib.suppress(OSError):
        await keeper.stat(Path(f"/proc/{pid}/root"), f"{LEND_PATH}/busybox")
        return
    busybox = find_busybox()
    done = await keeper.run([sys.executable, "-SIB", str(_PROGRAM), str(pid), busybox, LEND_PATH])
    if done.code != 0:
        words = done.stderr.decode("utf-8", "replace").strip()
        raise RuntimeFailure(
            "No shell could be lent to the container", words.splitlines()[-1] if words else "", details=words
        )


def find_busybox() -> str:
    """One that needs no libraries, for there may be none in the container."""
    for name in ("busybox", "busybox-static", "busybox.static"):
        path = find_program(name)
        if path is not None and is_static(Path(path)):
            return path
    raise HostError(
        "There is no static busybox to lend",
        "The image has no shell, and the one that would be lent is not installed.",
        hint="Install it: sudo apt install busybox-static",
        subject="busybox",
    )


def is_static(program: Path) -> bool:
    """Whether an ELF program names no interpreter."""
    try:
        with program.open("rb") as file:
            head = file.read(64)
            if head[:4] != b"\x7fELF" or len(head) < 64:
                return False
            wide, order = head[4] == 2, "little" if head[5] == 1 else "big"
            place, size, count = (
                (_int(head, 32, 8, order), _int(head, 54, 2, order), _int(head, 56, 2, order))
                if wide
                else (_int(head, 28, 4, order), _int(head, 42, 2, order), _int(head, 44, 2, order))
            )
            file.seek(place)
            table = file.read(size * count)
    except OSError:
        return False
    return all(_int(table, n * size, 4, order) != _PT_INTERP for n in range(count))


def _int(data: bytes, at: int, length: int, order: str) -> int:
    return int.from_bytes(data[at : at + length], "little" if order == "little" else "big")
