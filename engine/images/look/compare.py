"""What differs between two images, or between a container and the image it was made from: files, config, packages."""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.images.layers.layer_archive import packed
from engine.images.look import packages
from engine.images.look.inspector import entry_of
from engine.images.look.stack import same_contents, same_entry
from engine.images.streams.tar_stream import Member, TarStream
from engine.types.images import FileDifference, FileEntry, FileKind, ImageComparison, TreeChange

if TYPE_CHECKING:
    from engine.images.known.catalogue import Catalogue
    from engine.images.known.records import StoredImage
    from engine.images.known.users import WritableLayer
    from engine.images.look.inspector import LayerInspector
    from engine.images.look.stack import Stack
    from engine.sandbox.client import Keeper
    from engine.types.images import ImageConfig

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_KINDS: Final = {
    b"2": FileKind.SYMLINK,
    b"1": FileKind.HARDLINK,
    b"5": FileKind.DIRECTORY,
    b"6": FileKind.FIFO,
    b"3": FileKind.DEVICE,
    b"4": FileKind.DEVICE,
}


class Comparer:
    def __init__(self, catalogue: Catalogue, inspector: LayerInspector, keeper: Keeper) -> None:
        self._catalogue = catalogue
        self._inspector = inspector
        self._keeper = keeper

    async def images(self, left: StoredImage, right: StoredImage) -> ImageComparison:
        old = await self._inspector.stack(left.diff_ids)
        new = await self._inspector.stack(right.diff_ids)
        files = await asyncio.to_thread(_differing, old, new)
        before, after = await self._packages(left, old), await self._packages(right, new)
        return ImageComparison(
            left=self._title(left),
            right=self._title(right),
            files=tuple(files),
            config=config_differences(left, right),
            packages=tuple(
                (name, before.get(name, ""), after.get(name, ""))
                for name in sorted(before.keys() | after.keys())
                if before.get(name) != after.get(name)
            ),
            size_left=sum(map(self._catalogue.layer_size, dict.fromkeys(left.diff_ids))),
            size_right=sum(map(self._catalogue.layer_size, dict.fromkeys(right.diff_ids))),
        )

    async def container(self, image: StoredImage, writable: WritableLayer) -> ImageComparison:
        """The image on the left, the container's tree now on the right."""
        stack = await self._inspector.stack(image.diff_ids)
        changes = _ContainerChanges(stack)
        async with aclosing(packed(self._keeper, Path(writable.upper), marks=writable.driver)) as pieces:
            stream = TarStream(pieces)
            async with aclosing(stream.members()) as members:
                async for member in members:
                    digest = hashlib.sha256()
                    async for piece in stream.contents():
                        digest.update(piece)
                    changes.take(member, digest.hexdigest())
        size = sum(map(self._catalogue.layer_size, dict.fromkeys(image.diff_ids)))
        return ImageComparison(
            left=self._title(image),
            right=writable.name,
            files=tuple(sorted(changes.found.values(), key=lambda one: one.path)),
            config=(),
            size_left=size,
            size_right=size + changes.bytes,
        )

    async def packages(self, image: StoredImage) -> list[tuple[str, str, str]]:
        """Kind ("apk", "deb", "rpm"), name and version of what is installed."""
        found = await self._by_kind(image, await self._inspector.stack(image.diff_ids))
        return [(kind, name, version) for kind, each in found.items() for name, version in sorted(each.items())]

    async def _packages(self, image: StoredImage, stack: Stack) -> dict[str, str]:
        """Of all package managers together."""
        kinds = await self._by_kind(image, stack)
        return {name: version for each in kinds.values() for name, version in each.items()}

    async def _by_kind(self, image: StoredImage, stack: Stack) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {"apk": {}, "deb": {}, "rpm": {}}
        wanted = [packages.APK, packages.DPKG]
        prefix = packages.DPKG_PARTS.encode()
        wanted += [one.decode() for one, _ in stack.below(prefix.rstrip(b"/")) if not one.endswith(b".md5sums")]
        for path in wanted:
            if stack.find(path.encode()) is not None:
                data = await self._inspector.read_file(image, path, -1, packages.LARGEST_DATABASE)
                kind = "apk" if path == packages.APK else "deb"
                read = packages.read_apk if kind == "apk" else packages.read_dpkg
                found[kind] |= await asyncio.to_thread(read, data)
        for path in packages.RPM:
            place = stack.find(path.encode())
            if place is not None and stack.size_of(place) <= packages.LARGEST_DATABASE:
                fd = await self._inspector.open_file(image.diff_ids[stack.layer_of(place)], f"/{path}")
                try:
                    found["rpm"] |= await asyncio.to_thread(packages.read_rpm, f"/proc/self/fd/{fd}")
                finally:
                    os.close(fd)
        return found

    def _title(self, image: StoredImage) -> str:
        tags = self._catalogue.snapshot(image.id).tags
        return tags[0] if tags else image.id.removeprefix("sha256:")[:12]


class _ContainerChanges:
    """Entries of a writable layer, each held against what the image has at its path."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.found: dict[str, FileDifference] = {}
        self.bytes = 0

    def take(self, member: Member, digest: str) -> None:
        path = "/" + member.name.strip("/").removeprefix("./")
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            for inner, place in self._stack.below(folder.strip("/").encode(errors="surrogateescape")):
                self._removed("/" + inner.decode(errors="surrogateescape"), place)
        elif name.startswith(_WHITEOUT):
            hidden = f"{folder}/{name.removeprefix(_WHITEOUT)}"
            there = self._stack.find(hidden[1:].encode(errors="surrogateescape"))
            if there is not None:
                self._removed(hidden, there)
        elif path not in ("/", "/."):
            self._present(path, member, digest)

    def _removed(self, path: str, place: int) -> None:
        if path not in self.found:
            self.found[path] = FileDifference(path=path, change=TreeChange.REMOVED, old=entry_of(self._stack, place))
            self.bytes -= self._stack.size_of(place)

    def _present(self, path: str, member: Member, digest: str) -> None:
        new = FileEntry(
            path=path,
            kind=_KINDS.get(member.kind, FileKind.FILE),
            size=member.size if member.is_file else 0,
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            mtime=member.mtime,
            digest=f"sha256:{digest}" if member.is_file else "",
            link=member.link,
        )
        self.bytes += new.size
        known = self._stack.find(path[1:].encode(errors="surrogateescape"))
        if known is None:
            self.found[path] = FileDifference(path=path, change=TreeChange.ADDED, new=new)
            return
        old = entry_of(self._stack, known)
        if path not in self.found:  # else it went with all of its directory, and its bytes with it
            self.bytes -= self._stack.size_of(known)
        same = old.kind == new.kind and old.digest == new.digest and old.link == new.link
        if same and (old.mode, old.uid, old.gid) == (new.mode, new.uid, new.gid):
            self.found.pop(path, None)
            return
        change = TreeChange.MODE_ONLY if same else TreeChange.CHANGED
        self.found[path] = FileDifference(path=path, change=change, old=old, new=new)


def config_differences(left: StoredImage, right: StoredImage) -> tuple[tuple[str, str, str], ...]:
    old, new = _config_fields(left), _config_fields(right)
    keys = [*old, *(key for key in new if key not in old)]
    return tuple((key, old.get(key, ""), new.get(key, "")) for key in keys if old.get(key, "") != new.get(key, ""))


def _config_fields(image: StoredImage) -> dict[str, str]:
    config: ImageConfig = image.config
    fields = {
        "platform": str(image.platform),
        "entrypoint": _line(config.entrypoint),
        "command": _line(config.command),
        "workdir": config.workdir,
        "user": config.user,
        "ports": _line(config.exposed_ports),
        "volumes": _line(config.volumes),
        "stop signal": config.stop_signal,
        "shell": _line(config.shell),
        "health check": _line(config.health.test) if config.health is not None else "",
        "on build": "; ".join(config.on_build),
    }
    fields |= {f"env {key}": value for key, _, value in (entry.partition("=") for entry in config.env)}
    return fields | {f"label {key}": value for key, value in config.labels.items()}


def _line(words: tuple[str, ...]) -> str:
    return " ".join(words)


def _differing(old: Stack, new: Stack) -> list[FileDifference]:
    """Whole trees held against each other; where both show the very same layer there is nothing to look at."""
    same_layers = {
        (left, right)
        for left, one in enumerate(old.indexes)
        for right, other in enumerate(new.indexes)
        if one.diff_id == other.diff_id
    }
    found: list[FileDifference] = []
    for path, place in old.visible.items():
        other = new.visible.get(path)
        shown = "/" + path.decode(errors="surrogateescape")
        if other is None:
            found.append(FileDifference(path=shown, change=TreeChange.REMOVED, old=entry_of(old, place)))
        elif (place >> 32, other >> 32) not in same_layers or old.row_of(place) != new.row_of(other):
            rows = (old.index_of(place), old.row_of(place), new.index_of(other), new.row_of(other))
            if not same_entry(*rows):
                change = TreeChange.MODE_ONLY if same_contents(*rows) else TreeChange.CHANGED
                found.append(
                    FileDifference(path=shown, change=change, old=entry_of(old, place), new=entry_of(new, other))
                )
    for path, place in new.visible.items():
        if path not in old.visible:
            shown = "/" + path.decode(errors="surrogateescape")
            found.append(FileDifference(path=shown, change=TreeChange.ADDED, new=entry_of(new, place)))
    return sorted(found, key=lambda one: one.path)
