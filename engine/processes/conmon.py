"""conmon's command line, and what it says over its synchronisation pipe."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SYNC_FD = 3
"""The descriptor conmon finds its end of the pipe on."""


@dataclass(frozen=True, kw_only=True)
class ConmonCall:
    """One conmon for one container."""

    program: str
    container_id: str
    name: str
    bundle: Path
    runtime: str
    runtime_options: Sequence[str]
    log: Path | None
    """None where what it says is not kept."""
    exits: Path
    log_size_max: int = 0
    """conmon throws its log away when it has written so many bytes, and begins anew; 0 is never."""
    tty: bool = False
    stdin: bool = False
    leave_stdin_open: bool = False
    exit_command: Sequence[str] = field(default=())

    @property
    def pid_file(self) -> Path:
        """conmon's own number; written by who starts it, because conmon started with --sync writes none."""
        return self.bundle / "conmon.pid"

    @property
    def container_pid_file(self) -> Path:
        return self.bundle / "pid"

    def argv(self) -> list[str]:
        argv = [
            self.program, "--api-version", "1", "--sync", "--full-attach",
            "--cid", self.container_id, "--cuuid", self.container_id, "--name", self.name,
            "--runtime", self.runtime, "--bundle", str(self.bundle),
            "--container-pidfile", str(self.container_pid_file),
            "--log-path", f"k8s-file:{self.log}" if self.log else "off", "--log-level", "error",
            "--exit-dir", str(self.exits), "--no-sync-log", "--no-new-keyring",
        ]  # fmt: skip
        argv += [f"--runtime-arg={option}" for option in self.runtime_options]
        argv += ["--log-size-max", str(self.log_size_max)] if self.log_size_max else []
        argv += ["--terminal"] if self.tty else []
        argv += ["--stdin"] if self.stdin else []
        argv += ["--leave-stdin-open"] if self.leave_stdin_open else []
        if self.exit_command:
            argv += ["--exit-command", self.exit_command[0]]
            argv += [f"--exit-command-arg={argument}" for argument in self.exit_command[1:]]
        return argv


@dataclass(frozen=True)
class Created:
    """conmon's answer: the container's first process, or why there is none."""

    pid: int
    message: str = ""

    @property
    def failed(self) -> bool:
        return self.pid <= 0


def parse_sync(data: bytes) -> Created:
    """One line of JSON. Nothing at all means conmon ended before it could say anything."""
    for line in data.decode(errors="replace").splitlines():
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict):
            pid = answer.get("pid", answer.get("data", -1))
            return Created(pid if isinstance(pid, int) else -1, str(answer.get("message", "")))
    return Created(-1, data.decode(errors="replace").strip())


def parse_exit_code(text: str) -> int | None:
    """An exit file's contents; None while it is still empty."""
    text = text.strip()
    return int(text) if text.removeprefix("-").isdecimal() and text.isascii() else None
