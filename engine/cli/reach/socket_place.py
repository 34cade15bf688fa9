"""Where the engine of this user is."""

from __future__ import annotations

import os

from engine.whereabouts import run_directory

_SOCKET = "docker.sock"


def socket_path() -> str:
    """ "" where there is no run directory yet, and so no engine either."""
    place = run_directory()
    return os.path.join(place, _SOCKET) if place else ""


def made_run_directory() -> str:
    """For an engine that is about to be started."""
    return run_directory(make=True)
