"""`cp`: files between a container and here, as tar streams, with `cp`'s rules for what lands where."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, decode, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.cli.reach.wire import Client

_GO_DIRECTORY = 1 << 31
_GO_SYMLINK = 1 << 27
_PIECE = 1 << 18

_OPTIONS = """
-a --archive flag      Archive mode (copy all uid/gid information)
-L --follow-link flag  Always follow symbol link in SRC_PATH
-q --quiet flag        Suppress progress output during copy
"""


def cp(given: Given) -> int:
    source, target = given.arguments
    from_container, from_path = _split(source)
    to_container, to_path = _split(target)
    if from_container and to_container:
        raise UsageError("copying between containers is not supported")
    if not from_container and not to_container:
        raise UsageError("must specify at least one container source")
    client = engine()
    if from_container:
        return _from(client, from_container, from_path, to_path, follow=given.flag("follow-link"))
    return _to(client, from_path, to_container, to_path, given)


def _split(text: str) -> tuple[str, str]:
    """`CONTAINER:PATH`, or a path here. A path that begins like one is one."""
    if text.startswith((".", "/", "~")) or text == "-":
        return "", text
    name, colon, path = text.partition(":")
    return (name, path) if colon else ("", text)


def _stat(client: Client, container: str, path: str) -> dict[str, Any] | None:
    """None where there is nothing at that path."""
    answer = client.send("HEAD", f"/containers/{quote(container)}/archive", {"path": path})
    answer.close()
    if answer.status == 404:
        # A HEAD has no words: the container is missing, or the path.
        client.get(f"/containers/{quote(container)}/json")
        return None
    if answer.status >= 400:
        raise Failed(answer.status, f"cannot look at {path} in {container}")
    facts: dict[str, Any] = decode(base64.b64decode(answer.headers["x-docker-container-path-stat"]))
    return facts


# --- from a container ---


def _from(client: Client, container: str, path: str, target: str, *, follow: bool) -> int:
    if follow:
        facts = _stat(client, container, path)
        if facts and facts["mode"] & _GO_SYMLINK:
            link = facts["linkTarget"]
            path = link if link.startswith("/") else os.path.join(os.path.dirname(path), link)
    answer = client.ask("GET", f"/containers/{quote(container)}/archive", {"path": path})
    if target == "-":
        from engine.cli.streams.files import write_out

        return write_out(answer.pieces(), "")
    facts = decode(base64.b64decode(answer.headers["x-docker-container-path-stat"]))
    is_directory = bool(facts["mode"] & _GO_DIRECTORY)
    base, rename = _landing(target, path, is_directory=is_directory)
    from engine.cli.streams.unpacking import unpack

    unpack(answer.pieces(), base, rename)
    return 0


def _landing(target: str, path: str, *, is_directory: bool) -> tuple[str, str | None]:
    """Where the archive is unpacked, and what its first name becomes; "" leaves the first name out."""
    contents_only = path.rstrip().endswith("/.") or path == "."
    if os.path.isdir(target):
        return target, "" if contents_only else None
    if target.endswith("/") and not is_directory:
        raise Failed(0, f'the destination directory "{target}" must exist')
    parent = os.path.dirname(os.path.abspath(target.rstrip("/")))
    if not os.path.isdir(parent):
        raise Failed(0, f'invalid output path: directory "{parent}" does not exist')
    if is_directory and os.path.exists(target):
        raise Failed(0, f'cannot copy a directory over the file "{target}"')
    return parent, os.path.basename(os.path.abspath(target.rstrip("/")))


# --- to a container ---


def _to(client: Client, source: str, container: str, path: str, given: Given) -> int:
    asked = {
        "path": path,
        "noOverwriteDirNonDir": "true",
        "copyUIDGID": "true" if given.flag("archive") else "",
    }
    if source == "-":
        from engine.cli.streams.files import read_in

        stream = read_in("-")
    else:
        asked["path"], name, contents_only = _target(client, source, container, path, given)
        stream = _packed(
            os.path.expanduser(source), name, contents_only=contents_only, follow=given.flag("follow-link")
        )
    client.ask(
        "PUT",
        f"/containers/{quote(container)}/archive",
        asked,
        stream=stream,
        content_type="application/x-tar",
    ).close()
    return 0


def _target(client: Client, source: str, container: str, path: str, given: Given) -> tuple[str, str, bool]:
    """The directory to unpack into, the name there, and whether only a directory's contents are meant."""
    source = os.path.expanduser(source)
    if not os.path.lexists(source):
        raise Failed(0, f"lstat {source}: no such file or directory")
    is_directory = os.path.isdir(source)
    contents_only = is_directory and (source.rstrip().endswith("/.") or source == ".")
    facts = _stat(client, container, path)
    if facts is not None and facts["mode"] & _GO_SYMLINK:
        facts = _stat(client, container, path.rstrip("/") + "/.") or facts
    if facts is not None and facts["mode"] & _GO_DIRECTORY:
        return path, os.path.basename(os.path.abspath(source)), contents_only
    if facts is not None and is_directory:
        raise Failed(0, f"cannot copy a directory over the file {path}")
    if facts is None and path.endswith("/") and not is_directory:
        raise Failed(0, f"the destination directory {path} must exist in the container")
    clean = path.rstrip("/")
    return os.path.dirname(clean) or "/", os.path.basename(clean), False


def _packed(source: str, name: str, *, contents_only: bool, follow: bool) -> Iterator[bytes]:
    """A tar of the source whose top is called `name`."""
    from engine.tars.packing import pack

    def entries() -> Iterator[tuple[str, str]]:
        top = os.path.realpath(source) if follow else source
        if not contents_only:
            yield top, name
        if os.path.isdir(top) and not (os.path.islink(top) and not follow):
            for directory, folders, files in os.walk(top):
                for each in sorted([*folders, *files]):
                    path = os.path.join(directory, each)
                    inside = os.path.relpath(path, top)
                    yield path, inside if contents_only else f"{name}/{inside}"

    return pack(entries())


COMMANDS = {
    "cp": Command(
        cp,
        "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n        wherry cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
        "Copy files between a container and here",
        _OPTIONS,
        least=2,
        most=2,
    ),
}
