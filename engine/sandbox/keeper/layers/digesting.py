"""Hash on a second core: one thread that takes updates in order and gives buffers back when it is through with them.

hashlib lets go of the interpreter's lock while it works, so reading and writing go on meanwhile.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable

BUFFER = 1 << 20
BUFFERS = 8
BACKLOG = 4


class Digester:
    """`free` holds the buffers that may be filled; without room in it the reader waits for the hashing to catch up."""

    def __init__(self) -> None:
        self.free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        for _ in range(BUFFERS):
            self.free.put(bytearray(BUFFER))
        self._work: queue.SimpleQueue[tuple[Callable[[Any], Any], Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """It has so much waiting that hashing elsewhere is quicker."""
        return self._work.qsize() > BACKLOG

    def update(self, digest: hashlib._Hash, data: memoryview) -> None:
        self._work.put((digest.update, data))

    def finish(self, digest: hashlib._Hash, row: bytearray) -> None:
        """Write the digest into `row` once all of it was hashed."""

        def store(_argument: None) -> None:
            row[:] = digest.digest()

        self._work.put((store, None))

    def release(self, buffer: bytearray) -> None:
        self._work.put((self.free.put, buffer))

    def join(self) -> None:
        """Wait until all is hashed. Nothing may be put in after this."""
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        while work := self._work.get():
            function, argument = work
            function(argument)
