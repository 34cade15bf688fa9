"""What `create` says of mounts, in its four spellings: Binds, Mounts, Tmpfs and Volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.api.sizes import size_in_bytes
from engine.api.statuses import Refusal, unsupported
from engine.types.containers import Mount

if TYPE_CHECKING:
    from engine.api.bodies import CreateBody, HostConfigBody, MountBody

_PROPAGATIONS = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_WITHOUT_EFFECT = frozenset({"rw", "z", "Z", "cached", "delegated", "consistent", "default"})
"""SELinux labels are not set for containers here; the words for caching only ever meant something on macOS."""
_TMPFS_IGNORED = frozenset({"rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "noatime", "relatime"})


def mounts_of(body: CreateBody, host: HostConfigBody) -> tuple[Mount, ...]:
    """In the order Docker gives them precedence; a target named twice is an error."""
    mounts = [bind_of(text) for text in host.binds or ()]
    mounts += [_mount(item) for item in host.mounts or ()]
    mounts += [_tmpfs(target, options) for target, options in (host.tmpfs or {}).items()]
    seen: set[str] = set()
    for mount in mounts:
        if mount.target in seen:
            raise Refusal(400, f"Duplicate mount point: {mount.target}")
        seen.add(mount.target)
    anonymous = [Mount(kind="volume", target=target) for target in body.volumes or () if target not in seen]
    for mount in anonymous:
        _check_target(mount.target)
    return (*mounts, *anonymous)


def bind_of(text: str) -> Mount:
    """One of Binds: `[SOURCE:]TARGET[:OPTIONS]`; a source that is no path names a volume."""
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise Refusal(400, f"invalid volume specification: '{text[:200]}'")
    if len(parts) == 1:
        _check_target(parts[0])
        return Mount(kind="volume", target=parts[0])
    source, target = parts[0], parts[1]
    _check_target(target)
    read_only, propagation, copy_up = False, "", True
    ownership: Literal["", "idmap", "chown"] = ""
    for word in parts[2].split(",") if len(parts) == 3 else ():
        if word == "ro":
            read_only = True
        elif word in _PROPAGATIONS:
            propagation = word
        elif word == "nocopy":
            copy_up = False
        elif word == "U":
            ownership = "chown"
        elif word == "idmap":
            ownership = "idmap"
        elif word not in _WITHOUT_EFFECT:
            raise Refusal(400, f"invalid volume specification: '{text[:200]}': unknown option {word[:40]!r}")
    is_path = source.startswith("/")
    return Mount(
        kind="bind" if is_path else "volume",
        source=source,
        target=target,
        read_only=read_only,
        propagation=propagation or "rprivate",
        ownership=ownership,
        create_source=is_path,
        copy_up=copy_up,
    )


def _mount(item: MountBody) -> Mount:
    _check_target(item.target)
    source, read_only = item.source or "", bool(item.read_only)
    if item.type == "bind":
        return _bind_mount(item, source, read_only=read_only)
    if item.type == "volume":
        return _volume_mount(item, source, read_only=read_only)
    if item.type == "tmpfs":
        options = item.tmpfs_options
        if options is not None and options.options:
            raise unsupported("TmpfsOptions.Options", "give size and mode")
        return Mount(
            kind="tmpfs",
            target=item.target,
            read_only=read_only,
            tmpfs_size=(options.size_bytes or 0) if options else 0,
            tmpfs_mode=(options.mode or 0o1777) if options else 0o1777,
        )
    if item.type in ("image", "npipe", "cluster"):
        raise unsupported(f"a mount of type {item.type}", "bind, volume and tmpfs are")
    raise Refusal(400, f"invalid mount config: mount type unknown: {item.type[:40]!r}")


def _bind_mount(item: MountBody, source: str, *, read_only: bool) -> Mount:
    if not source.startswith("/"):
        raise Refusal(400, f"invalid mount config for type 'bind': source {source[:200]!r} is not absolute")
    options = item.bind_options
    if options is not None and (options.non_recursive or options.read_only_non_recursive):
        raise unsupported("BindOptions.NonRecursive", "what is mounted below the source always comes along")
    propagation = (options.propagation if options is not None else "") or "rprivate"
    if propagation not in _PROPAGATIONS:
        raise Refusal(400, f"invalid propagation mode: {propagation[:40]!r}")
    return Mount(
        kind="bind",
        source=source,
        target=item.target,
        read_only=read_only,
        propagation=propagation,
        create_source=bool(options and options.create_mountpoint),
    )


def _volume_mount(item: MountBody, source: str, *, read_only: bool) -> Mount:
    options = item.volume_options
    driver = options.driver_config if options is not None else None
    if driver is not None and ((driver.name or "local") != "local" or driver.options):
        raise unsupported("VolumeOptions.DriverConfig", "there is one driver, local, without options")
    return Mount(
        kind="volume",
        source=source,
        target=item.target,
        read_only=read_only,
        copy_up=not (options is not None and options.no_copy),
        volume_labels=dict(options.labels or {}) if options is not None else {},
        subpath=(options.subpath or "") if options is not None else "",
    )


def _tmpfs(target: str, options: str) -> Mount:
    _check_target(target)
    size, mode, read_only = 0, 0o1777, False
    for word in filter(None, options.split(",")):
        key, _, value = word.partition("=")
        if key == "size":
            size = size_in_bytes(value)
        elif key == "mode":
            mode = _octal(value)
        elif word == "ro":
            read_only = True
        elif word not in _TMPFS_IGNORED:
            raise unsupported(f"the tmpfs option {word[:40]!r}", "size, mode and ro are")
    return Mount(kind="tmpfs", target=target, tmpfs_size=size, tmpfs_mode=mode, read_only=read_only)


def _octal(text: str) -> int:
    if not text or len(text) > 5 or set(text) - set("01234567"):
        raise Refusal(400, f"invalid tmpfs mode: {text[:20]!r}")
    return int(text, 8)


def _check_target(target: str) -> None:
    if not target.startswith("/") or target.rstrip("/") == "" or "\0" in target:
        raise Refusal(400, f"invalid mount target {target[:200]!r}: it must be an absolute path other than '/'")
