"""What a container changed in its file tree, from the overlay's upper directory; and Dockerfile lines to match."""

from __future__ import annotations

import shlex
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types.containers import ChangedPath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.client import FileInfo, Keeper

_MOST = 200_000
"""Beyond so many changes the list is cut: nobody reads it, and a container must not fill the engine's memory."""
_FUSE_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


async def changed_paths(
    keeper: Keeper, upper: str, *, in_image: Callable[[str], bool], hidden: Sequence[str] = ()
) -> Sequence[ChangedPath]:
    """Paths in the upper directory, sorted. `in_image(path)` says whether the image has the path (added or changed);
    `hidden` are mount targets and the engine's own files, which are no changes."""
    found: list[ChangedPath] = []
    waiting = ["/"]
    skipped = {path.rstrip("/") for path in hidden}
    while waiting and len(found) < _MOST:
        directory = waiting.pop()
        for entry in await keeper.list_directory(Path(upper), directory):
            path = f"{directory.rstrip('/')}/{entry.name}"
            if path in skipped or entry.name == _OPAQUE:
                continue
            if entry.name.startswith(_FUSE_WHITEOUT):
                removed = f"{directory.rstrip('/')}/{entry.name.removeprefix(_FUSE_WHITEOUT)}"
                found.append(ChangedPath(path=removed, kind="removed"))
                continue
            if _is_whiteout(entry):
                if in_image(path):
                    found.append(ChangedPath(path=path, kind="removed"))
                continue
            size = entry.size if stat.S_ISREG(entry.mode) else 0
            found.append(ChangedPath(path=path, kind="changed" if in_image(path) else "added", size=size))
            if stat.S_ISDIR(entry.mode):
                waiting.append(path)
    return sorted(_without_bare_mount_points(found, skipped), key=lambda change: change.path)


def _is_whiteout(entry: FileInfo) -> bool:
    return stat.S_ISCHR(entry.mode) and entry.device == 0


def _without_bare_mount_points(changes: list[ChangedPath], hidden: set[str]) -> list[ChangedPath]:
    """Directories that are only there to carry a mount point (/var/lib of a volume at /var/lib/data) are no changes."""
    parents = {str(parent) for path in hidden for parent in Path(path).parents}
    if not parents:
        return changes
    carried = Counter(str(parent) for change in changes for parent in Path(change.path).parents)
    return [
        change
        for change in changes
        if not (change.kind != "removed" and change.path in parents and not carried[change.path])
    ]


# --- Dockerfile lines ---

_CACHES = ("/var/cache", "/var/lib/apt/lists", "/tmp", "/var/tmp", "/root/.cache", "/var/log", "/run")
_HISTORIES = ("/root/.bash_history", "/root/.ash_history", "/root/.python_history", "/root/.viminfo", "/root/.lesshst")
_PACKAGERS = {
    "/var/lib/dpkg/status": ("apt-get update && apt-get install -y", " && rm -rf /var/lib/apt/lists/*"),
    "/lib/apk/db/installed": ("apk add --no-cache", ""),
    "/var/lib/rpm": ("dnf install -y", " && dnf clean all"),
    "/usr/lib/sysimage/rpm": ("dnf install -y", " && dnf clean all"),
}
_PACKAGE_FILES = ("/usr/bin/", "/usr/lib", "/usr/share/", "/usr/sbin/", "/usr/include/", "/lib/", "/bin/", "/sbin/",
                  "/etc/alternatives", "/etc/ld.so.cache", "/var/lib/dpkg", "/lib/apk", "/etc/apk", "/var/lib/rpm",
                  "/usr/libexec/")  # fmt: skip
_DPKG_INFO = "/var/lib/dpkg/info/"


def suggest_dockerfile(image: str, changes: Sequence[ChangedPath], *, name: str = "") -> str:
    """The changes as Dockerfile lines: packages recognised, the rest copied, with a note of how to get the files."""
    kept = [change for change in changes if not _is_noise(change.path)]
    lines = [f"FROM {image}"]
    packager = _packager(kept)
    if packager:
        install, tidy = _PACKAGERS[packager]
        packages = _new_packages(kept)
        known = " ".join(shlex.quote(package) for package in packages)
        if not packages:
            lines.append("# Packages were installed by hand; name them here.")
        lines.append(f"RUN {install} {known or 'PACKAGES'}{tidy}")
        kept = [change for change in kept if not _of_packages(change)]
    removed = _topmost([change.path for change in kept if change.kind == "removed"])
    written = _topmost([change.path for change in kept if change.kind != "removed" and _worth_copying(change, kept)])
    if written:
        source = name or "CONTAINER"
        lines += ["# Get these files from the container first, into a directory beside the Dockerfile:"]
        lines += [f"#   docker cp {shlex.quote(f'{source}:{path}')} {shlex.quote(f'files{path}')}" for path in written]
        lines += [_copy(path) for path in written]
    if removed:
        lines.append("RUN rm -rf " + " ".join(shlex.quote(path) for path in removed))
    if len(lines) == 1:
        lines.append("# Nothing was changed that would belong in an image.")
    return "\n".join(lines) + "\n"


def _copy(path: str) -> str:
    """The form with brackets where a path has blanks or quotes in it."""
    if path == shlex.quote(path):
        return f"COPY files{path} {path}"
    quoted = [f'"{part}"' for part in (f"files{path}".replace('"', '\\"'), path.replace('"', '\\"'))]
    return f"COPY [{', '.join(quoted)}]"


def _is_noise(path: str) -> bool:
    return path in _HISTORIES or any(path == top or path.startswith(top + "/") for top in _CACHES)


def _packager(changes: Sequence[ChangedPath]) -> str:
    changed = {change.path for change in changes}
    return next((marker for marker in _PACKAGERS if marker in changed), "")


def _new_packages(changes: Sequence[ChangedPath]) -> list[str]:
    """Names of added packages, where files of the package database are named after them (dpkg)."""
    names = set()
    for change in changes:
        if change.kind == "added" and change.path.startswith(_DPKG_INFO) and change.path.endswith(".list"):
            names.add(change.path.removeprefix(_DPKG_INFO).removesuffix(".list").partition(":")[0])
    return sorted(names)


def _of_packages(change: ChangedPath) -> bool:
    return (
        change.path.startswith(_PACKAGE_FILES) or change.path in _PACKAGERS or change.path in ("/usr", "/etc", "/var")
    )


def _worth_copying(change: ChangedPath, changes: Sequence[ChangedPath]) -> bool:
    """A directory the image has is there already; only what was put in it counts."""
    if change.kind == "added":
        return True
    return not any(other is not change and other.path.startswith(change.path + "/") for other in changes)


def _topmost(paths: Sequence[str]) -> list[str]:
    """Paths that are below none of the others."""
    found: list[str] = []
    for path in sorted(paths):
        if not found or not path.startswith(found[-1] + "/"):
            found.append(path)
    return found
