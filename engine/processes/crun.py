"""crun's command line, and its errors in Docker's terms."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Code, RuntimeFailure, Unsupported, WherryError
from engine.processes.programs import need_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NOT_FOUND = re.compile(r"(executable file .* not found|no such file or directory)", re.IGNORECASE)
_NOT_EXECUTABLE = re.compile(
    r"(permission denied|exec format error|is a directory|text file busy|not executable|not a regular file"
    r"|operation not permitted)",
    re.IGNORECASE,
)
_ABOUT_EXEC = re.compile(
    r"(executable file|open executable|exec[vl]|exec container process|stat `|exec format"
    r"|the path `[^`]*` (?:exists but it is not executable|is not a regular file))",
    re.IGNORECASE,
)

_IDMAP_REFUSED = re.compile(r"mount_setattr `([^`]+)`: (?:Operation not permitted|Invalid argument)")
_CLOSED = re.compile(r"`([^`]+)`: Permission denied")


@dataclass(frozen=True)
class Crun:
    """The OCI runtime with the options every call carries. The engine makes the control groups itself."""

    program: str
    root: Path

    @classmethod
    def find(cls, root: Path) -> Crun:
        return cls(need_program("crun"), root)

    @property
    def options(self) -> tuple[str, ...]:
        return ("--root", str(self.root), "--cgroup-manager=disabled")

    @property
    def command(self) -> tuple[str, ...]:
        return (self.program, *self.options)

    def start(self, container_id: str) -> list[str]:
        return [*self.command, "start", container_id]

    def let_go(self, container_id: str) -> bool:
        """What `start` does, without a program's start-up time; False where only `start` can say what is the matter.

        A container that crun created waits for one byte through a fifo beside crun's notes on it, and its being gone is
        how crun knows that the container runs. No reader means that the process died while it waited.
        """
        fifo = self.root / container_id / "exec.fifo"
        try:
            fd = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            with contextlib.suppress(OSError):
                os.unlink(fifo)
                return os.write(fd, b"\0") == 1
        finally:
            os.close(fd)
        return False

    def kill(self, container_id: str, signal: str) -> list[str]:
        return [*self.command, "kill", container_id, signal]

    def delete(self, container_id: str) -> list[str]:
        return [*self.command, "delete", "--force", container_id]

    def execute(self, container_id: str, process_file: Path) -> list[str]:
        return [*self.command, "exec", "--process", str(process_file), container_id]


def clean_message(text: str) -> str:
    """The last thing the runtime said, whether plain lines or the JSON log that conmon relays."""
    for line in reversed(text.strip().splitlines()):
        line = line.strip()
        if line.startswith("{"):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            line = str(record.get("msg", ""))
        if line:
            return re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+Z?: ?", "", line)
    return ""


def create_failure(message: str, command: str, sources: Mapping[str, str]) -> WherryError:
    """Why a container could not be made: what the kernel cannot grant, else as `start_failure`.

    `sources` are its mounts by their targets: crun names the one or, from 1.20 on, the other.
    """
    text = clean_message(message)
    if refused := _IDMAP_REFUSED.search(text):
        source = sources.get(refused[1], refused[1])
        return Unsupported(
            f"The owners of the files in {source} cannot be mapped",
            "The kernel lets an ordinary user do that on file systems mounted in a namespace of one's own only.",
            hint="Run the container with the user namespace keep-id: its user then is you. Or give the files away with "
            "the ownership “chown”.",
            details=text,
            subject=source,
        )
    if (closed := _CLOSED.search(text)) and (source := sources.get(closed[1], closed[1])) in sources.values():
        return RuntimeFailure(
            f"Containers may not enter {source}",
            "It, or a directory on the way to it, is closed to all but its owner, who is nobody inside.",
            code=Code.MOUNT_FAILED,
            hint="Open the way to it (`chmod o+x` for each directory), put it elsewhere, or use a volume.",
            details=text,
            subject=source,
        )
    return start_failure(message, command)


def start_failure(message: str, command: str) -> RuntimeFailure:
    """Why a container's command did not start, as Docker tells it: 127 not found, 126 not executable, 125 the rest."""
    text = clean_message(message)
    if _ABOUT_EXEC.search(text):
        if _NOT_FOUND.search(text):
            return RuntimeFailure(
                f"The command “{command}” is not in the image",
                "No such file is there, or the program that should interpret it is missing.",
                code=Code.COMMAND_NOT_FOUND,
                hint="Check the spelling of the command and its path inside the image.",
                details=text,
                subject=command,
                docker=f'exec: "{command}": executable file not found in $PATH',
                exit_code=127,
            )
        if _NOT_EXECUTABLE.search(text):
            return RuntimeFailure(
                f"The command “{command}” cannot be executed",
                _why_not_executable(text),
                code=Code.COMMAND_NOT_EXECUTABLE,
                hint="Check that it is a program for this machine and that its executable bit is set.",
                details=text,
                subject=command,
                docker=f'exec: "{command}": permission denied',
                exit_code=126,
            )
    if "chdir" in text or "working directory" in text or "cwd" in text:
        return RuntimeFailure(
            "The working directory cannot be entered", text, hint="Choose another working directory.", details=message
        )
    return RuntimeFailure("The container could not be started", text or "The runtime gave no reason.", details=message)


def _why_not_executable(text: str) -> str:
    lowered = text.lower()
    if "exec format" in lowered:
        return "It is not a program this machine can run (another architecture, or a script without its #! line)."
    if "is a directory" in lowered:
        return "It is a directory."
    if "not a regular file" in lowered:
        return "It is no file but a directory or a device."
    return "Permission is denied."
