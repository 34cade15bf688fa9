"""The stand-in: obeys a container's restart policy while no engine runs. A program of its own, standard library only.

    python3 -I -S restarter.py RESTART_FILE PRESENCE

conmon runs it when the container has ended, inside the engine's namespaces. If an engine holds the store, that one acts
and this ends at once. Otherwise: wait as the back-off says, look again, start conmon and the container anew, note it in
the file. The new conmon will call this again at its own end.

A container is started in its own control groups or not at all: outside of them it would have no limits, and no engine
would find its processes. Where they cannot be entered, it waits for the next engine.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import time

TYPE_CHECKING = False  # the typing module itself would cost a third of the start
if TYPE_CHECKING:
    from typing import Any

FIRST_DELAY = 0.1
LONGEST_DELAY = 60.0
GOOD_RUN_SECONDS = 10.0
MAY_RESTART = ("always", "unless-stopped", "on-failure")
_FLOCK = "hhqqi4x"


def engine_runs(lock_path: str) -> bool:
    """Ask the kernel who holds this lock of an engine that is here, without taking it."""
    try:
        fd = os.open(lock_path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, question)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
    finally:
        os.close(fd)


def must_restart(document: dict[str, Any], code: int) -> bool:
    if document["policy"] == "on-failure":
        return code != 0 and not 0 < document["maximum"] <= document["failures"]
    return document["policy"] in ("always", "unless-stopped")


def delay(failures: int) -> float:
    return min(FIRST_DELAY * float(1 << min(failures, 20)), LONGEST_DELAY)


def read(path: str) -> dict[str, Any]:
    with open(path) as file:
        document: dict[str, Any] = json.load(file)
        return document


def write(path: str, document: dict[str, Any]) -> None:
    partial = path + ".standin"
    with open(partial, "w") as file:
        json.dump(document, file)
    os.replace(partial, path)


def enter(directories: list[str]) -> None:
    for directory in directories:
        with open(directory + "/cgroup.procs", "w") as file:
            file.write("0")


def leave(directories: list[str], pid: int = 0) -> None:
    """For the groups of those that look after containers. Who cannot get there is counted with its container."""
    for directory in directories:
        with contextlib.suppress(OSError), open(directory + "/cgroup.procs", "w") as file:
            file.write(str(pid))


def start_conmon(document: dict[str, Any]) -> int:
    """Start conmon where we are, in the container's groups; gives its pid once the container exists, 0 when not."""
    for name in ("pid", "conmon.pid", "ctl", "attach", "winsz"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(document["bundle"], name))
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(write_end, 3, inheritable=True)
        quiet = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(quiet, number)
        os.chdir(document["bundle"])
        os.execve(document["conmon"][0], document["conmon"], document["environment"] | {"_OCI_SYNCPIPE": "3"})
    os.close(write_end)
    with open(os.path.join(document["bundle"], "conmon.pid"), "w") as file:
        file.write(str(pid))
    data = b""
    while b"\n" not in data and (piece := os.read(read_end, 65536)):
        data += piece
    with contextlib.suppress(ValueError, AttributeError):
        answer = json.loads(data)
        if int(answer.get("pid", answer.get("data", -1))) > 0:
            leave(document["supervisors"], pid)
            return pid
    return 0


def restart(path: str, document: dict[str, Any]) -> None:
    log_path = os.path.join(document["bundle"], "restart.log")
    try:
        enter(document["cgroups"])
    except OSError as error:
        leave(document["supervisors"])
        with open(log_path, "a") as log:
            log.write(f"not restarted: its control groups cannot be entered: {error}\n")
        return
    shutil.rmtree(document["state"], ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(document["exit_file"])
    ran = time.time() - document["started"]
    document["failures"] = 1 if ran >= GOOD_RUN_SECONDS else document["failures"] + 1
    document["restarts"] += 1
    document["started"] = time.time()
    # Noted before it happens: whoever reads it in between finds a run that is not there, and starts it.
    write(path, document)
    with open(log_path, "a") as log:
        started = start_conmon(document)
        leave(document["supervisors"])
        if started:
            subprocess.run(
                document["start"], env=document["environment"], stdin=subprocess.DEVNULL, stderr=log, check=False
            )


def main(path: str, lock_path: str) -> None:
    if engine_runs(lock_path):
        return
    document = read(path)
    with open(document["exit_file"]) as file:
        code = int(file.read().strip() or "0")
    if not must_restart(document, code):
        return
    ran = time.time() - document["started"]
    time.sleep(delay(0 if ran >= GOOD_RUN_SECONDS else document["failures"]))
    with open(path.removesuffix(".json") + ".lock", "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # An engine that came meanwhile waits for this lock before it judges; one that is there already, acts itself.
        if not engine_runs(lock_path) and os.path.exists(path) and os.path.exists(document["exit_file"]):
            restart(path, read(path))


if __name__ == "__main__":
    with contextlib.suppress(FileNotFoundError):
        main(*sys.argv[1:3])
