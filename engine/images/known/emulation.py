"""Which other machines' programs this kernel runs: what binfmt_misc has an interpreter for that works in any root."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.images.known.platforms import host_platform, parse_platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.types.data import Platform

_HANDLERS: Final = Path("/proc/sys/fs/binfmt_misc")
_LITTLE, _BIG = 1, 2
_MACHINES: Final = {
    (2, _LITTLE, 0xB7): "linux/arm64",
    (1, _LITTLE, 0x28): "linux/arm/v7",
    (2, _LITTLE, 0xF3): "linux/riscv64",
    (2, _LITTLE, 0x3E): "linux/amd64",
    (1, _LITTLE, 0x03): "linux/386",
    (2, _LITTLE, 0x15): "linux/ppc64le",
    (2, _BIG, 0x16): "linux/s390x",
    (2, _LITTLE, 0x08): "linux/mips64le",
    (2, _LITTLE, 0x102): "linux/loong64",
}
"""Class, byte order and machine of an ELF header."""
_ALONGSIDE: Final = {"linux/amd64": ("linux/386",), "linux/arm64": ("linux/arm/v7",)}
"""What a kernel runs by itself."""


def runnable_platforms(handlers: Path = _HANDLERS) -> list[Platform]:
    """This machine's first, then those that are emulated."""
    host = host_platform()
    names = [str(host), *_ALONGSIDE.get(str(host), ()), *_emulated(handlers)]
    return [parse_platform(name) for name in dict.fromkeys(names)]


def _emulated(handlers: Path) -> Iterator[str]:
    try:
        entries = sorted(handlers.iterdir())
    except OSError:
        return  # not mounted, or not ours to see
    for entry in entries:
        try:
            fields = dict(line.partition(" ")[::2] for line in entry.read_text().splitlines())
            magic = bytes.fromhex(fields.get("magic", ""))
        except (OSError, ValueError):
            continue
        # Without F the interpreter would be looked for in the root of the step, where it is not.
        works = "enabled" in fields and "F" in fields.get("flags:", "")
        if works and magic[:4] == b"\x7fELF" and len(magic) >= 20:
            machine = int.from_bytes(magic[18:20], "little" if magic[5] == _LITTLE else "big")
            name = _MACHINES.get((magic[4], magic[5], machine))
            if name is not None:
                yield name
