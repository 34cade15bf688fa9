"""What a person reads of each machine, and what was asked of it, to the letter: commands there are pasted with sudo.

`told.txt` is written anew by `python -m tests.unit.host.test_told`; look at what changed in it.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.host import doctor
from engine.host.checks import cgroups, filesystems, names
from engine.host.machine import ProcessCounts, Space
from engine.processes.ask import Answer
from tests.unit.host.machine import FakeMachine
from tests.unit.host.test_checks import BROKEN, PATHS, both, change, without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_KEPT = Path(__file__).with_name("told.txt")
RESOLVER = "/etc/resolv.conf"
_ASKED_WITH = {"user-namespaces": "--mount", "names": names._ASK}
"""By a word that stands in what a check runs."""
FULL = ProcessCounts(
    processes=900, inotify_instances=110, inotify_watches=9000, user_namespaces=60, network_namespaces=70, mounts=95000
)
GROUP = "/sys/fs/cgroup/user.slice/user-1000.slice"
LIMITS = "Limit                     Soft Limit           Hard Limit           Units\n"


def resolved(text: str, host: str, container: str) -> Callable[[FakeMachine], None]:
    """A machine whose resolvers answer it, and a container on it, so."""
    return change(
        files={RESOLVER: text},
        answers={Path(names._INTERPRETER).name: Answer(0, host, ""), "pasta": Answer(0, container, "")},
    )


def own(path: str, owner: int) -> Callable[[FakeMachine], None]:
    return change(owners={path: owner})


def as_root(machine: FakeMachine) -> None:
    machine.user_id = 0


BOUNDS = {
    "/proc/42/limits": LIMITS + "Max open files            1024                 4096                 files\n",
    "/proc/self/limits": LIMITS + "Max open files            1024                 524288               files\n",
    "/proc/sys/kernel/keys/maxkeys": "200\n",
    "/proc/key-users": " 0:   140 139/139 130/1000000 2500/25000000\n 1000:    15 15/15 13/200 300/20000\n",
    "/proc/sys/fs/inotify/max_user_instances": "128\n",
    "/proc/sys/fs/inotify/max_user_watches": "10000\n",
    "/proc/sys/user/max_user_namespaces": "63000\n",
    "/proc/sys/user/max_net_namespaces": "80\n",
    "/proc/sys/fs/mount-max": "100000\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t32777\n",
    "/proc/net/tcp": "head\n"
    + "".join(
        f"{at}: 00000000:{port:04X} 0:0 0A 0:0 0:0 0 0 0 {at} 1\n" for at, port in enumerate((32767, 32768, 32777))
    ),
    "/proc/net/tcp6": "head\n0: "
    + "0" * 32
    + ":8009 0:0 0A 0:0 0:0 0 0 0 5 1\n1: "
    + "0" * 32
    + ":8000 0:0 01 0:0 0:0 0 0 0 6 1\n",
    f"{GROUP}/user@1000.service/pids.max": "max\n",
    f"{GROUP}/pids.max": "1000\n",
}

MORE: dict[str, tuple[str, Callable[[FakeMachine], None]]] = {
    "all is well": ("user-namespaces", lambda machine: None),
    "no /mnt": ("user-namespaces", without("present", "/mnt")),
    "ids of its own": ("subordinate-ids", lambda machine: None),
    "ids by number": ("subordinate-ids", change(files={"/etc/subuid": "1000:100000:65536\n"})),
    "ids in two pieces": (
        "subordinate-ids", change(files={"/etc/subuid": "# by hand\n\nalice:100000:60000\nalice:200000:5536\n"}),
    ),
    "root of a machine": (
        "subordinate-ids", both(as_root, change(files={"/proc/self/uid_map": "0 0 4294967295\n", "/etc/subuid": ""})),
    ),
    "root of a container": (
        "subordinate-ids", both(as_root, change(files={"/proc/self/uid_map": "0 1000 1\n", "/etc/subuid": ""})),
    ),
    "ids past the last": ("subordinate-ids", change(files={"/etc/subuid": "alice:4294901760:65536\n"})),
    "ids up to the last": ("subordinate-ids", change(files={"/etc/subuid": "alice:4294901759:65536\n"})),
    "six lines that say nothing": ("subordinate-ids", change(files={"/etc/subgid": "x\n" * 6 + "alice:1:0\n"})),
    "the tools that hand out ids": ("id-mapping-tools", lambda machine: None),
    "the tools, for root": ("id-mapping-tools", both(as_root, change(modes={"/usr/bin/newuidmap": 0o100755}))),
    "a tool of somebody's own": ("id-mapping-tools", own("/usr/bin/newgidmap", 1000)),
    "tools on Arch": (
        "id-mapping-tools",
        both(without("programs", "newuidmap"), change(files={"/etc/os-release": "ID=arch\nPRETTY_NAME=Arch\n"})),
    ),
    "an overlay that works": ("overlay", lambda machine: None),
    "fuse": ("fuse", lambda machine: None),
    "groups of version 2": ("cgroups", lambda machine: None),
    "crun": ("crun", lambda machine: None),
    "a crun that says nothing": ("crun", change(versions={"crun": ""})),
    "the oldest crun": ("crun", change(versions={"crun": "crun version 1.4"})),
    "conmon": ("conmon", lambda machine: None),
    "an init": ("init", lambda machine: None),
    "pasta": ("pasta", lambda machine: None),
    "no resolver at all": ("names", resolved("search lan\n", "", "")),
    "no pasta to ask through": (
        "names", both(resolved("nameserver 192.0.2.1\n", "x", "x"), without("programs", "pasta")),
    ),
    "nobody answers the machine": ("names", resolved("nameserver 192.0.2.1\n", "\n", "")),
    "names for a container": (
        "names", resolved("nameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.1\n", "192.0.2.2\n"),
    ),
    "names through pasta": ("names", resolved("nameserver 127.0.0.53\n", "127.0.0.53\n", "169.254.1.1\n")),
    "names for root": ("names", both(as_root, resolved("nameserver 192.0.2.1\n", "192.0.2.1\n", "192.0.2.1\n"))),
    "no names for a container": (
        "names", resolved("nameserver 127.0.0.53\nnameserver 192.0.2.1\n", "127.0.0.53\n", ""),
    ),
    "a packet filter": ("packet-filter", change(answers={"unshare": Answer(0, "there\n", "")})),
    "no packet filter": ("packet-filter", change(answers={"unshare": Answer(0, "refused: no\n", "")})),
    "a packet filter nobody could ask for": ("packet-filter", lambda machine: None),
    "ports from 1024": ("unprivileged-ports", lambda machine: None),
    "ports from 80": ("unprivileged-ports", change(files={"/proc/sys/net/ipv4/ip_unprivileged_port_start": "80\n"})),
    "ports from 81": ("unprivileged-ports", change(files={"/proc/sys/net/ipv4/ip_unprivileged_port_start": "81\n"})),
    "a run-time directory": ("runtime-directory", lambda machine: None),
    "no session for root": ("runtime-directory", both(as_root, lambda machine: machine.variables.clear())),
    "no session": ("runtime-directory", lambda machine: machine.variables.clear()),
    "a stranger on the way": ("runtime-directory", change(strangers={str(PATHS.run): "bob may write there"})),
    "lingering": ("linger", lambda machine: None),
    "no lingering": ("linger", without("present", "/var/lib/systemd/linger/alice")),
    "no lingering for root": ("linger", both(as_root, without("present", "/var/lib/systemd/linger/alice"))),
    "no systemd": (
        "linger", both(without("present", "/var/lib/systemd/linger/alice"), without("present", "/run/systemd/system")),
    ),
    "a window": ("window", lambda machine: None),
    "a window on Wayland": ("window", change(variables={"WAYLAND_DISPLAY": "wayland-0"})),
    "no display": ("window", lambda machine: machine.variables.clear()),
    "no libraries for a window": ("window", change(absent_libraries={"libEGL.so.1", "libxcb-image.so.0"})),
    "much room": ("free-space", lambda machine: None),
    **{
        f"{free} bytes free": ("free-space", change(free=Space(free, 8 << 30, inodes, 100_000)))
        for free, inodes in (
            (5 << 30, 20_000), ((5 << 30) - 1, 20_000), (1 << 28, 20_000), ((1 << 28) - 1, 20_000), (1 << 30, 19_999),
            (6 << 30, 19_999), ((1 << 30) - 1, 100_000),
        )
    },
    "a file system without inodes": ("free-space", change(free=Space(6 << 30, 8 << 30, 0, 0))),
    "a store to be made": ("store", lambda machine: None),
    "a store": ("store", change(present={str(PATHS.root)})),
    "a store that is open": ("store", change(present={str(PATHS.root)}, holder=4711)),
    "a store that somebody has open": ("store", change(present={str(PATHS.root)}, holder=-1)),
    "a store on a disk that is read-only": (
        "store", change(present={str(PATHS.root)}, denied={str(PATHS.root)}),
    ),
    "a store of root's where nobody may write": (
        "store", change(present={str(PATHS.root)}, denied={str(PATHS.root)}, owners={str(PATHS.root): 0}),
    ),
    "no store where nobody may write": ("store", change(denied={"/home/alice"}, owners={"/home/alice": 0})),
    "a closed store": ("store-closed", change(modes={str(PATHS.root): 0o40700, str(PATHS.run): 0o40700})),
    "a store for a group": ("store-closed", change(modes={str(PATHS.root): 0o40710})),
    "root's store for a group": ("store-closed", both(as_root, change(modes={str(PATHS.root): 0o40710}))),
    "root's store for all": ("store-closed", both(as_root, change(modes={str(PATHS.root): 0o40711}))),
    "files that others may read": (
        "store-closed", change(modes={str(PATHS.private_files[0]): 0o100604, str(PATHS.run): 0o40701}),
    ),
    "contents nobody read yet": ("contents", lambda machine: None),
    "contents that were read": ("contents", change(files={str(PATHS.scrub_record): '{"finished": 1700000000.0}'})),
    "bounds": ("kernel-bounds", change(files=BOUNDS)),
    "bounds that are near": ("kernel-bounds", change(files=BOUNDS, counts=FULL, holder=42, open_files=3277)),
    "bounds of a kernel that tells little": (
        "kernel-bounds",
        change(
            files={
                "/proc/sys/fs/mount-max": "many\n",
                "/proc/sys/net/ipv4/ip_local_port_range": "1 2 3\n",
                "/proc/key-users": "rubbish\n1000: 1 2\n",
                "/proc/sys/kernel/keys/maxkeys": "10\n",
                "/proc/self/cgroup": "1:name=systemd:/x\n0::/\n4:pids:/a/b\n",
                "/sys/fs/cgroup/pids/a/pids.max": "7\n",
                "/proc/self/limits": LIMITS + "Max open files  unlimited  unlimited  files\n",
            },
        ),
    ),
}  # fmt: skip


def machines() -> Iterator[tuple[str, str, Callable[[FakeMachine], None]]]:
    for case, (name, broken, *_) in BROKEN.items():
        yield case, name, broken
    for case, (name, broken) in MORE.items():
        yield case, name, broken


def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for case, name, broken in machines():
        machine = FakeMachine()
        read = partial(_controllers, machine)
        monkeypatch.setattr(cgroups, "read_controllers", lambda _path, read=read: read("C"))
        monkeypatch.setattr(cgroups.subtree, "prospect", lambda *_, read=read: read("PROSPECT"))
        monkeypatch.setattr(filesystems, "_try_overlay", lambda found, _place: found.variables.get("OVERLAY", ""))
        broken(machine)
        [line] = [each for each in doctor.examine(machine, PATHS).checks if each.name == name]
        yield f"# {case}\n{line.name} ({line.title}): {line.verdict.value}\n"
        yield from (
            f"{sign} {text}\n" for sign, text in zip(".?>", (line.found, line.matters, line.fix), strict=False) if text
        )
        asked = [each for each in machine.asked if _ASKED_WITH.get(name) in each[0]]
        yield from (f"$ {_shown(argv)} ({seconds:g} s)\n" for argv, seconds in asked)
        yield "\n"


def _controllers(machine: FakeMachine, name: str) -> frozenset[str]:
    return frozenset(machine.variables.get(name, "cpu memory pids").split())


def _shown(argv: Sequence[str]) -> str:
    places = {names._INTERPRETER: "PYTHON", names._ASK: "PROGRAM"}
    return " ".join(places.get(word, word) for word in argv)


def test_what_a_person_reads_of_each_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "".join(told(monkeypatch)) == _KEPT.read_text()


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patched:
        _KEPT.write_text("".join(told(patched)))
    sys.stdout.write(f"{_KEPT}\n")
