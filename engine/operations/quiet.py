"""When to do what nobody waits for: once nothing new has come for a moment, or once it has waited long enough."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUIET_SECONDS = 0.04
_LONGEST_SECONDS = 0.6


class Quiet:
    def __init__(self) -> None:
        self._came = 0.0
        self._hurried = asyncio.Event()

    def came(self) -> float:
        """Something new; gives the moment, for `wait`."""
        self._came = asyncio.get_running_loop().time()
        return self._came

    async def wait(self, since: float) -> None:
        """Until it is quiet. `since`: when that came which is to be done."""
        clock = asyncio.get_running_loop().time
        while not self._hurried.is_set():
            until = min(self._came + _QUIET_SECONDS, since + _LONGEST_SECONDS)
            if (left := until - clock()) <= 0:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurried.wait(), left)

    @contextlib.contextmanager
    def hurry(self) -> Iterator[None]:
        """Meanwhile somebody waits for it after all."""
        self._hurried.set()
        try:
            yield
        finally:
            self._hurried.clear()
