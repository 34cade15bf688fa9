"""A git repository served on loopback by git's own protocol."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.processes import answers, free_port, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """Change files in `work`, then `publish`."""

    address: str
    work: Path
    served: Path

    def publish(self) -> None:
        _git(self.work, "add", "-A")
        _git(self.work, "commit", "-q", "-m", "more")
        _git(self.work, "push", "-q", str(self.served), "main")


@contextmanager
def serve_repository(directory: Path, files: dict[str, str]) -> Iterator[Repository]:
    """One with these files on its branch main."""
    work, served = directory / "work", directory / "served.git"
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    port = free_port()
    made = Repository(f"git://127.0.0.1:{port}/served.git", work, served)
    _git(work, "init", "-q", "-b", "main")
    _git(work, "init", "-q", "--bare", "-b", "main", str(served))
    made.publish()
    daemon = ["git", "daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={directory}"]
    with running(daemon, log=directory / "daemon.log"):
        wait_until(lambda: answers(port), "git to listen")
        yield made


def _git(work: Path, *words: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(work.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *who, *words], cwd=work, env=environment, check=True, capture_output=True)
