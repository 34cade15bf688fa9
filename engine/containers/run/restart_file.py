"""What the program that stands in for an absent engine must know to restart a container. Removed when it must not.

conmon runs `restarter.py` when its container ends. With an engine alive that does nothing; with none it obeys the
policy from this file, inside the namespaces that the container's own supervisor keeps alive.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from engine.containers.restarter import MAY_RESTART
from engine.containers.run.conmon_call import conmon_call, stand_in_link
from engine.processes.programs import runtime_environment

if TYPE_CHECKING:
    from pathlib import Path

    from engine.containers.known.record import Record
    from engine.containers.run.runtime import Runtime

_log = logging.getLogger(__name__)
_LOCK_SECONDS = 10.0


def restart_path(runtime: Runtime, container_id: str) -> Path:
    return runtime.paths.container_run(container_id) / "restart.json"


def write_restart_file(runtime: Runtime, record: Record, *, started: float = 0.0) -> None:
    """For this run, which begins now unless said; by rename, so that the reader never sees half of it."""
    policy = record.container.spec.restart
    path = restart_path(runtime, record.id)
    if policy.name not in MAY_RESTART:
        remove_restart_file(runtime, record.id)
        return
    with contextlib.suppress(FileExistsError):
        stand_in_link(runtime, record.id).symlink_to("/bin/sh")
    call = conmon_call(runtime, record)
    document = {
        "id": record.id,
        "policy": policy.name,
        "maximum": policy.maximum_retries,
        "failures": record.failures,
        "restarts": 0,
        "conmon": call.argv(),
        "environment": runtime_environment(),
        "bundle": str(call.bundle),
        "cgroups": [runtime.inside_view(each) for each in runtime.cgroup(record).join_directories()],
        "supervisors": [runtime.inside_view(each) for each in runtime.cgroups.supervisors().join_directories()],
        "exit_file": str(runtime.paths.exits / record.id),
        "state": str(runtime.paths.crun_root / record.id),
        "start": runtime.crun.start(record.id),
        "started": started or time.time(),
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document))
    os.replace(partial, path)
    let_stand_in_enter(runtime, record)


def let_stand_in_enter(runtime: Runtime, record: Record) -> None:
    """The container's groups and the supervisors', whose doors are the host root's where that started the engine. The
    limits stay his: inside, they can be neither set nor lifted."""
    group = runtime.cgroup(record)
    try:
        runtime.keeper.give(*group.doors(), *runtime.cgroups.supervisors().doors())
    except OSError as error:
        _log.warning("%s will not be restarted while no engine runs: %s", record.container.name, error)


def remove_restart_file(runtime: Runtime, container_id: str) -> None:
    restart_path(runtime, container_id).unlink(missing_ok=True)
    stand_in_link(runtime, container_id).unlink(missing_ok=True)


def settled_restarts(runtime: Runtime, container_id: str) -> dict[str, Any]:
    """What the stand-in did, once it is not in the middle of doing it. Blocks for a moment: call it in a thread."""
    path = restart_path(runtime, container_id)
    lock = path.with_suffix(".lock")
    if not path.exists():
        return {}
    with open(lock, "a") as handle:
        end = time.monotonic() + _LOCK_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.01)
        try:
            document: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError):
            return {}
        return document
