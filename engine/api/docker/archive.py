"""`docker cp`: the archive endpoints of a container."""

from __future__ import annotations

import base64
import posixpath
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.api.call import encode
from engine.api.docker.lookups import docker_words
from engine.api.http.decompression import decompressed
from engine.api.http.statuses import Refusal
from engine.api.shapes.times import rfc3339
from engine.errors import NotFound
from engine.types.files import Place

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.types.files import FileStat

_TAR = "application/x-tar"

# Go's file mode keeps the type in high bits of its own, and not all of stat(2)'s.
_GO_TYPES = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_GO_BITS = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))


def go_mode(mode: int) -> int:
    """stat(2)'s mode as Go's `os.FileMode`."""
    result = (mode & 0o777) | _GO_TYPES.get(stat.S_IFMT(mode), 0)
    for bit, go_bit in _GO_BITS:
        if mode & bit:
            result |= go_bit
    return result


def path_stat_header(facts: FileStat) -> str:
    record = {
        "name": facts.name,
        "size": facts.size,
        "mode": go_mode(facts.mode),
        "mtime": rfc3339(datetime.fromtimestamp(facts.mtime, UTC)),
        "linkTarget": facts.link_target,
    }
    return base64.b64encode(encode(record).rstrip()).decode()


async def _place(call: Call) -> tuple[Place, str]:
    path = call.text("path")
    if not path:
        raise Refusal(400, "bad parameter: path cannot be empty")
    if "\0" in path:
        raise Refusal(400, "bad parameter: path holds a NUL")
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    return Place(kind="container", id=container.id), path if path.startswith("/") else "/" + path


async def _stat(call: Call, place: Place, path: str) -> FileStat:
    try:
        return await call.engine.files.stat(place, path)
    except NotFound as error:
        # Docker's words, which `docker cp` looks for.
        raise Refusal(404, f"Could not find the file {path} in container {call.words['id']}") from error


async def stat_archive(call: Call) -> web.StreamResponse:
    place, path = await _place(call)
    facts = await _stat(call, place, path)
    response = call.empty(200)
    response.headers["X-Docker-Container-Path-Stat"] = path_stat_header(facts)
    return response


async def get_archive(call: Call) -> web.StreamResponse:
    place, path = await _place(call)
    facts = await _stat(call, place, path)
    headers = {"X-Docker-Container-Path-Stat": path_stat_header(facts)}
    await call.engine.containers.tell(place.id, "archive-path", {})
    return await call.send(call.engine.files.download(place, path), _TAR, headers=headers)


async def put_archive(call: Call) -> web.StreamResponse:
    place, path = await _place(call)
    facts = await _stat(call, place, path)
    if stat.S_ISLNK(facts.mode):
        facts = await _stat(call, place, posixpath.join(path, "."))
    if not stat.S_ISDIR(facts.mode):
        raise Refusal(400, "extraction point is not a directory")
    await call.engine.files.upload(
        place,
        path,
        decompressed(call.upload()),
        no_overwrite_kind=call.flag("noOverwriteDirNonDir"),
        copy_owner=call.flag("copyUIDGID"),
    )
    await call.engine.containers.tell(place.id, "extract-to-dir", {})
    return call.empty(200)
