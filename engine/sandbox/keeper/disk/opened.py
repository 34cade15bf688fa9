"""A descriptor that is closed when nobody has it any more: a worker ends soon, a process that stays may not."""

from __future__ import annotations

import contextlib
import os


class Opened(int):
    """To be given on as a number only as long as this is held; nobody else closes it."""

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self)
