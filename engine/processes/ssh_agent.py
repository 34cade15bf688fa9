"""An ssh agent for a moment, with keys of files: for a build that is given keys and no agent. Standard library."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SECONDS = 10.0


class NoAgent(Exception):
    """Why there is none."""


@contextmanager
def agent_of(keys: Sequence[str]) -> Iterator[str]:
    """The socket of an agent that holds these keys and ends with this. A passphrase is asked for on the terminal."""
    if not (shutil.which("ssh-agent") and shutil.which("ssh-add")):
        raise NoAgent("ssh-agent and ssh-add are not installed: install openssh-client")
    with tempfile.TemporaryDirectory(prefix="wherry-agent-") as place:
        socket = os.path.join(place, "socket")
        process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it tells its socket once that is there
            for key in keys:
                _add(socket, key)
            yield socket
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS)
            assert process.stdout is not None
            process.stdout.close()


def _add(socket: str, key: str) -> None:
    environment = {**os.environ, "SSH_AUTH_SOCK": socket}
    done = subprocess.run(["ssh-add", "-q", "--", key], env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise NoAgent(f"{key} cannot be used as a key: {lines[-1].strip() if lines else 'ssh-add refused it'}")
