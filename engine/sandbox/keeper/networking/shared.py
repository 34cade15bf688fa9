"""The namespaces that containers of a pod share beside the network: host name and shared memory, each pinned as a file.

No process has to sit in them: a bind mount keeps a namespace as long as the mount namespace is there.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from engine.sandbox.keeper import kernel, mounting
from engine.sandbox.keeper.asked.steps import Unmount
from engine.sandbox.keeper.networking.networks import pin

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.mounts import CreateShared
    from engine.sandbox.keeper.requests import Request

_KINDS = ("ipc", "uts")


def create(asked: CreateShared, _request: Request) -> None:
    """In a forked worker, which leaves its own behind. What an earlier run pinned there goes first."""
    places = {kind: os.path.join(asked.directory, kind) for kind in _KINDS}
    mounting.execute([Unmount(target=place, every=True) for place in places.values()])
    kernel.unshare(kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
    socket.sethostname(asked.hostname)
    for kind, place in places.items():
        pin(f"/proc/self/ns/{kind}", place)
