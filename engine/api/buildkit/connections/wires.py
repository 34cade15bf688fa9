"""A way for bytes in both directions, whatever carries them."""

from __future__ import annotations

from typing import Protocol


class Wire(Protocol):
    """A way for bytes in both directions."""

    async def read(self) -> bytes:
        """The next bytes, b"" at the end."""
        ...

    async def write(self, data: bytes) -> None: ...
    def end(self) -> None: ...

    def abort(self) -> None:
        """End it at once: what waits to be written is for a reader that does not come."""
        self.end()
