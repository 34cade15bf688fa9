"""Make the user and mount namespaces, or join those that a former keeper left behind.

A tiny process, the pin, keeps them alive between keepers. Whatever else runs in them (conmon, a service) does as well,
so if the pin was killed we join through any of those.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sandbox.keeper import devices, kernel, reaching

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.setup import Ranges, Setup


class SetupError(Exception):
    """The namespaces cannot be had; `stage` tells the engine which hint to give."""

    def __init__(self, stage: str, text: str, number: int = 0) -> None:
        super().__init__(text)
        self.stage = stage
        self.text = text
        self.number = number


@dataclass
class Namespaces:
    joined: bool
    pin: int
    """Its pid, a child of ours only if we started it."""
    user: int
    mount: int
    """Inode numbers: names that others can compare with /proc/PID/ns/*."""
    hybrid_cgroups: bool = False


def enter(setup: Setup) -> Namespaces:
    state = _read_state(setup.state)
    if state and (pid := _find_process(state)):
        _join(pid, host_root=setup.host_root)
        entered = Namespaces(
            joined=True, pin=pid, user=state["user"], mount=state["mount"], hybrid_cgroups=bool(state["hybrid_cgroups"])
        )
        _make_directories(setup)
        if pid != state["pin"]:
            renew_pin(setup, entered)
        return entered
    if setup.host_root:
        reaching.show(setup.reach)
        devices.show()
    _create_user_namespace(setup)
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_SLAVE)
    except OSError as error:
        raise SetupError(
            "mount-namespace", f"cannot make a mount namespace: {error.strerror}", error.errno or 0
        ) from None
    entered = Namespaces(joined=False, pin=0, user=_inode("self", "user"), mount=_inode("self", "mnt"))
    entered.hybrid_cgroups = _uncover_cgroup2(setup.cgroup_view)
    # What may fail comes before the pin: a keeper that cannot serve keeps nothing alive.
    _make_directories(setup)
    renew_pin(setup, entered)
    return entered


def _make_directories(setup: Setup) -> None:
    for path in setup.directories:
        os.makedirs(path, mode=0o700, exist_ok=True)
    with contextlib.suppress(OSError):
        kernel.scatter_children(setup.staging)


def renew_pin(setup: Setup, entered: Namespaces) -> None:
    """Start the process that keeps the namespaces, and write down how to find them again."""
    pin, stay = _start_pin()
    state = {
        "pin": pin,
        "user": entered.user,
        "mount": entered.mount,
        "hybrid_cgroups": entered.hybrid_cgroups,
    }
    try:
        fresh = setup.state + ".new"
        with open(fresh, "w") as file:
            json.dump(state, file)
        os.replace(fresh, setup.state)
        os.write(stay, b"1")
        entered.pin = pin
    finally:
        os.close(stay)


def release(setup: Setup, entered: Namespaces) -> None:
    """Let the namespaces go with us: nothing is mounted in them any more."""
    with contextlib.suppress(OSError):
        os.unlink(setup.state)
    if _matches(entered.pin, {"user": entered.user, "mount": entered.mount}):
        with contextlib.suppress(OSError):
            os.kill(entered.pin, signal.SIGKILL)


# --- joining ---


def _read_state(path: str) -> dict[str, int] | None:
    try:
        with open(path) as file:
            state = json.load(file)
        return {key: int(state[key]) for key in ("pin", "user", "mount", "hybrid_cgroups")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _inode(pid: int | str, kind: str) -> int:
    return os.stat(f"/proc/{pid}/ns/{kind}").st_ino


def _matches(pid: int, state: dict[str, int]) -> bool:
    try:
        return _inode(pid, "user") == state["user"] and _inode(pid, "mnt") == state["mount"]
    except OSError:
        return False


def _find_process(state: dict[str, int]) -> int:
    """A living process inside the namespaces: the pin, else anybody; 0 if there is none."""
    if _matches(state["pin"], state):
        return state["pin"]
    for name in os.listdir("/proc"):
        if name.isdigit() and _matches(int(name), state):
            return int(name)
    return 0


def _join(pid: int, *, host_root: bool) -> None:
    try:
        descriptors = [
            (os.open(f"/proc/{pid}/ns/user", os.O_RDONLY), kernel.CLONE_NEWUSER),
            (os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY), kernel.CLONE_NEWNS),
        ]
        for fd, kind in descriptors:
            kernel.setns(fd, kind)
            os.close(fd)
        _become_root(host_root=host_root)
    except OSError as error:
        raise SetupError(
            "join", f"cannot join the namespaces of process {pid}: {error.strerror}", error.errno or 0
        ) from None


def _become_root(*, host_root: bool) -> None:
    if host_root:
        # The host's root is not mapped: become the unprivileged id that is root here, and drop the host's groups.
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    os.chdir("/")


# --- making ---


def _create_user_namespace(setup: Setup) -> None:
    """Unshare, while a child that stays outside waits to write the maps."""
    go_read, go_write = os.pipe()
    words_read, words_write = os.pipe()
    keeper = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        _mapper(keeper, setup, go_read, go_write, words_write)
    os.close(go_read)
    os.close(words_write)
    failure: OSError | None = None
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        os.write(go_write, b"1")
    except OSError as error:
        failure = error
    os.close(go_write)
    with os.fdopen(words_read, "rb") as words:
        complaint = words.read(4096).decode(errors="replace").strip()
    os.waitpid(mapper, 0)
    if failure:
        raise SetupError("user-namespace", f"cannot make a user namespace: {failure.strerror}", failure.errno or 0)
    if complaint:
        raise SetupError("id-map", complaint)
    try:
        _become_root(host_root=setup.host_root)
    except OSError as error:
        raise SetupError(
            "id-map", f"cannot become root of the user namespace: {error.strerror}", error.errno or 0
        ) from None


def _mapper(keeper: int, setup: Setup, go_read: int, go_write: int, words: int) -> None:
    """In the child: silence is success. Ends the process."""
    try:
        os.close(go_write)
        if os.read(go_read, 1):
            for kind in ("gid", "uid"):
                _write_map(keeper, kind, getattr(setup, kind + "s"), host_root=setup.host_root)
    except BaseException as error:
        os.write(words, f"{error}".encode())
    os._exit(0)


def _write_map(keeper: int, kind: str, ranges: Ranges, *, host_root: bool) -> None:
    single = len(ranges) == 1 and ranges[0][2] == 1
    if not single and not host_root:
        numbers = [str(number) for each in ranges for number in each]
        _run_mapper(f"new{kind}map", [str(keeper), *numbers])
        return
    if single and kind == "gid":
        with open(f"/proc/{keeper}/setgroups", "w") as file:
            file.write("deny")
    with open(f"/proc/{keeper}/{kind}_map", "w") as file:
        file.write("".join(f"{inside} {outside} {count}\n" for inside, outside, count in ranges))


def _run_mapper(program: str, arguments: list[str]) -> None:
    out_read, out_write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(out_write, 2)
            os.execvp(program, [program, *arguments])
        except OSError as error:
            os.write(out_write, f"{program}: {error.strerror}".encode())
        os._exit(127)
    os.close(out_write)
    with os.fdopen(out_read, "rb") as output:
        said = output.read(4096).decode(errors="replace").strip()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        raise RuntimeError(said or f"{program} failed with status {status}")


def _uncover_cgroup2(view: str) -> bool:
    """On a machine with hybrid cgroups show crun the v2 tree where it looks for it, and keep the rest within reach."""
    root, unified = "/sys/fs/cgroup", "/sys/fs/cgroup/unified"
    if os.path.exists(f"{root}/cgroup.procs") or not os.path.exists(f"{unified}/cgroup.procs"):
        return False
    try:
        os.makedirs(view, mode=0o700, exist_ok=True)
        attach(kernel.open_tree(root, recursive=True), view)
        attach(kernel.open_tree(unified, recursive=False), root)
    except OSError as error:
        sys.stderr.write(f"cannot show cgroup v2 at {root}: {error}\n")
        return False
    return True


def attach(tree: int, target: str) -> None:
    try:
        kernel.move_mount(tree, target)
    finally:
        os.close(tree)


def _start_pin() -> tuple[int, int]:
    """Its pid, and where to write a byte once it can be found again: closed without one, or with us dead, it ends."""
    stay_read, stay_write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(stay_read)
        return pid, stay_write
    try:
        os.setsid()
        os.close(stay_write)
        if not os.read(stay_read, 1):
            os._exit(0)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, 1024)
        for name in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        # Smaller than an interpreter that sleeps.
        os.execv("/bin/sleep", ["sleep", "infinity"])
    except BaseException:
        while True:
            signal.pause()
