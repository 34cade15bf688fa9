"""A clock that somebody sets while the engine runs. The clocks that nobody can set stay what they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_LIBRARIES = tuple(f"/usr/lib/{each}-linux-gnu/faketime/libfaketime.so.1" for each in ("x86_64", "aarch64"))
_JUMPS = ("-1d", "+1d", "+0", "-10m", "+3y")


class Clock:
    """Read by libfaketime (Debian's package of that name) at every call."""

    def __init__(self, file: Path) -> None:
        library = next((path for path in _LIBRARIES if Path(path).exists()), None)
        if library is None:
            raise FileNotFoundError("libfaketime is not installed")
        self._file = file
        file.write_text("+0")
        self.environment = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def jump(self, dice: random.Random) -> str:
        jump = dice.choice(_JUMPS)
        self._file.write_text(jump)
        return jump
