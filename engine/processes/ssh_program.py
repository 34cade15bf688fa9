"""ssh as a connection: a socket of ours whose other end is its input and output. The standard library only."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_COMPLAINT = 8192
_BROKE_OFF = 255
"""ssh's own code; any other is the far command's."""


class SshProgram:
    """One connection. Closing its socket ends it; what it said on the way out tells why it never came about."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._said = os.memfd_create("ssh", os.MFD_CLOEXEC)
        self.socket, theirs = socket.socketpair()
        try:
            # A session of its own: Ctrl+C in a terminal is for the command, which closes the connection itself.
            self._process = subprocess.Popen(
                [*argv], stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=self._said, start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except OSError:
            self.socket.close()
            os.close(self._said)
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> bool:
        """Also takes its end note, so that nothing of it is left in the kernel's table."""
        return self._process.poll() is not None

    def was_cut(self, seconds: float) -> bool:
        """Whether it did not end of itself: killed, or its line broke off. Waits so long for its end."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return code < 0 or code == _BROKE_OFF

    def complaint(self, seconds: float = 2.0) -> str:
        """What it said, once it has ended or that time is over."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return ""
        return os.pread(self._said, _MOST_COMPLAINT, 0).decode(errors="replace")

    def close(self) -> None:
        """Let go of everything; blocks no longer than it takes to end a process."""
        self.socket.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._said >= 0:
            os.close(self._said)
            self._said = -1


def tell(argv: Sequence[str], seconds: float = 5.0) -> int:
    """An order to a kept connection; its exit code, 124 where it does not answer, 127 without ssh."""
    try:
        return subprocess.run(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=seconds, check=False,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124
    except OSError:
        return 127
