"""How conmon is called for a container: the same for a start by the engine and for one by its stand-in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.logs.keeping.rotation import unattended_limit
from engine.processes.conmon import ConmonCall

if TYPE_CHECKING:
    from engine.containers.known.record import Record
    from engine.containers.run.runtime import Runtime
    from engine.types.containers import LogLimits

_RESTARTER = Path(__file__).parents[1] / "restarter.py"
# The shell looks whether there is anything to do, because most ends have nothing, and it starts ten times faster.
_LOOK_FIRST = '[ -e "$1" ] || exit 0; exec "$2" -I -S "$3" "$1" "$4"'


def conmon_call(runtime: Runtime, record: Record) -> ConmonCall:
    spec, paths = record.container.spec, runtime.paths
    bundle = paths.container_run(record.id)
    return ConmonCall(
        program=runtime.conmon,
        container_id=record.id,
        name=record.container.name,
        bundle=bundle,
        runtime=runtime.crun.program,
        runtime_options=runtime.crun.options,
        log=None if spec.log.driver == "none" else paths.log(record.id),
        exits=paths.exits,
        log_size_max=_log_size_max(runtime, spec.log),
        tty=spec.tty,
        stdin=spec.stdin_open,
        leave_stdin_open=spec.stdin_open and not spec.stdin_once,
        exit_command=(str(stand_in_link(runtime, record.id)), *stand_in_command(runtime, record.id)[1:]),
    )


def _log_size_max(runtime: Runtime, limits: LogLimits) -> int:
    defaults = runtime.log_defaults()
    most_bytes = limits.max_bytes or defaults.max_bytes
    return unattended_limit(most_bytes, limits.max_files or defaults.max_files) if most_bytes else 0


def stand_in_link(runtime: Runtime, container_id: str) -> Path:
    """A name of the shell that is only there while a policy may restart the container: most ends start no program."""
    return runtime.paths.container_run(container_id) / "sh"  # what the shell is called decides what it is


def stand_in_command(runtime: Runtime, container_id: str) -> tuple[str, ...]:
    """What conmon runs at the container's end."""
    restart_file = runtime.paths.container_run(container_id) / "restart.json"
    return (
        "/bin/sh", "-c", _LOOK_FIRST, "wherry-restart",
        str(restart_file), _interpreter(), str(_RESTARTER), str(runtime.paths.presence),
    )  # fmt: skip


def _interpreter() -> str:
    """The real interpreter: a virtual environment's link needs its environment, which -I leaves out."""
    return str(Path(sys.executable).resolve())
