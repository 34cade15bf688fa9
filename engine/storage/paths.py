"""Every path of a store and of its run directory, in one place; nobody else joins names.

The root holds what must survive a reboot, the run directory what must not. What is below `layers`, `containers`,
`volumes`, `builds` and `trash` belongs to ids of the user namespace and is made, changed and removed by the keeper.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from engine import whereabouts


def hex_of(digest: str) -> str:
    """The hexadecimal half of "sha256:…"; refuses anything that could walk out of a directory."""
    algorithm, _, value = digest.partition(":")
    if algorithm not in ("sha256", "sha512") or not value or set(value) - set("0123456789abcdef"):
        raise ValueError(f"not a digest: {digest!r}")
    return value


_ROOTS_RUNTIME = "/run/user/1879048192"
"""As if root's containers were a user of their own. /run/user/0 is closed to them, and goes when root logs out."""


@dataclass(frozen=True)
class Paths:
    root: Path
    run: Path

    @classmethod
    def default(cls) -> Paths:
        """As `engine.whereabouts` finds them; a run directory is made where there is no place for one."""
        return cls(Path(whereabouts.store_directory()), Path(whereabouts.run_directory(make=True)))

    # --- one file each ---

    @property
    def database(self) -> Path:
        return self.root / "state.sqlite"

    @property
    def private_files(self) -> tuple[Path, ...]:
        """Those that hold passwords."""
        beside = (self.database.with_name(f"{self.database.name}{end}") for end in ("", "-wal", "-shm"))
        return (*beside, self.logins)

    @property
    def logins(self) -> Path:
        return self.root / "logins.json"

    @property
    def scrub_record(self) -> Path:
        """How far the store was read through, and what was found."""
        return self.root / "scrub.json"

    @property
    def gallery(self) -> Path:
        """Where templates come from besides the program's own, and what was fetched of them."""
        return self.root / "gallery"

    @property
    def moves_under_way(self) -> Path:
        """Moves and copies that are not through."""
        return self.root / "moves-under-way.json"

    @property
    def clusters(self) -> Path:
        """How objects of Kubernetes clusters were before they were changed from here."""
        return self.root / "clusters"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def presence(self) -> Path:
        """Locked while an engine is here, for the stand-ins of containers, who may read it. No engine asks it."""
        return self.root / "presence"

    @property
    def reserve(self) -> Path:
        """Room kept back for deletions."""
        return self.root / "reserve"

    @property
    def id_map(self) -> Path:
        """Which ids the trees of this store were written with."""
        return self.root / "ids.json"

    @property
    def registries(self) -> Path:
        """How registries are reached, and the proxies: the user may edit it."""
        return self.root / "registries.toml"

    @property
    def door(self) -> Path:
        """The authority of the front door's certificates; made when somebody asks for TLS."""
        return self.root / "door"

    @property
    def driver_choice(self) -> Path:
        """What the probe of the first start found."""
        return self.root / "driver.json"

    @property
    def socket(self) -> Path:
        """The Docker API."""
        return self.run / "docker.sock"

    @property
    def window_lock(self) -> Path:
        """Held by the process whose window shows this store. Several stores may share a run directory."""
        return self.run / f"window-{self._store_id}.lock"

    @property
    def window_door(self) -> Path:
        """Where a second start asks that window to come to the front."""
        return self.run / f"window-{self._store_id}.sock"

    @property
    def _store_id(self) -> str:
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    @property
    def namespaces(self) -> Path:
        """Which process pins the user and mount namespaces."""
        return self.inside / "namespaces.json"

    @property
    def former_namespaces(self) -> Path:
        """Where that was when the whole run directory was the namespace's."""
        return self.run / "namespaces.json"

    @property
    def keeper_log(self) -> Path:
        return self.run / "keeper.log"

    # --- contents by digest ---

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    def blob(self, digest: str) -> Path:
        return self.blobs / digest.partition(":")[0] / hex_of(digest)

    @property
    def partial_blobs(self) -> Path:
        return self.root / "blobs" / "partial"

    def partial_blob(self, digest: str) -> Path:
        return self.partial_blobs / hex_of(digest)

    # --- layers ---

    @property
    def layers(self) -> Path:
        return self.root / "layers"

    def layer(self, diff_id: str) -> Path:
        """The directory of one layer: its `tree` and its `index`. It is there if and only if it is complete."""
        return self.layers / hex_of(diff_id)

    def layer_tree(self, diff_id: str) -> Path:
        return self.layer(diff_id) / "tree"

    def layer_index(self, diff_id: str) -> Path:
        return self.layer(diff_id) / "index"

    def layer_mark(self, diff_id: str) -> Path:
        """There until the layer's files are known to be on disk; holds the boot they were written in."""
        return self.mark_in(self.layer(diff_id))

    def mark_in(self, layer: Path) -> Path:
        return layer / "unsettled"

    @property
    def layer_links(self) -> Path:
        """Short names for layers: the kernel takes one page of mount options, and an image may have 128 layers."""
        return self.root / "l"

    @property
    def empty(self) -> Path:
        """An empty directory: the only layer of an image without layers."""
        return self.root / "empty"

    @property
    def staging(self) -> Path:
        """Half-made things; whatever is in here at a start is rubbish."""
        return self.root / "staging"

    @property
    def trash(self) -> Path:
        """Things removed but not yet deleted."""
        return self.root / "trash"

    # --- containers ---

    @property
    def containers(self) -> Path:
        return self.root / "containers"

    def container(self, container_id: str) -> Path:
        """Everything durable of one container but its rows."""
        return self.containers / container_id

    def rootfs(self, container_id: str) -> Path:
        """Where its root file system is mounted (inside the keeper's mount namespace)."""
        return self.container(container_id) / "rootfs"

    def upper(self, container_id: str) -> Path:
        return self.container(container_id) / "upper"

    def work(self, container_id: str) -> Path:
        return self.container(container_id) / "work"

    def bundle(self, container_id: str) -> Path:
        """config.json and the generated /etc files."""
        return self.container(container_id) / "bundle"

    def logs(self, container_id: str) -> Path:
        return self.container(container_id) / "logs"

    def log(self, container_id: str) -> Path:
        """The file conmon writes."""
        return self.logs(container_id) / "container.log"

    @property
    def log_history(self) -> Path:
        """Logs of removed containers that are still kept."""
        return self.root / "history"

    @property
    def stats(self) -> Path:
        """Recorded stats, a file per container."""
        return self.root / "stats"

    # --- volumes, builds ---

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    def volume(self, name: str) -> Path:
        return self.volumes / name

    def volume_data(self, name: str) -> Path:
        return self.volume(name) / "data"

    @property
    def builds(self) -> Path:
        return self.root / "builds"

    def build(self, build_id: str) -> Path:
        return self.builds / build_id

    @property
    def build_output(self) -> Path:
        """What builds printed, a file per build."""
        return self.root / "build-output"

    @property
    def build_contexts(self) -> Path:
        """What is known of the files of build contexts, so that an unchanged one is not read again."""
        return self.root / "contexts"

    @property
    def build_uploads(self) -> Path:
        return self.root / "uploads"

    def build_scratch(self, build_id: str) -> Path:
        """A build's uploaded context and downloads, gone when it is over."""
        return self.build_uploads / build_id

    # --- while running ---

    @property
    def inside(self) -> Path:
        """What the programs inside the namespace write about themselves, and their short-named sockets."""
        return self.run / "inside"

    @property
    def names_table(self) -> Path:
        """What the names server knows."""
        return self.inside / "names.json"

    @property
    def names_socket(self) -> Path:
        """Where it listens to the engine."""
        return self.inside / "names"

    @property
    def consoles(self) -> Path:
        """Sockets of ours to which programs inside the namespace bring terminals."""
        return self.run / "exec"

    @property
    def filters(self) -> Path:
        """Compiled seccomp filters."""
        return self.run / "seccomp"

    @property
    def runs(self) -> Path:
        return self.run / "containers"

    def container_run(self, container_id: str) -> Path:
        """conmon's pid files, control fifos, attach sockets, exit files of one container."""
        return self.runs / container_id

    @property
    def exits(self) -> Path:
        """Exit codes as conmon leaves them, a file named by container id."""
        return self.run / "exits"

    @property
    def crun_root(self) -> Path:
        return self.run / "crun"

    @property
    def network_namespaces(self) -> Path:
        """One flat directory for all stores of a user: AppArmor lets a confined pasta open namespaces nowhere else."""
        if uid := os.getuid():
            # The same for all sessions of a user, whatever each has for a run-time directory.
            own = (f"/run/user/{uid}", os.environ.get("XDG_RUNTIME_DIR", ""))
            runtime = next((place for place in own if place and os.access(place, os.W_OK)), "")
            return Path(runtime, "netns") if runtime else self.run / "netns"
        # There wherever AppArmor may have to be obeyed, with systemd; and not ours as root of some user namespace.
        ours = os.access(os.path.dirname(_ROOTS_RUNTIME), os.W_OK)
        return Path(_ROOTS_RUNTIME, "netns") if ours else self.run / "netns"

    def netns(self, container_id: str) -> Path:
        return self.network_namespaces / f"{self._netns_prefix}{container_id}"

    def netns_owner(self, name: str) -> str:
        """Which container (or network) of this store a name in that directory belongs to; "" for another store's."""
        return name.removeprefix(self._netns_prefix) if name.startswith(self._netns_prefix) else ""

    @property
    def _netns_prefix(self) -> str:
        return f"wherry-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:8]}-"

    @property
    def cgroup_view(self) -> Path:
        """Where the keeper shows the machine's whole /sys/fs/cgroup, when it put cgroup v2 over it for crun."""
        return self.run / "cgroup"

    # --- making them ---

    @property
    def owned_by_engine(self) -> tuple[Path, ...]:
        return (
            self.blobs, self.partial_blobs, self.blobs / "sha256", self.blobs / "sha512",
            self.log_history, self.stats, self.filters,
        )  # fmt: skip

    @property
    def passed_by_namespace(self) -> tuple[Path, ...]:
        """The engine's too, but what the namespace owns lies below them."""
        return (self.root, self.run, self.consoles)

    @property
    def owned_by_namespace(self) -> tuple[Path, ...]:
        return (
            self.layers, self.layer_links, self.empty, self.staging, self.trash, self.containers, self.volumes,
            self.builds, self.network_namespaces,
            self.inside, self.runs, self.exits, self.crun_root, self.cgroup_view,
        )  # fmt: skip


_POD = "pod-"


def pod_key(pod_id: str) -> str:
    """What a pod's network and directories are known by among those of containers. No container's id looks so."""
    return f"{_POD}{pod_id[:32]}"


def is_pod_key(owner: str) -> bool:
    return owner.startswith(_POD)
