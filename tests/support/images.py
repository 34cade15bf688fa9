"""Images for tests, written byte by byte here: a docker-archive of a static busybox and whatever files a test wants.

Nothing is pulled: `docker load`, `podman load` and Wherry all read these.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

BUSYBOX = Path("/usr/bin/busybox")
APPLETS = (
    "sh cat echo ls ps sleep true false id env httpd wget nc mkdir rm cp mv ln touch chmod chown stat mount umount "
    "grep sed awk head tail wc sort uniq seq date hostname ip ifconfig kill test dd df du find tar vi top yes tee "
    "readlink mknod mkfifo sync uname whoami stty tty printf expr od sha256sum nslookup ping trap usleep xargs"
).split()


@dataclass(frozen=True)
class File:
    """One entry of a layer. `link` makes it a symlink, `kind` anything else that tar knows."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    link: str = ""
    kind: bytes = tarfile.REGTYPE
    mtime: int = 1_700_000_000
    xattrs: dict[str, str] = field(default_factory=dict)


def directory(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> File:
    return File(path, mode=mode, uid=uid, gid=gid, kind=tarfile.DIRTYPE)


def symlink(path: str, target: str) -> File:
    return File(path, mode=0o777, link=target, kind=tarfile.SYMTYPE)


def hardlink(path: str, target: str) -> File:
    return File(path, link=target, kind=tarfile.LNKTYPE)


def layer_tar(files: Sequence[File]) -> bytes:
    """A layer as it is hashed: an uncompressed tar, the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            info = tarfile.TarInfo(file.path.lstrip("/"))
            info.type, info.linkname, info.mode = file.kind, file.link, file.mode
            info.uid, info.gid, info.mtime = file.uid, file.gid, file.mtime
            info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in file.xattrs.items()}
            info.size = len(file.data) if file.kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(file.data))
    return buffer.getvalue()


def busybox_layer() -> bytes:
    """A root file system small enough to read at a glance: busybox, its names, users, and the usual directories."""
    if not BUSYBOX.exists():
        raise FileNotFoundError(f"{BUSYBOX} is missing: apt-get install busybox-static")
    names = ("bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var")
    files = [directory(name, 0o1777 if name == "tmp" else 0o755) for name in names]
    files.append(File("bin/busybox", BUSYBOX.read_bytes(), 0o755))
    files += [symlink(f"bin/{applet}", "busybox") for applet in APPLETS]
    files.append(File("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"))
    files.append(File("etc/group", b"root:x:0:\nnogroup:x:65534:\n"))
    return layer_tar(files)


def docker_archive(
    layers: Sequence[bytes],
    *,
    reference: str = "localhost/busybox:latest",
    config: dict[str, Any] | None = None,
    architecture: str = "",
) -> bytes:
    """A docker-archive with these uncompressed layers; `config` is the part named so in an image's config."""
    image = {
        "architecture": architecture or _architecture(),
        "os": "linux",
        "created": "2023-11-14T22:13:20Z",
        "config": {"Env": ["PATH=/bin:/usr/bin"], "Cmd": ["/bin/sh"], **(config or {})},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": f"layer {n}"} for n in range(len(layers))],
    }
    raw = json.dumps(image, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(raw).hexdigest()}.json"
    names = [f"{hashlib.sha256(layer).hexdigest()}/layer.tar" for layer in layers]
    manifest = [{"Config": config_name, "RepoTags": [reference] if reference else [], "Layers": names}]
    members = {
        config_name: raw,
        **dict(zip(names, layers, strict=True)),
        "manifest.json": json.dumps(manifest).encode(),
    }
    return layer_tar([File(name, data) for name, data in members.items()])


def busybox_archive(
    *extra_layers: Sequence[File], reference: str = "localhost/busybox:latest", config: dict[str, Any] | None = None
) -> bytes:
    """The usual test image: busybox, and one more layer for each list of files."""
    layers = [busybox_layer(), *(layer_tar(files) for files in extra_layers)]
    return docker_archive(layers, reference=reference, config=config)


def _architecture() -> str:
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
