"""Unpack a tar stream: as a layer into a fresh tree (with whiteouts and an index), or into a tree that lives."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from engine.sandbox.keeper.asked.trees import Unpacked
from engine.sandbox.keeper.disk import trees
from engine.sandbox.keeper.disk.opened import Opened
from engine.sandbox.keeper.layers import indexing, marks, sparse, tar_reader
from engine.sandbox.keeper.layers.digesting import Digester
from engine.sandbox.keeper.layers.entry_places import FreshTree, LivingTree, Place, Tree, normalised
from engine.sandbox.keeper.layers.indexing import IndexWriter, Row
from engine.sandbox.keeper.requests import BadInput, Reply

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.trees import Unpack
    from engine.sandbox.keeper.layers.tar_reader import Member, Source, TarReader
    from engine.sandbox.keeper.requests import Request

SMALL = 16 << 10
"""Hashing this much costs less than handing it to another thread."""
MOST_NOTES = 50
_EMPTY = hashlib.sha256().digest()
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_EARLIEST, _LATEST = -(1 << 31) * 10**9, (1 << 33) * 10**9
_FORGERIES = (b"user.overlay.", b"user.fuseoverlayfs.", b"user.containers.")
"""Attributes by which an archive could make the overlay show what it should not."""


def unpack(asked: Unpack, request: Request) -> Reply:
    os.umask(0)
    digester = Digester() if asked.layer else None
    with contextlib.suppress(OSError):
        import fcntl

        fcntl.fcntl(request.fds[0], fcntl.F_SETPIPE_SZ, 1 << 20)
    source = tar_reader.Source(request.fds[0], asked.most_bytes, digester, request.progress)
    root = Opened(os.open(asked.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    tree: FreshTree | LivingTree
    if asked.layer:
        tree = FreshTree(root)
    else:
        relative = os.path.relpath(asked.target, asked.root)
        tree = LivingTree(root, os.fsencode("" if relative == "." else relative))
    unpacker = Unpacker(tree, source, digester, asked)
    return unpacker.run()


class Unpacker:
    def __init__(self, tree: FreshTree | LivingTree, source: Source, digester: Digester | None, asked: Unpack) -> None:
        self._tree: Tree = tree
        self._fresh = tree if isinstance(tree, FreshTree) else None
        self._source = source
        self._digester = digester
        self._reader: TarReader = tar_reader.TarReader(source)
        self._asked = asked
        self._owner = asked.owner
        self._chowns = not asked.single_id
        self._index = IndexWriter()
        self._directories: dict[bytes, Member] = {}
        """Modes and times are set last, when nothing more is written into them."""
        self._notes: list[str] = []
        self._opaque: set[bytes] = set()
        self._whiteouts: set[bytes] = set()
        self._beside: set[bytes] = set()
        """What was taken away by a name beside it, for want of a device: the name hides this layer's own, too."""
        self._bytes = 0
        self._entries = 0

    def run(self) -> Reply:
        for member in self._reader:
            self._entries += 1
            if self._entries > self._asked.most_entries:
                raise BadInput(f"the archive has more than the {self._asked.most_entries} entries allowed")
            self._bytes += member.size
            if self._bytes > self._asked.most_bytes:
                raise BadInput(f"the archive would unpack to more than {self._asked.most_bytes} bytes")
            self._member(member)
        self._source.drain()
        self._finish_directories()
        if self._digester:
            self._digester.join()
        diff_id = "sha256:" + self._source.digest.hexdigest()
        total = self._bytes
        if self._asked.index_at:
            total = self._index.write(os.fspath(self._asked.index_at), diff_id, self._notes)
        return Reply(Unpacked(diff_id, self._entries, total, self._notes))

    def _member(self, member: Member) -> None:
        path = normalised(member.name)
        if not path:
            if member.kind == tar_reader.DIRECTORY:
                self._directories[path] = member
                self._record(path, member, indexing.DIRECTORY)
            return
        place = self._tree.place(path)
        if self._fresh and self._fresh.implicit:
            self._note_implicit(self._fresh)
        if self._fresh and place.path.rpartition(b"/")[2].startswith(marks.WHITEOUT_PREFIX):
            self._whiteout(place)
            return
        reborn = self._takes_back(place.directory, place.path)
        make = _MAKERS.get(member.kind)
        if make is None:
            raise BadInput(f"the entry {tar_reader.show(path)} is of an unknown kind ({member.kind:#x})")
        try:
            make(self, member, place)
            if reborn and member.kind == tar_reader.DIRECTORY:
                self._make_opaque(place)
        except OSError as error:
            error.filename = error.filename2 = None
            error.filename = path
            raise

    def _note_implicit(self, tree: FreshTree) -> None:
        for path in tree.implicit:
            made = tar_reader.Member(path, tar_reader.DIRECTORY, 0)
            made.mode = 0o755
            self._directories[path] = made
            self._record(path, made, indexing.DIRECTORY, flags=indexing.IMPLICIT)
            if self._takes_back(tree.root, path):
                tree.reborn.append(path)
        self._whiteouts.difference_update(tree.reborn)
        for path in tree.reborn:
            self._make_opaque(Place(tree.root, path, path))
        tree.implicit.clear()
        tree.reborn.clear()

    def _record(self, path: bytes, member: Member, kind: int, *, flags: int = 0, digest: int = -1) -> None:
        if not self._asked.index_at:
            return
        link = self._index.link(member.link) if member.link else -1
        flags |= indexing.ATTRIBUTES if member.attributes else 0
        mtime = max(_EARLIEST, min(_LATEST, member.mtime_ns))
        self._index.add(path, Row(kind, flags, member.mode, member.uid, member.gid, member.size, mtime, digest, link))

    def _note(self, text: str) -> None:
        if len(self._notes) < MOST_NOTES and text not in self._notes:
            self._notes.append(text)

    # --- whiteouts ---

    def _whiteout(self, place: Place) -> None:
        parent, _, name = place.path.rpartition(b"/")
        if name == marks.OPAQUE_NAME:
            self._make_opaque(Place(place.directory, parent or b".", parent))
            return
        hidden = name[len(marks.WHITEOUT_PREFIX) :]
        if hidden in (b"", b".", b"..") or hidden.startswith(marks.WHITEOUT_PREFIX):
            # aufs kept its own books under such names; they hide nothing.
            return
        if any(parent == each or not each or parent.startswith(each + b"/") for each in self._opaque):
            return
        path = parent + b"/" + hidden if parent else hidden
        try:
            made = self._whiteouts if marks.make_whiteout(place.directory, path) else self._beside
            made.add(path)
        except FileExistsError:
            # A whiteout hides what is in the layers below; what this layer itself has there stays.
            if self._fresh and self._fresh.is_directory(path):
                self._make_opaque(Place(place.directory, path, path))
            return
        self._index.add(path, Row(indexing.WHITEOUT))

    def _takes_back(self, directory: int, path: bytes) -> bool:
        """Whether a name beside a path took it away until now."""
        if path not in self._beside:
            return False
        self._beside.remove(path)
        os.unlink(marks.name_beside(path), dir_fd=directory)
        return True

    def _make_opaque(self, place: Place) -> None:
        descriptor = os.open(place.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place.directory)
        try:
            marks.make_opaque(descriptor)
            self._opaque.add(place.path)
        finally:
            os.close(descriptor)
        # The kernel's overlay lists a whiteout where nothing is below to be hidden, and then cannot find it.
        prefix = place.path + b"/" if place.path else b""
        for path in [each for each in self._whiteouts if each.startswith(prefix)]:
            self._whiteouts.remove(path)
            os.unlink(path, dir_fd=place.directory)
            self._index.forget_tree(path)
        self._index.add(place.path, Row(indexing.OPAQUE))

    # --- one kind each ---

    def _file(self, member: Member, place: Place) -> None:
        descriptor = self._create(place, member.mode & 0o777)
        try:
            if self._digester:
                row = self._index.digest(self._write_hashed(descriptor, member, self._digester))
            else:
                row = -1
                self._write_plain(descriptor, member)
            self._dress(descriptor, member)
        finally:
            os.close(descriptor)
        flags = indexing.SPARSE if member.segments is not None else 0
        flags |= indexing.LONG_SPARSE if _is_long_and_sparse(member) else 0
        self._record(place.path, member, indexing.FILE, flags=flags, digest=row)

    def _create(self, place: Place, mode: int) -> int:
        try:
            return os.open(place.name, _CREATE, mode, dir_fd=place.directory)
        except FileExistsError:
            if not self._make_way(place, for_directory=False):
                # A file that is mounted there cannot be replaced, only rewritten.
                flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
                return os.open(place.name, flags, dir_fd=place.directory)
            return os.open(place.name, _CREATE, mode, dir_fd=place.directory)

    def _write_hashed(self, descriptor: int, member: Member, digester: Digester) -> bytes | bytearray:
        """Gives the digest, which for a long file is filled in once the digester is through with it."""
        if member.size == 0:
            return _EMPTY
        if _is_long_and_sparse(member):
            self._write_segments(descriptor, member, None)
            reading = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return sparse.digest_of(reading, member.size)
            finally:
                os.close(reading)
        if member.segments is not None:
            digest = hashlib.sha256()
            self._write_segments(descriptor, member, digest)
            return digest.digest()
        if member.size <= SMALL and (whole := self._reader.whole(member)) is not None:
            _write_all(descriptor, whole)
            return hashlib.sha256(whole).digest()
        digest = hashlib.sha256()
        if member.size <= SMALL or digester.busy:
            for piece in self._reader.data(member):
                digest.update(piece)
                _write_all(descriptor, piece)
            return digest.digest()
        row = bytearray(digest.digest_size)
        for piece in self._reader.data(member):
            digester.update(digest, piece)
            _write_all(descriptor, piece)
        digester.finish(digest, row)
        return row

    def _write_plain(self, descriptor: int, member: Member) -> None:
        if member.segments is not None:
            self._write_segments(descriptor, member, None)
            return
        for piece in self._reader.data(member):
            _write_all(descriptor, piece)

    def _write_segments(self, descriptor: int, member: Member, digest: hashlib._Hash | None) -> None:
        """A sparse file; the holes are hashed as the zeros they read as."""
        pieces = self._reader.data(member)
        piece = memoryview(b"")
        at = 0
        for offset, length in member.segments or []:
            if digest:
                _hash_zeros(digest, offset - at)
            os.lseek(descriptor, offset, os.SEEK_SET)
            while length:
                piece = piece or next(pieces)
                part = piece[:length]
                if digest:
                    digest.update(part)
                _write_all(descriptor, part)
                piece = piece[len(part) :]
                offset += len(part)
                length -= len(part)
            at = offset
        if digest:
            _hash_zeros(digest, member.size - at)
        for _ in pieces:
            pass
        os.ftruncate(descriptor, member.size)

    def _directory(self, member: Member, place: Place) -> None:
        try:
            os.mkdir(place.name, 0o755, dir_fd=place.directory)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(place.name, dir_fd=place.directory, follow_symlinks=False).st_mode):
                opaque = self._is_whiteout(place)
                self._make_way(place, for_directory=True)
                os.mkdir(place.name, 0o755, dir_fd=place.directory)
                if opaque:
                    self._make_opaque(place)
        self._tree.made_directory(place)
        self._directories[place.path] = member
        self._record(place.path, member, indexing.DIRECTORY)

    def _symlink(self, member: Member, place: Place) -> None:
        if not member.link or b"\0" in member.link:
            raise BadInput(f"the link {tar_reader.show(member.name)} points nowhere")
        try:
            os.symlink(member.link, place.name, dir_fd=place.directory)
        except FileExistsError:
            self._make_way(place, for_directory=False)
            os.symlink(member.link, place.name, dir_fd=place.directory)
        self._tree.made_link(place, member.link)
        self._dress_by_name(place, member)
        self._record(place.path, member, indexing.SYMLINK)

    def _hardlink(self, member: Member, place: Place) -> None:
        target = self._tree_target(normalised(member.link))
        if target.path == place.path:
            return
        try:
            self._link(target, place)
        except FileExistsError:
            self._make_way(place, for_directory=False)
            self._link(target, place)
        except FileNotFoundError:
            shown = tar_reader.show(member.link)
            raise BadInput(f"{tar_reader.show(place.path)} is a hard link to {shown}, which is not here") from None
        except PermissionError:
            raise BadInput(f"{tar_reader.show(place.path)} is a hard link to a directory") from None
        finally:
            if not self._fresh:
                os.close(target.directory)
        member.link = target.path
        self._record(place.path, member, indexing.HARDLINK)

    def _tree_target(self, path: bytes) -> Place:
        if not path:
            raise BadInput("a hard link to the root")
        target = self._tree.place(path)
        if not self._fresh:
            # The tree keeps one descriptor at a time.
            return target._replace(directory=os.dup(target.directory))
        self._note_implicit(self._fresh)
        return target

    def _link(self, target: Place, place: Place) -> None:
        if not self._fresh:
            place = self._tree.place(place.path)
        os.link(target.name, place.name, src_dir_fd=target.directory, dst_dir_fd=place.directory, follow_symlinks=False)

    def _fifo(self, member: Member, place: Place) -> None:
        try:
            os.mkfifo(place.name, member.mode & 0o777, dir_fd=place.directory)
        except FileExistsError:
            self._make_way(place, for_directory=False)
            os.mkfifo(place.name, member.mode & 0o777, dir_fd=place.directory)
        self._dress_by_name(place, member)
        self._record(place.path, member, indexing.FIFO)

    def _device(self, member: Member, place: Place) -> None:
        """Not ours to make: an empty file that nobody can open stands in, so that the name is not another's."""
        letter = "c" if member.kind == tar_reader.CHARACTER else "b"
        member.link = f"{letter} {member.device[0]}:{member.device[1]}".encode()
        self._note(
            f"{tar_reader.show(place.path)} is a device ({member.link.decode()}); an empty file stands in for it"
        )
        os.close(self._create(place, 0))
        self._record(place.path, member, indexing.DEVICE)

    # --- making way ---

    def _is_whiteout(self, place: Place) -> bool:
        found = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
        return self._fresh is not None and stat.S_ISCHR(found.st_mode)

    def _make_way(self, place: Place, *, for_directory: bool) -> bool:
        """Remove what is there. False for a file that cannot be unlinked because it is a mount point."""
        found = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
        is_directory = stat.S_ISDIR(found.st_mode)
        if self._asked.no_overwrite_kind and is_directory != for_directory:
            kinds = ("non-directory", "directory")
            raise BadInput(
                f"cannot overwrite {kinds[is_directory]} {tar_reader.show(place.path)} with a {kinds[for_directory]}"
            )
        try:
            if is_directory:
                trees.remove_at(place.directory, place.name)
            else:
                os.unlink(place.name, dir_fd=place.directory)
        except OSError as error:
            if error.errno == errno.EBUSY and not is_directory and not for_directory:
                return False
            raise
        self._tree.gone(place)
        for marked in (self._opaque, self._whiteouts, self._beside):
            marked -= {each for each in marked if each == place.path or each.startswith(place.path + b"/")}
        self._index.forget_tree(place.path) if is_directory else None
        for path in [each for each in self._directories if each == place.path or each.startswith(place.path + b"/")]:
            del self._directories[path]
        return True

    # --- owners, modes, times, attributes ---

    def _owner_of(self, member: Member) -> tuple[int, int]:
        uid, gid = self._owner or (member.uid, member.gid)
        if not (0 <= uid < 0xFFFFFFFF and 0 <= gid < 0xFFFFFFFF):
            raise BadInput(f"{tar_reader.show(member.name)} belongs to {uid}:{gid}, which are no ids")
        return uid, gid

    def _dress(self, descriptor: int, member: Member) -> None:
        """A file or directory that is open. Owner first: a change of owner clears setuid and capabilities."""
        owner = self._owner_of(member)
        special = member.mode & 0o7000
        if self._chowns and (owner != (0, 0) or self._fresh is None):
            self._chown(descriptor, owner, member)
            special = special or self._fresh is None
        if special:
            os.fchmod(descriptor, member.mode)
        if member.attributes:
            self._attributes(descriptor, member)
        time = max(_EARLIEST, min(_LATEST, member.mtime_ns))
        os.utime(descriptor, ns=(time, time))

    def _dress_by_name(self, place: Place, member: Member) -> None:
        owner = self._owner_of(member)
        if self._chowns and (owner != (0, 0) or self._fresh is None):
            try:
                os.chown(place.name, *owner, dir_fd=place.directory, follow_symlinks=False)
            except OSError as error:
                self._explain(error, owner, member)
        time = max(_EARLIEST, min(_LATEST, member.mtime_ns))
        os.utime(place.name, ns=(time, time), dir_fd=place.directory, follow_symlinks=False)

    def _chown(self, descriptor: int, owner: tuple[int, int], member: Member) -> None:
        try:
            os.fchown(descriptor, *owner)
        except OSError as error:
            self._explain(error, owner, member)

    def _explain(self, error: OSError, owner: tuple[int, int], member: Member) -> None:
        if error.errno == errno.EINVAL:
            raise BadInput(
                f"{tar_reader.show(member.name)} belongs to {owner[0]}:{owner[1]}, beyond the ids this account may "
                "use; give it more in /etc/subuid and /etc/subgid"
            ) from None
        raise error

    def _attributes(self, descriptor: int, member: Member) -> None:
        for name, value in member.attributes.items():
            wanted = name == b"security.capability" or name.startswith((b"user.", b"system.posix_acl_"))
            if not wanted or name.startswith(_FORGERIES):
                self._note(f"the attribute {os.fsdecode(name)!a} was left out")
                continue
            try:
                os.setxattr(descriptor, name, value)
            except OSError as error:
                self._note(f"the attribute {os.fsdecode(name)!a} of {tar_reader.show(member.name)}: {error.strerror}")

    def _finish_directories(self) -> None:
        """Deepest first, so that no change comes after a time was set."""
        for path, member in sorted(self._directories.items(), key=lambda item: item[0].count(b"/"), reverse=True):
            if path:
                place = self._tree.place(path)
            else:
                place = self._tree.place(b"") if not self._fresh else Place(self._fresh.root, b".", b"")
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(place.name, flags, dir_fd=place.directory)
            try:
                os.fchmod(descriptor, member.mode & 0o777)
                self._dress(descriptor, member)
            finally:
                os.close(descriptor)


_MAKERS = {
    tar_reader.FILE: Unpacker._file,
    tar_reader.DIRECTORY: Unpacker._directory,
    tar_reader.SYMLINK: Unpacker._symlink,
    tar_reader.LINK: Unpacker._hardlink,
    tar_reader.FIFO: Unpacker._fifo,
    tar_reader.CHARACTER: Unpacker._device,
    tar_reader.BLOCK_DEVICE: Unpacker._device,
}


def _write_all(descriptor: int, data: memoryview) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


_ZEROS = bytes(1 << 20)


def _is_long_and_sparse(member: Member) -> bool:
    return member.segments is not None and member.size >= sparse.LONG


def _hash_zeros(digest: hashlib._Hash, count: int) -> None:
    while count > 0:
        part = min(count, len(_ZEROS))
        digest.update(memoryview(_ZEROS)[:part])
        count -= part
