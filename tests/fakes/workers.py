"""The keeper's workers, without their processes: threads with descriptors and a mask of their own."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
import traceback
from typing import TYPE_CHECKING

from engine.sandbox.keeper import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from engine.sandbox.keeper.requests import Reply, Request

_CLONE_FS, _CLONE_FILES = 0x200, 0x400
_MOST = 8


def done_by_worker(work: Callable[[Any, Request], Reply | None], asked: Any, request: Request) -> Reply | None:
    """What it leaves open ends with it, and only what it replies with comes here, as it is with a child process: the
    keeper's functions rely on that."""
    ours, theirs = socket.socketpair()
    replies: list[Reply | None] = []
    failures: list[BaseException] = []

    def run() -> None:
        kernel.unshare(_CLONE_FILES | _CLONE_FS)
        _close_other_ends(request.fds)
        try:
            reply = work(asked, request)
            if reply is not None and reply.fds:
                socket.send_fds(theirs, [b"1"], list(reply.fds))
            replies.append(reply)
        except BaseException as error:  # it is raised again where it was asked
            # What their frames hold open is closed here, where its number means it.
            traceback.clear_frames(error.__traceback__)
            failures.append(error)

    with ours, theirs:
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()
        if failures:
            raise failures[0]
        (reply,) = replies
        return reply and reply._replace(fds=socket.recv_fds(ours, 1, _MOST)[1] if reply.fds else ())


def _close_other_ends(fds: Sequence[int]) -> None:
    """A pipe ends for who reads it when all have closed it, and those who write to it are elsewhere."""
    for name in os.listdir("/proc/thread-self/fd"):
        with contextlib.suppress(OSError):  # that of the list itself
            if int(name) not in {0, 1, 2, *fds} and stat.S_ISFIFO(os.fstat(int(name)).st_mode):
                os.close(int(name))
