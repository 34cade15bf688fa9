"""Where the engine of this user is: the same rules as `engine.storage.paths`, without loading it."""

from __future__ import annotations

import os

_SOCKET = "docker.sock"


def run_directory() -> str:
    given = os.environ.get("WHERRY_RUN")
    if given:
        return os.path.abspath(given)
    if os.getuid() == 0:
        return "/run/wherry"
    base = os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/wherry-run-{os.getuid()}"
    return os.path.join(base, "wherry")


def socket_path() -> str:
    return os.path.join(run_directory(), _SOCKET)
