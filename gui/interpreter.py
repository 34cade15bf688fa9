"""How Python itself is set for a window: who waits for whom, and when it looks for garbage."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_TURN_SECONDS = 0.001


def prepare_for_start() -> None:
    """Before anything is imported.

    Starting makes many objects that stay: looking for garbage among them finds none and takes a tenth of the time.
    The window's thread and the engine's share one lock; with Python's own five milliseconds a click waits that long at
    each of the turns it needs.
    """
    start_no_bus(os.environ)
    gc.disable()
    sys.setswitchinterval(_TURN_SECONDS)


def start_no_bus(environment: MutableMapping[str, str]) -> None:
    """Where the session has no message bus there is none: libdbus would start one, which nobody ends."""
    there = os.path.exists(os.path.join(environment.get("XDG_RUNTIME_DIR") or "/nowhere", "bus"))
    if not there:
        environment.setdefault("DBUS_SESSION_BUS_ADDRESS", "disabled:")


def settle_after_start() -> None:
    """What is there by now stays to the end; from now on garbage is only looked for in what came later."""
    gc.freeze()
    gc.enable()
