"""A plain directory as the truth about layers: random changes to a file tree, and layers made from them by hand.

The same changes are made in a plain directory and on an overlay, by one small program (`PROGRAM`) that is given both;
what a tree looks like is asked of it too. A layer "from elsewhere" is written here from two such looks, in one of the
ways the format allows: names one by one, or a directory that hides what was below.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    Look = dict[str, dict[str, Any]]
    """By path: kind, mode, owner, contents, link, attributes, and the first of the names that share its contents."""

NAMES = ("a", "b", "c", "d", "a.wh.b", ".whx", "opq", "é")
"""Few, so that they meet; some that look like marks and are none."""
KINDS = (
    "file file file append directory directory tree remove remove_tree remove_tree replace rename rename rename_tree "
    "mode owner attribute symlink hardlink fifo touch swap"
).split()

PROGRAM = r"""
import base64, errno, json, os, shutil, stat, sys

def write(path, data, mode):
    with open(path, "ab" if mode == "a" else "wb") as file:
        file.write(data.encode())

def no_fifo(path):
    "fuse-overlayfs (1.10) cannot copy one up: it is made and removed only."
    if stat.S_ISFIFO(os.lstat(path).st_mode):
        raise OSError(errno.EPERM, "")

def remove(path):
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)

def move(source, target):
    "As mv does: what cannot be renamed is copied, links and attributes too."
    no_fifo(source)
    if renames or not stat.S_ISDIR(os.lstat(source).st_mode):
        try:
            os.rename(source, target)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    elif (target + "/").startswith(source + "/"):
        raise OSError(errno.EINVAL, "")
    elif os.path.lexists(target) and (not stat.S_ISDIR(os.lstat(target).st_mode) or os.listdir(target)):
        raise OSError(errno.ENOTEMPTY, "")
    elif not os.path.isdir(os.path.dirname(target) or "."):
        raise OSError(errno.ENOENT, "")
    if os.path.lexists(target):
        os.rmdir(target) if stat.S_ISDIR(os.lstat(target).st_mode) else os.unlink(target)
    copy(source, target, {})
    remove(source)

def copy(source, target, linked):
    found = os.lstat(source)
    if not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1 and (found.st_dev, found.st_ino) in linked:
        os.link(linked[found.st_dev, found.st_ino], target, follow_symlinks=False)
        return
    linked[found.st_dev, found.st_ino] = target
    if stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(source), target)
        os.lchown(target, found.st_uid, found.st_gid)
        return
    if stat.S_ISDIR(found.st_mode):
        os.mkdir(target)
        for name in sorted(os.listdir(source)):
            copy(source + "/" + name, target + "/" + name, linked)
    elif stat.S_ISFIFO(found.st_mode):
        os.mkfifo(target)
    else:
        shutil.copyfile(source, target)
    os.chown(target, found.st_uid, found.st_gid)
    os.chmod(target, stat.S_IMODE(found.st_mode))
    for name in os.listxattr(source):
        if name.startswith("user.t"):
            os.setxattr(target, name, os.getxattr(source, name))

def tree(path, names):
    os.mkdir(path)
    for name in names:
        write(path + "/" + name, name, "w")

def replace(path, data):
    "A file by a directory, a directory by a file."
    was_directory = stat.S_ISDIR(os.lstat(path).st_mode)
    remove(path)
    if was_directory:
        write(path, data, "w")
    else:
        tree(path, [data])

def swap(path, names):
    "A directory made anew."
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise OSError(errno.ENOTDIR, "")
    shutil.rmtree(path)
    tree(path, names)

def attribute(path, name, value):
    no_fifo(path)
    if stat.S_ISLNK(os.lstat(path).st_mode):
        raise OSError(errno.EPERM, "")
    os.setxattr(path, name, value.encode()) if value else os.removexattr(path, name)

def mode(path, bits):
    "Not setuid: fuse-overlayfs (1.10) loses it when the file is renamed, and keeps it when the file is written."
    no_fifo(path)
    if stat.S_ISLNK(os.lstat(path).st_mode):
        raise OSError(errno.EPERM, "")
    os.chmod(path, bits)

def regular(path):
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(errno.EISDIR, "")

def hardlink(source, target):
    regular(source)
    os.link(source, target, follow_symlinks=False)

DO = {
    "file": lambda path, data: (regular(path), write(path, data, "w")),
    "append": lambda path, data: (regular(path), os.lstat(path), write(path, data, "a")),
    "directory": os.mkdir, "tree": tree, "remove": remove, "remove_tree": remove, "replace": replace, "rename": move,
    "rename_tree": move, "mode": mode, "attribute": attribute, "symlink": os.symlink, "hardlink": hardlink,
    "owner": lambda path, uid, gid: (no_fifo(path), os.lchown(path, uid, gid)), "fifo": os.mkfifo,
    "touch": lambda path: (no_fifo(path), os.utime(path, (1, 1), follow_symlinks=False)),
    "swap": swap,
}

def change(root, steps, may_rename=True):
    "fuse-overlayfs (1.10) shows a directory again that was made anew and then renamed: there directories are copied."
    global renames
    renames = may_rename
    os.umask(0o022)
    os.chdir(root)
    told = []
    for kind, *arguments in steps:
        try:
            DO[kind](*arguments)
            told.append("")
        except OSError as error:
            told.append(errno.errorcode[error.errno])
    return told

def unlinked(root):
    "No two names for one file: an overlay tears them apart when one of them changes."
    for above, _, files in os.walk(root):
        for name in files:
            path = above + "/" + name
            found = os.lstat(path)
            if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
                copy(path, path + "~", {})
                os.rename(path + "~", path)

def look(root):
    seen, first = {}, {}
    for above, directories, files in os.walk(root):
        for name in [".", *files, *(each for each in directories if os.path.islink(above + "/" + each))]:
            path = os.path.normpath(above + "/" + name)
            if name == "." or not stat.S_ISDIR(os.lstat(path).st_mode):
                found = os.lstat(path)
                kind = stat.S_IFMT(found.st_mode)
                shown = os.path.relpath(path, root)
                same = first.setdefault((found.st_dev, found.st_ino), shown) if kind == stat.S_IFREG else shown
                seen[shown] = {
                    "kind": {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink",
                             stat.S_IFIFO: "fifo"}.get(kind, oct(kind)),
                    "mode": 0 if kind == stat.S_IFLNK else stat.S_IMODE(found.st_mode),
                    "owner": [found.st_uid, found.st_gid],
                    "data": open(path).read() if kind == stat.S_IFREG else "",
                    "link": os.readlink(path) if kind == stat.S_IFLNK else "",
                    "same": same,
                    "attributes": {} if kind in (stat.S_IFLNK, stat.S_IFIFO) else {
                        one: base64.b64encode(os.getxattr(path, one)).decode()
                        for one in sorted(os.listxattr(path)) if one.startswith("user.")},
                }
    del seen["."]
    return seen

asked = json.loads(sys.argv[1])
answer = []
for name, *arguments in asked:
    answer.append({"change": change, "look": look, "unlinked": unlinked}[name](*arguments))
print(json.dumps(answer))
"""


def steps(chance: random.Random, count: int, *, links: bool = True) -> list[list[Any]]:
    """Changes that now and then succeed; without `links` no file gets a second name."""
    return [step for step in (_step(chance) for _ in range(count)) if links or step[0] != "hardlink"]


def _step(chance: random.Random) -> list[Any]:
    kind = chance.choice(KINDS)
    path = _path(chance)
    data = f"{chance.randrange(1000)}\n"
    arguments: dict[str, list[Any]] = {
        "file": [path, data],
        "append": [path, data],
        "tree": [path, chance.sample(NAMES, 2)],
        "replace": [path, chance.choice(NAMES)],
        "swap": [path, chance.sample(NAMES, chance.randrange(3))],
        "rename": [path, _path(chance)],
        "rename_tree": [path, _path(chance)],
        "hardlink": [path, _path(chance)],
        "symlink": [chance.choice(NAMES), path],
        "mode": [path, chance.choice((0o600, 0o644, 0o755, 0o700, 0o640, 0o1777))],
        "owner": [path, chance.randrange(3), chance.randrange(3)],
        "attribute": [path, f"user.t{chance.randrange(2)}", chance.choice(("", "x", "yy"))],
    }
    return [kind, *arguments.get(kind, [path])]


def _path(chance: random.Random) -> str:
    names = NAMES if chance.random() < 0.2 else NAMES[:4]
    return "/".join(chance.choice(names) for _ in range(chance.choice((1, 1, 2, 2, 2, 3))))


def differences(plain: Look, found: Look) -> list[str]:
    """What is not as it should be; a name that shares its contents with another in the plain tree must do so here."""
    told = [f"{path} is missing" for path in plain.keys() - found.keys()]
    told += [f"{path} should not be there" for path in found.keys() - plain.keys()]
    for path in plain.keys() & found.keys():
        one, other = plain[path], found[path]
        told += [
            f"{path}: {key} is {other[key]!r} instead of {one[key]!r}"
            for key in ("kind", "mode", "owner", "data", "link", "attributes")
            if one[key] != other[key]
        ]
        if one["same"] != path and found[one["same"]]["same"] != other["same"]:
            told.append(f"{path} is no longer the same file as {one['same']}")
    return sorted(told)


def layer_between(before: Look, after: Look, chance: random.Random, *, below: str = "") -> bytes:
    """A layer that makes the one tree of the other, as somebody else might have written it; its names begin with
    `below`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, entry in _entries(before, after, chance):
            info = tarfile.TarInfo(below + name)
            info.mtime = 1_700_000_000
            if entry is None:
                archive.addfile(info)
                continue
            info.mode, (info.uid, info.gid) = entry["mode"], entry["owner"]
            info.pax_headers = {
                f"SCHILY.xattr.{key}": base64.b64decode(value).decode() for key, value in entry["attributes"].items()
            }
            data = entry["data"].encode()
            if entry["same"] != name:
                info.type, info.linkname = tarfile.LNKTYPE, below + entry["same"]
            elif entry["kind"] == "file":
                info.size = len(data)
            else:
                info.type = {"directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "fifo": tarfile.FIFOTYPE}[
                    entry["kind"]
                ]
                info.linkname = entry["link"]
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return buffer.getvalue()


def _entries(before: Look, after: Look, chance: random.Random) -> Iterator[tuple[str, dict[str, Any] | None]]:
    opaque = {path for path, entry in after.items() if entry["kind"] == "directory" and chance.random() < 0.25}

    def whole(path: str) -> bool:
        return any(path == each or path.startswith(each + "/") for each in opaque)

    gone = [
        path
        for path in before.keys() - after.keys()
        # Below what went, or what is no directory any more, nothing is said.
        if (parent := path.rpartition("/")[0]) == "" or after.get(parent, {}).get("kind") == "directory"
    ]
    marks = [f"{parent}/.wh.{name}".lstrip("/") for parent, _, name in (path.rpartition("/") for path in sorted(gone))]
    named = {
        *opaque,
        *gone,
        *(path for path in after if before.get(path) != after[path] or after[path]["same"] != path),
    }
    late = chance.random() < 0.5
    if not late:
        yield from ((mark, None) for mark in marks)
    for path in sorted(after, key=lambda each: each.split("/")):
        changed = before.get(path) != after[path] or after[path]["same"] != path
        shared = any(after[path]["same"] == other["same"] for name, other in after.items() if name != path)
        # A parent that is not named would be anybody's: layers name them all.
        above = any(each.startswith(path + "/") for each in named)
        if changed or whole(path) or above or shared:
            yield path, after[path]
        if path in opaque:
            yield f"{path}/.wh..wh..opq", None
    if late:
        yield from ((mark, None) for mark in marks)


def asked(*questions: tuple[Any, ...]) -> list[str]:
    """The command line that asks the program."""
    return ["python3", "-c", PROGRAM, json.dumps(questions)]
