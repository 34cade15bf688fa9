"""The build context: a directory of the host, read with care. Ignore rules come before reading, links never lead out.

A scan knows every path with its size and times; contents are hashed only for what a step really copies, and a file
whose size, times and inode are as at the last build is not read again.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import hashlib
import itertools
import os
import posixpath
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from engine.builder.language.errors import DockerfileError, did_you_mean
from engine.builder.language.globs import Glob, PatternError, has_glob
from engine.builder.language.ignore import IgnoreRules, read_ignore_file
from engine.errors import Code, InvalidRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_LINKS: Final = 40


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One path of the context, as lstat saw it."""

    path: str
    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


class ContextDirectory:
    """Scanned once, on first use; every answer is from that scan."""

    def __init__(self, root: Path, rules: IgnoreRules, digests_path: Path | None = None) -> None:
        self.root = root
        self._rules = rules
        self._digests = FileDigests(digests_path)
        self._entries: dict[str, ContextEntry] = {}
        self._sorted: list[str] = []
        self._scanned = False
        self._lock = asyncio.Lock()

    @classmethod
    def open(cls, root: Path, dockerfile: str, digests_path: Path | None = None) -> ContextDirectory:
        """With the rules of `<dockerfile>.dockerignore`, else of `.dockerignore`."""
        if not root.is_dir():
            raise NotFound(f"There is no directory {root}", code=Code.NOT_FOUND, subject=str(root))
        rules = IgnoreRules(())
        for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
            path = root / name
            if path.is_file() and not path.is_symlink():
                try:
                    rules = IgnoreRules(read_ignore_file(path.read_text(errors="surrogateescape")))
                except PatternError as error:
                    raise InvalidRequest(f"{name} cannot be read", str(error), subject=str(path)) from None
                break
        return cls(root, rules, digests_path)

    async def scan(self) -> dict[str, ContextEntry]:
        async with self._lock:
            if not self._scanned:
                await asyncio.to_thread(self._scan)
                self._scanned = True
        return self._entries

    async def select(self, pattern: str) -> list[str]:
        """Paths that a source names, sorted; links among them are for `follow`."""
        entries = await self.scan()
        cleaned = _inside(pattern)
        if cleaned == "":
            return [""]
        if has_glob(pattern):
            expression = Glob(cleaned)
            return await asyncio.to_thread(lambda: sorted(path for path in entries if expression.matches(path)))
        return [cleaned] if self.follow(cleaned) is not None else []

    def follow(self, path: str) -> str | None:
        """Where a path leads with every link followed inside the context, as if it were `/`; None if nowhere."""
        return self._resolve(path)

    def missing(self, pattern: str) -> DockerfileError:
        """The error for a source that names nothing."""
        ignored = self._rules.ignores(_inside(pattern)) and os.path.lexists(self.root / _inside(pattern))
        if ignored:
            return DockerfileError(f"{pattern} is left out by .dockerignore", hint="Add an exception, “!path”, there.")
        docker = (
            "COPY failed: file not found in build context or excluded by .dockerignore: "
            f"stat {pattern}: file does not exist"
        )
        hint = did_you_mean(pattern, self._entries)
        return DockerfileError(f"{pattern} is not in the build context", hint=hint, docker=docker)

    def entry(self, path: str) -> ContextEntry:
        return self._entries[path]

    def below(self, path: str) -> Iterator[ContextEntry]:
        """Everything strictly below a directory, parents before children, sorted."""
        prefix = f"{path}/" if path else ""
        start = bisect.bisect_left(self._sorted, prefix)
        for name in itertools.islice(self._sorted, start, None):
            if not name.startswith(prefix):
                return
            yield self._entries[name]

    async def digests(self, entries: list[ContextEntry]) -> dict[str, str]:
        """sha256 of each regular file, target of each link."""
        return await asyncio.to_thread(self._digest_all, entries)

    def open_file(self, path: str) -> int:
        """A descriptor for a regular file; a link put in its way since the scan is refused by the kernel."""
        with ContextReader(self.root) as directories:
            return directories.open(path)

    def read_link(self, path: str) -> str:
        with ContextReader(self.root) as directories:
            return os.readlink(posixpath.basename(path), dir_fd=directories.parent_of(path))

    def reader(self) -> ContextReader:
        """For reading many files one after the other."""
        return ContextReader(self.root)

    # --- in a thread ---

    def _scan(self) -> None:
        stack = [("", os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))]
        while stack:
            prefix, fd = stack.pop()
            try:
                with os.scandir(fd) as listing:
                    for item in listing:
                        path = f"{prefix}{item.name}"
                        info = item.stat(follow_symlinks=False)
                        directory = stat.S_ISDIR(info.st_mode)
                        if self._rules and (self._rules.prunes(path) if directory else self._rules.ignores(path)):
                            continue
                        if not directory or not self._rules or not self._rules.ignores(path):
                            self._add(path, info)
                        if directory:
                            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                                stack.append((f"{path}/", os.open(item.name, flags, dir_fd=fd)))
            finally:
                os.close(fd)
        self._add_parents()
        self._sorted = sorted(self._entries)

    def _add(self, path: str, info: os.stat_result) -> None:
        kept = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
        if any(test(info.st_mode) for test in kept):
            self._entries[path] = ContextEntry(
                path, info.st_mode, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino
            )

    def _add_parents(self) -> None:
        """An exception may keep a file of an ignored directory: the directory then is there for it."""
        for path in list(self._entries):
            parent = posixpath.dirname(path)
            while parent and parent not in self._entries:
                self._add(parent, os.lstat(self.root / parent))
                parent = posixpath.dirname(parent)

    def _resolve(self, path: str) -> str | None:
        """Follow links within the context; one that points above it stops at its top, as in a chroot."""
        done: list[str] = []
        todo = path.split("/")
        links = 0
        while todo:
            part = todo.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                done = done[:-1]
                continue
            entry = self._entries.get("/".join([*done, part]))
            if entry is None:
                return None
            if entry.is_link:
                links += 1
                if links > _MOST_LINKS:
                    return None
                target = self.read_link(entry.path)
                done = [] if target.startswith("/") else done
                todo = target.split("/") + todo
                continue
            done.append(part)
        return "/".join(done)

    def _digest_all(self, entries: list[ContextEntry]) -> dict[str, str]:
        found: dict[str, str] = {}
        with ContextReader(self.root) as directories:
            for entry in entries:
                if entry.is_link:
                    found[entry.path] = os.readlink(
                        posixpath.basename(entry.path), dir_fd=directories.parent_of(entry.path)
                    )
                elif entry.is_file:
                    found[entry.path] = self._digests.known(entry) or self._digest_one(directories, entry)
        self._digests.save()
        return found

    def _digest_one(self, directories: ContextReader, entry: ContextEntry) -> str:
        fd = directories.open(entry.path)
        with open(fd, "rb", buffering=0) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._digests.remember(entry, digest)
        return digest


class FileDigests:
    """Digests of files by what a stat tells of them, kept between builds of one context."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, tuple[int, int, int, int, str]] = {}
        self._changed = False
        if path is not None and path.exists():
            with contextlib.suppress(msgspec.DecodeError, OSError):
                self._known = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, tuple[int, int, int, int, str]])

    def known(self, entry: ContextEntry) -> str:
        found = self._known.get(entry.path)
        if found is not None and found[:4] == (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode):
            return found[4]
        return ""

    def remember(self, entry: ContextEntry, digest: str) -> None:
        self._known[entry.path] = (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode, digest)
        self._changed = True

    def save(self) -> None:
        if self._path is None or not self._changed:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(f".{secrets.token_hex(6)}")  # several builds of one context end at once
        temporary.write_bytes(msgspec.msgpack.encode(self._known))
        temporary.replace(self._path)
        self._changed = False


class ContextReader:
    """Opens files below a root component by component, following no link; the last parents stay open."""

    _MOST_OPEN: Final = 32

    def __init__(self, root: Path) -> None:
        self._fds: dict[str, int] = {"": os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)}

    def __enter__(self) -> ContextReader:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._fds.values():
            os.close(fd)

    def parent_of(self, path: str) -> int:
        return self._directory(posixpath.dirname(path))

    def open(self, path: str) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        return os.open(posixpath.basename(path), flags, dir_fd=self.parent_of(path))

    def _directory(self, path: str) -> int:
        fd = self._fds.get(path)
        if fd is not None:
            return fd
        parent = self._directory(posixpath.dirname(path))
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(posixpath.basename(path), flags, dir_fd=parent)
        if len(self._fds) > self._MOST_OPEN:
            oldest = next((key for key in self._fds if key and not path.startswith(f"{key}/")), None)
            if oldest is not None:
                os.close(self._fds.pop(oldest))
        self._fds[path] = fd
        return fd


def _inside(path: str) -> str:
    """A source path as one below the context, whatever dots it has."""
    return posixpath.normpath("/" + path).lstrip("/")
