"""What the machine shows of containers: processes, exit codes, groups, namespaces. These reads block."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.containers.run.restart_file import settled_restarts
from engine.containers.watch.judging import Found
from engine.networks.way_out.attachment import read_pid
from engine.types.containers import ALIVE_STATES, State

if TYPE_CHECKING:
    from engine.containers.known.record import Record
    from engine.containers.run.runtime import Runtime
    from engine.containers.watch.exit_watch import ExitWatch

ID_LENGTH = 64


class Shown(NamedTuple):
    """Everything at one glance: names of containers, of which the runtime, the groups and the network know."""

    exits: frozenset[str]
    runtimes: frozenset[str]
    networks: frozenset[str]
    groups: frozenset[str]
    """Shortened, as groups are named."""


class Traces:
    """Looks at the machine and tells what is to be seen; what follows from it is `judging`'s."""

    def __init__(self, runtime: Runtime, watch: ExitWatch) -> None:
        self._runtime = runtime
        self._watch = watch

    def glance(self, *, thorough: bool) -> Shown:
        """`thorough` also looks for groups, of which there are a dozen for a container on some machines."""
        paths = self._runtime.paths
        owners = (paths.netns_owner(name) for name in names_in(paths.network_namespaces))
        return Shown(
            exits=frozenset(names_in(paths.exits)),
            runtimes=frozenset(ids_in(paths.crun_root)),
            networks=frozenset(owner for owner in owners if owner),
            groups=frozenset(self._runtime.cgroups.present() if thorough else ()),
        )

    def look_at(self, record: Record, *, absent: bool = False) -> Found:
        """`absent` when no engine was there before: the stand-in may have acted, and be in the middle of it."""
        document = settled_restarts(self._runtime, record.id) if absent else {}
        paths = self._runtime.paths
        run = paths.container_run(record.id)
        conmon_pid = read_pid(run / "conmon.pid")
        alive = conmon_pid > 0 and is_conmon_of(conmon_pid, record.id)
        group = self._runtime.cgroup(record)
        if alive and absent and conmon_pid in group.processes():
            # The engine that started it died before it could see to that.
            self._runtime.cgroups.supervise(conmon_pid)
        known = (paths.crun_root / record.id).exists()
        return Found(
            # A process that is gone while its conmon is there has left a code, which conmon is about to write down.
            pid=read_pid(run / "pid") if alive else 0,
            conmon_pid=conmon_pid if alive else 0,
            exit_code=self._watch.exit_code(record.id),
            restarts=int(document.get("restarts", 0)),
            failures=int(document.get("failures", record.failures)),
            started=float(document.get("started", 0.0)),
            half_made=(paths.crun_root / record.id / "exec.fifo").exists(),
            frozen=alive and group.is_frozen(),
            traces=known or group.exists() or paths.netns(record.id).exists(),
        )


def differs(record: Record, shown: Shown, *, absent: bool = False) -> bool:
    """Whether a row and a glance at the machine do not go together, so that a closer look is due. `absent` when no
    engine was there before: what lived may be another run by now."""
    state = record.container.state
    if state in ALIVE_STATES:
        return absent or record.id in shown.exits or not os.path.exists(f"/proc/{record.run.conmon_pid}")
    if state in (State.STARTING, State.RESTARTING, State.REMOVING):
        return True
    return record.id in shown.runtimes or record.id in shown.networks or record.id[:32] in shown.groups


def names_in(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def ids_in(directory: Path) -> set[str]:
    """Names in a directory that are container ids; others live there too and are not ours to judge."""
    return {name for name in names_in(directory) if len(name) == ID_LENGTH}


def is_conmon_of(pid: int, container_id: str) -> bool:
    try:
        return container_id.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
