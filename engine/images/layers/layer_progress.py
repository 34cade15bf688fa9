"""One layer's progress, with the rate of the last moments. How often it is shown is the operation's business."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from engine.types.images import LayerPhase

if TYPE_CHECKING:
    from engine.operations.registry import Progress

_RATE_SECONDS: Final = 1.0


class LayerTeller:
    """Tells an operation about one layer."""

    def __init__(self, progress: Progress, digest: str, total: int) -> None:
        self._progress = progress
        self._digest = digest
        self._total = total
        self._done = 0
        self._since = (time.monotonic(), 0)
        self._note = ""

    def phase(self, phase: LayerPhase, *, done: int | None = None, note: str = "") -> None:
        self._done = self._done if done is None else done
        self._progress.layer(self._digest, phase, self._done, self._total, note)

    def moved(self, phase: LayerPhase, done: int) -> None:
        """So many bytes by now."""
        self._done = done
        now = time.monotonic()
        started, before = self._since
        if done < before:
            self._since = (now, done)
        elif now - started >= _RATE_SECONDS:
            self._note = f"{(done - before) / (now - started) / 1e6:.1f} MB/s"
            self._since = (now, done)
        self.phase(phase, note=self._note)

    def retrying(self, note: str) -> None:
        self.phase(LayerPhase.RETRYING, note=note)

    def whole(self, phase: LayerPhase) -> None:
        """All bytes are there."""
        self.phase(phase, done=self._total)
