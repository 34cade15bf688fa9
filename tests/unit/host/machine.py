"""A machine made of dictionaries: by default one on which everything is well, then broken as a test asks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.host.machine import Distribution, Machine, ProcessCounts, Space
from engine.processes.ask import NOT_THERE, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOUNTINFO = """\
25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw
36 25 0:40 / /home rw,relatime shared:20 - btrfs /dev/sdb rw
"""

VERSIONS = {
    "crun": "crun version 1.14.1\ncommit: abc\n+SYSTEMD +SECCOMP\n",
    "conmon": "conmon version 2.1.10\ncommit: unknown\n",
    "pasta": "pasta 0.0~git20240220.1e6f92b-1\nCopyright Red Hat\nhttps://www.gnu.org/licenses/old-licenses/gpl-2.0.html\n",
    "slirp4netns": "slirp4netns version 1.2.1\ncommit: abc\n",
    "fuse-overlayfs": "fusermount3 version: 3.14.0\nfuse-overlayfs: version 1.13-dev\nFUSE library version 3.14.0\n",
    "catatonit": "tini version 0.1.7_catatonit\n",
    "ip": "ip utility, iproute2-6.1.0, libbpf 1.1.0\n",
}

GiB = 1 << 30


class FakeMachine(Machine):
    def __init__(self) -> None:
        self.files = {
            "/etc/subuid": "alice:100000:65536\n",
            "/etc/subgid": "alice:100000:65536\n",
            "/etc/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
            "/proc/self/mountinfo": MOUNTINFO,
            "/proc/self/cgroup": "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n",
            "/proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
        }
        self.present = {
            "/", "/mnt", "/home/alice", "/dev/fuse", "/dev/net/tun", "/proc/self/ns/user", "/run/user/1000",
            "/run/systemd/system", "/var/lib/systemd/linger/alice",
            "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service",
        }  # fmt: skip
        self.denied: set[str] = set()
        self.programs = {*VERSIONS, "newuidmap", "newgidmap", "unshare"}
        self.modes = {f"/usr/bin/{tool}": 0o104755 for tool in ("newuidmap", "newgidmap")}
        self.owners = {f"/usr/bin/{tool}": 0 for tool in ("newuidmap", "newgidmap")}
        self.answers: dict[str, Answer] = {"unshare": Answer(0, "", "")}
        self.versions = dict(VERSIONS)
        self.free = Space(100 * GiB, 200 * GiB, 1_000_000, 2_000_000)
        self.variables = {"XDG_RUNTIME_DIR": "/run/user/1000", "DISPLAY": ":0"}
        self.absent_libraries: set[str] = set()
        self.strangers: dict[str, str] = {}
        self.counts = ProcessCounts(processes=40, inotify_instances=3, inotify_watches=50, user_namespaces=2)
        self.holder = 0
        self.open_files = 0
        """Of whatever process is asked about."""
        self.user_id = 1000
        self.asked: list[tuple[tuple[str, ...], float]] = []
        """What was run, and how long its answer was waited for."""

    @property
    def uid(self) -> int:
        return self.user_id

    @property
    def user(self) -> str:  # type: ignore[override]
        return "alice"

    @property
    def group(self) -> str:  # type: ignore[override]
        return "alice"

    @property
    def environment(self) -> Mapping[str, str]:
        return self.variables

    @property
    def distribution(self) -> Distribution:  # type: ignore[override]
        return Machine.distribution.func(self)

    def read(self, path: str | Path) -> str | None:
        return self.files.get(str(path))

    def exists(self, path: str | Path) -> bool:
        return str(path) in self.present or str(path) in self.files

    def may(self, path: str | Path, mode: int) -> bool:
        return self.exists(path) and str(path) not in self.denied

    def opens(self, device: str) -> bool:
        return self.may(device, os.R_OK | os.W_OK)

    def mode(self, path: str | Path) -> int | None:
        return self.modes.get(str(path))

    def owner(self, path: str | Path) -> int | None:
        return self.owners.get(str(path), self.uid)

    def stranger_on_the_way(self, path: str | Path) -> str:
        return self.strangers.get(str(path), "")

    def names(self, directory: str | Path) -> list[str]:
        return [str(number) for number in range(self.open_files)]

    def process_counts(self) -> ProcessCounts:
        return self.counts

    def has_file_capabilities(self, path: str | Path) -> bool:
        return False

    def space(self, path: str | Path) -> Space | None:
        return self.free

    def store_holder(self, lock: Path) -> int:
        return self.holder

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.programs else None

    def ask(self, argv: Sequence[str], timeout: float = 10.0) -> Answer:
        self.asked.append((tuple(argv), timeout))
        name = os.path.basename(argv[0])
        if "--version" in argv:
            return Answer(0, self.versions.get(name, ""), "")
        return self.answers.get(name, NOT_THERE)

    def has_library(self, name: str) -> bool:
        return name not in self.absent_libraries
