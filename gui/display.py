"""Is there a display to open a window on? Asked before Qt is, for Qt answers "no" by aborting the process."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAKES_NO_DISPLAY = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs", "vkkhrdisplay")


def why_no_window(environment: Mapping[str, str]) -> str:
    """One sentence for people; "" where a window can open, or where only Qt can tell."""
    if environment.get("QT_QPA_PLATFORM", "").partition(":")[0] in _TAKES_NO_DISPLAY:
        return ""
    wayland, x11 = environment.get("WAYLAND_DISPLAY", ""), environment.get("DISPLAY", "")
    if not wayland and not x11:
        return "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)."
    if wayland and _answers(str(Path(environment.get("XDG_RUNTIME_DIR", "/"), wayland))):
        return ""
    if x11 and _x11_answers(x11):
        return ""
    return f"The display {wayland or x11} does not answer."


def _x11_answers(display: str) -> bool:
    host, _, number = display.rpartition(":")
    if host not in ("", "unix"):
        return True  # on another machine; only Qt can tell
    path = f"/tmp/.X11-unix/X{number.partition('.')[0]}"
    return _answers(path) or _answers("\0" + path)


def _answers(path: str) -> bool:
    """Does anybody listen on this unix socket?"""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fsencode(path))
        except OSError:
            return False
    return True
