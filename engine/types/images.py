"""Images: references, snapshots, requests, and what the layer index tells."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from engine.types.attestations import IndexEntry
from engine.types.containers import HealthCheck
from engine.types.data import Data, Platform


class ImageConfig(Data, frozen=True, kw_only=True):
    """What an image says of how to run it."""

    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    """As "80/tcp"."""
    volumes: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    stop_signal: str = ""
    health: HealthCheck | None = None
    shell: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()


class HistoryStep(Data, frozen=True, kw_only=True):
    """One line of an image's history; steps that made no layer have an empty diff id."""

    created: datetime | None
    created_by: str
    comment: str = ""
    author: str = ""
    diff_id: str = ""
    size: int = 0


class Image(Data, frozen=True, kw_only=True):
    """One image in the store. Sizes are of unpacked files."""

    id: str
    """Digest of the config, "sha256:…"."""
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    """Repository digests, "host/name@sha256:…"."""
    created: datetime | None
    platform: Platform
    config: ImageConfig
    size: int
    unique_size: int
    """What removing this image alone would free."""
    shared_size: int
    layers: tuple[str, ...]
    """Diff ids, bottom first."""
    used_by: tuple[str, ...] = ()
    """Ids of containers made from it."""
    author: str = ""
    comment: str = ""
    parent: str = ""
    """The id of the image it was committed from, while that is here too."""
    dangling: bool = False
    index_names: tuple[str, ...] = ()
    """Without a name of its own for another machine: the names of the image that was built with it."""
    pulled: datetime | None = None


class StoreUsage(Data, frozen=True, kw_only=True):
    """What `docker system df` calls the size of layers: of their files, each layer once. The disk room measures."""

    layers: int
    layers_reclaimable: int


class Removed(Data, frozen=True, kw_only=True):
    """What a removal of images did, line by line as Docker tells it."""

    untagged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    bytes: int = 0


# --- requests ---


class Login(Data, frozen=True, kw_only=True):
    server: str
    username: str
    password: str = ""
    identity_token: str = ""


class PullImage(Data, frozen=True, kw_only=True):
    reference: str
    platform: str = ""
    all_tags: bool = False
    login: Login | None = None
    """Used for this pull only; otherwise stored logins are tried."""
    nameless: bool = False
    """The image that has the name here keeps it."""


class PushImage(Data, frozen=True, kw_only=True):
    reference: str
    all_tags: bool = False
    login: Login | None = None
    index: tuple[IndexEntry, ...] = ()
    """Push these under one index instead of the image that has the name."""


class CommitContainer(Data, frozen=True, kw_only=True):
    container: str
    reference: str = ""
    message: str = ""
    author: str = ""
    changes: tuple[str, ...] = ()
    """Dockerfile lines, "CMD …", "ENV …"."""
    pause: bool = True


class SearchResult(Data, frozen=True, kw_only=True):
    name: str
    description: str = ""
    stars: int = 0
    official: bool = False


class RemoteImage(Data, frozen=True, kw_only=True):
    """What a registry says of an image, without any of it being fetched."""

    reference: str
    media_type: str
    digest: str
    size: int
    """Of the manifest or the index."""
    platforms: tuple[Platform, ...]


class RegistrySettings(Data, frozen=True, kw_only=True):
    """How to reach one registry."""

    host: str
    insecure: bool = False
    """Plain HTTP allowed, certificates not checked."""
    mirrors: tuple[str, ...] = ()
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""


class ProxySettings(Data, frozen=True, kw_only=True):
    """Through what the engine itself reaches the web. Where all is empty, the environment says."""

    http: str = ""
    https: str = ""
    no_proxy: str = ""
    """Hosts that are reached without, as NO_PROXY names them."""


# --- what the layer index tells ---


class FileKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque"
    FIFO = "fifo"
    DEVICE = "device"


class FileEntry(Data, frozen=True, kw_only=True):
    """One path of a layer or a merged tree. Paths are absolute; bytes that are no UTF-8 are surrogate-escaped."""

    path: str
    kind: FileKind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0
    digest: str = ""
    """sha256 of the contents of a regular file."""
    link: str = ""


class TreeChange(StrEnum):
    SAME = ""
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MODE_ONLY = "mode-only"


class TreeNode(Data, frozen=True, kw_only=True):
    """One row of a file tree: an entry, what the chosen layer did to it, and the bytes below it."""

    entry: FileEntry
    change: TreeChange = TreeChange.SAME
    tree_size: int = 0
    children: int = 0
    layer: int = -1
    """Which layer (0 = bottom) put this version here."""


class Layer(Data, frozen=True, kw_only=True):
    """One layer of an image with the step that made it."""

    index: int
    diff_id: str
    size: int
    files: int
    step: HistoryStep | None
    added: int = 0
    changed: int = 0
    removed: int = 0
    mode_only: int = 0
    hidden_bytes: int = 0
    """Bytes of this layer that later layers overwrite or hide."""
    shared_with: tuple[str, ...] = ()


class WastedFile(Data, frozen=True, kw_only=True):
    """Bytes that are in the image and can never be seen."""

    path: str
    size: int
    added_by: int
    hidden_by: int
    reason: Literal["overwritten", "removed", "directory-removed", "opaque", "copied-for-metadata"]


class LayerReport(Data, frozen=True, kw_only=True):
    """The layers of an image and the exact waste."""

    image_id: str
    layers: tuple[Layer, ...]
    total_size: int
    wasted_size: int
    score: float
    """1 − wasted / total; 1.0 for an empty image."""
    wasted: tuple[WastedFile, ...]
    """Largest first."""


class FileDifference(Data, frozen=True, kw_only=True):
    """One path that differs between two trees."""

    path: str
    change: TreeChange
    old: FileEntry | None = None
    new: FileEntry | None = None


class ImageComparison(Data, frozen=True, kw_only=True):
    left: str
    right: str
    files: tuple[FileDifference, ...]
    config: tuple[tuple[str, str, str], ...]
    """Field, left, right."""
    packages: tuple[tuple[str, str, str], ...] = ()
    """Package, version left, version right ("" = not there)."""
    size_left: int = 0
    size_right: int = 0


class FoundFile(Data, frozen=True, kw_only=True):
    """A hit of a search over all images."""

    image_id: str
    layer: int
    entry: FileEntry
    visible: bool
    """Still there in the finished image."""


# --- progress of a pull or push ---


class LayerPhase(StrEnum):
    WAITING = "waiting"
    PRESENT = "present"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    UNPACKING = "unpacking"
    UPLOADING = "uploading"
    MOUNTED = "mounted"
    RETRYING = "retrying"
    DONE = "done"


class LayerProgress(Data, frozen=True, kw_only=True):
    digest: str
    phase: LayerPhase
    done: int = 0
    total: int = 0
    note: str = ""
