"""Files of a Docker's containers and volumes: by its archives, by a shell there, by a helper that never runs."""

from __future__ import annotations

import base64
import io
import json
import stat
import struct
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, InvalidRequest, MachineError, NotFound, Unsupported
from engine.remote.docker.files import files as files_room
from engine.remote.docker.files.tar_heads import TarHeads
from engine.types.files import DirectoryEntry, FileMark, FileStat, Place
from engine.types.images import FileKind
from tests.support.images import File, directory, layer_tar, symlink
from tests.support.scripted_docker import Answer, ScriptedDocker, held

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

KEY = "c" * 64
WEB, DATA, IMAGE = (
    Place(kind=kind, id=name) for kind, name in (("container", "web"), ("volume", "data"), ("image", "shop"))
)  # type: ignore[arg-type]
ARCHIVE = f"/containers/{KEY}/archive"


def inspected(status: str = "exited") -> dict[str, Any]:
    return {"Id": KEY, "Name": "/web", "Config": {"Image": "x"}, "State": {"Status": status}}


def having(key: str = KEY, state: str = "exited", *, writable: bool = True) -> dict[str, Any]:
    mount = {"Type": "volume", "Name": "data", "Destination": "/srv/data", "RW": writable}
    return {"Id": key, "Names": ["/web"], "State": state, "Mounts": [mount]}


@pytest.fixture
def docker() -> ScriptedDocker:
    docker = ScriptedDocker()
    docker.says("GET /containers/web/json", inspected())
    docker.says(f"PUT {ARCHIVE}")
    return docker


def at(found: dict[str, Any]) -> Answer:
    return Answer(headers={"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(found).encode()).decode()})


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def only_member(data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        [member] = archive.getmembers()
        found = archive.extractfile(member)
        return member, found.read() if found else b""


# --- whole trees ---


async def test_a_containers_tree_comes_and_goes_by_its_path(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(f"GET {ARCHIVE}", Answer((b"tar", b"ball")))
    for path, asked in (("/etc", "/etc"), ("/", "/"), ("../../etc/../x/", "/x"), ("a", "/a")):
        assert await whole(engine.files.download(WEB, path)) == b"tarball"
        assert docker.last(f"GET {ARCHIVE}").query == f"path={asked}"
    await engine.files.upload(WEB, "/x", once(b"new"), no_overwrite_kind=True, copy_owner=True)
    put = docker.last("PUT")
    assert (put.query, put.body) == ("path=/x&noOverwriteDirNonDir=1&copyUIDGID=1", b"new")
    assert put.headers["Content-Type"] == "application/x-tar"
    await engine.files.upload(WEB, "/", once(b"new"))
    assert docker.last("PUT").query == "path=/"


async def test_podmans_word_for_owners_says_the_opposite(short_tmp: ShortTmp) -> None:
    docker = ScriptedDocker(Platform={"Name": "podman"})
    docker.says("GET /containers/web/json", inspected())
    docker.says(f"PUT {ARCHIVE}")
    async with held(docker, short_tmp.run) as engine:
        await engine.files.upload(WEB, "/", once(b"x"), copy_owner=True)
        assert docker.last("PUT").query == "path=/"
        await engine.files.upload(WEB, "/", once(b"x"))
        assert docker.last("PUT").query == "path=/&copyUIDGID=1"


@pytest.mark.parametrize(
    ("rows", "way"),
    [
        ([having("1" * 64), having("2" * 64, "running")], "2" * 64),
        ([having("1" * 64, "running"), having("2" * 64, "running")], "1" * 64),
        ([having("1" * 64, "running", writable=False), having("2" * 64)], "2" * 64),
        ([having("1" * 64, writable=False)], "helper"),
        ([], "helper"),
    ],
)
async def test_a_volume_is_reached_by_a_container_that_has_it_or_by_a_helper(
    docker: ScriptedDocker, short_tmp: ShortTmp, rows: list[dict[str, Any]], way: str
) -> None:
    docker.says("GET /containers/json", rows)
    docker.says("GET /volumes/data", {"Name": "data"})
    docker.says("GET /images/localhost/wherry-empty:latest/json", {"Id": "e"})
    docker.says("POST /containers/create", {"Id": "helper"})
    docker.says("DELETE /containers/helper")
    docker.says(f"GET /containers/{way}/archive", b"tar")
    async with held(docker, short_tmp.run) as engine:
        docker.asked.clear()
        assert await whole(engine.files.download(DATA, "/")) == b"tar"
        folder = "/volume" if way == "helper" else "/srv/data"
        assert docker.last(f"GET /containers/{way}/archive").query == f"path={folder}/."
        await whole(engine.files.download(DATA, "/a/../b"))
        assert docker.last(f"GET /containers/{way}/archive").query == f"path={folder}/b"
        removed = [each.line for each in docker.asked if each.method == "DELETE"]
        assert removed == (["DELETE /containers/helper?force=1"] * 2 if way == "helper" else [])
        if way == "helper":
            created = docker.last("POST /containers/create")
            assert created.query.startswith("name=wherry-look-")
            assert created.json == {
                "Labels": {"io.wherry.helper": "1"}, "Cmd": ["/x"], "Image": "localhost/wherry-empty:latest",
                "HostConfig": {"Mounts": [{"Type": "volume", "Source": "data", "Target": "/volume"}]},
            }  # fmt: skip


async def test_a_volume_that_is_not_there_is_not_made_by_looking(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    with pytest.raises(NotFound):
        await whole(engine.files.download(DATA, "/"))
    assert docker.lines() == ["GET /volumes/data"]


async def test_an_image_of_nothing_is_sent_there_once(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("GET /volumes/data", {"Name": "data"})
    docker.says("POST /images/create")
    docker.says("POST /containers/create", {"Id": "helper"})
    docker.says("GET /containers/helper/archive", b"tar")
    await whole(engine.files.download(DATA, "/"))
    sent = docker.last("POST /images/create")
    assert sent.query == "fromSrc=-&repo=localhost/wherry-empty&tag=latest"
    assert sent.headers["Content-Type"] == "application/x-tar"
    member, _ = only_member(sent.body)
    assert (member.name, member.isdir(), member.mode) == ("volume", True, 0o755)


async def test_an_images_files_are_those_of_a_container_made_of_it(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    docker.says("POST /containers/create", {"Id": "helper"})
    docker.says("GET /containers/helper/archive", b"tar")
    assert await whole(engine.files.download(IMAGE, "/etc")) == b"tar"
    assert docker.last("POST").json == {"Labels": {"io.wherry.helper": "1"}, "Cmd": ["/x"], "Image": "shop"}
    assert docker.last("GET").query == "path=/etc"
    assert docker.lines()[-1] == "DELETE /containers/helper?force=1"


async def test_marks_are_worked_out_here(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(f"GET {ARCHIVE}", layer_tar([File("a", b"hello", 0o640, 5, 6)]))
    [mark] = await engine.files.marks(WEB)
    assert isinstance(mark, FileMark)
    assert (mark.path, mark.size, mark.uid, mark.gid, mark.mode & 0o777) == ("a", 5, 5, 6, 0o640)


# --- single files ---


@pytest.mark.parametrize(
    ("go", "mode"),
    [
        (0o644, stat.S_IFREG | 0o644),
        (1 << 31 | 0o755, stat.S_IFDIR | 0o755),
        (1 << 27 | 0o777, stat.S_IFLNK | 0o777),
        (1 << 25, stat.S_IFIFO),
        (1 << 24, stat.S_IFSOCK),
        (1 << 23 | 0o755, stat.S_IFREG | 0o4755),
        (1 << 22 | 0o755, stat.S_IFREG | 0o2755),
        (1 << 31 | 1 << 20 | 0o777, stat.S_IFDIR | 0o1777),
    ],
)
async def test_a_files_mode_is_told_in_gos_bits(
    docker: ScriptedDocker, engine: RemoteEngine, go: int, mode: int
) -> None:
    said = {"name": "a", "size": 5, "mode": go, "mtime": "2026-11-28T10:00:00Z", "linkTarget": "/b"}
    docker.says(f"HEAD {ARCHIVE}", at(said), Answer())
    assert await engine.files.stat(WEB, "/a") == FileStat(
        name="a", size=5, mode=mode, mtime=1_795_860_000.0, link_target="/b"
    )
    assert docker.last("HEAD").query == "path=/a"
    assert await engine.files.stat(WEB, "/a") == FileStat(name="", size=0, mode=stat.S_IFREG, mtime=0.0)


async def test_a_file_is_read_from_where_one_says(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(f"GET {ARCHIVE}", layer_tar([File("a", b"0123456789")]))
    assert await engine.files.read(WEB, "/a") == b"0123456789"
    assert await engine.files.read(WEB, "/a", offset=3, limit=4) == b"3456"
    assert await engine.files.read(WEB, "/a", offset=30) == b""


async def test_a_directory_without_end_is_no_file_at_once(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    """All of it was read first, whatever its size."""
    docker.says(f"GET {ARCHIVE}", Answer((layer_tar([directory("d"), File("d/a", b"x")]),), then="hold"))
    with pytest.raises(InvalidRequest, match="/d is a directory") as refused:
        await engine.files.read(WEB, "/d")
    assert refused.value.subject == "/d"


async def test_what_is_written_keeps_owner_and_mode(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(f"HEAD {ARCHIVE}", at({"name": "a", "mode": 0o751}))
    docker.says(f"GET {ARCHIVE}", Answer((layer_tar([File("a", b"old", uid=5, gid=6)]),), then="hold"))
    await engine.files.write(WEB, "/etc/a", b"new")
    put = docker.last("PUT")
    member, data = only_member(put.body)
    assert (member.name, member.mode, member.uid, member.gid, data) == ("a", 0o751, 5, 6, b"new")
    assert (put.query, member.mtime > 1_700_000_000) == ("path=/etc&copyUIDGID=1", True)
    await engine.files.write(WEB, "/etc/a", b"new", mode=0o600)
    assert only_member(docker.last("PUT").body)[0].mode == 0o600


async def test_what_is_new_is_roots(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    await engine.files.write(WEB, "a", b"new")
    put = docker.last("PUT")
    member, _ = only_member(put.body)
    assert (member.mode, member.uid, member.gid, put.query) == (0o644, 0, 0, "path=/&copyUIDGID=1")
    await engine.files.make_directory(WEB, "/x/new/")
    put = docker.last("PUT")
    member, _ = only_member(put.body)
    assert (member.name, member.isdir(), member.mode, put.query) == ("new", True, 0o755, "path=/x")
    assert member.mtime > 1_700_000_000
    await engine.files.make_directory(WEB, "new")
    assert docker.last("PUT").query == "path=/"


# --- by a command in the container ---


def command(docker: ScriptedDocker, output: bytes, code: int = 0, *, stream: int = 1) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 UPGRADED\r\n\r\n" + struct.pack(">BxxxI", stream, len(output)) + output)
        writer.write_eof()
        await reader.read()

    docker.says(f"POST /containers/{KEY}/exec", {"Id": "e1"})
    docker.says("POST /exec/e1/start", Answer(talk=talk))
    docker.says("GET /exec/e1/json", {"Running": False, "ExitCode": code})


async def test_names_and_removals_take_a_command_in_a_running_container(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    for deed in (lambda: engine.files.rename(WEB, "/a", "/b"), lambda: engine.files.remove(WEB, "/a")):
        with pytest.raises(Unsupported, match="takes a container that runs"):
            await deed()
    docker.says("GET /containers/web/json", inspected("running"))
    command(docker, b"")
    await engine.files.rename(WEB, "/a/../x", "/b")
    asked = docker.last(f"POST /containers/{KEY}/exec").json
    assert (asked["Cmd"], asked["User"]) == (["mv", "-T", "--", "/x", "/b"], "0")
    await engine.files.remove(WEB, "/a")
    assert docker.last(f"POST /containers/{KEY}/exec").json["Cmd"] == ["rm", "-rf", "--", "/a"]
    command(docker, b"mv: no\n", 1, stream=2)
    with pytest.raises(InvalidRequest, match="mv did not succeed") as failed:
        await engine.files.rename(WEB, "/a", "/b")
    assert failed.value.explanation == "mv: no"


async def test_a_volume_in_a_running_container_is_changed_where_it_is_mounted(
    docker: ScriptedDocker, short_tmp: ShortTmp
) -> None:
    docker.says("GET /containers/json", [having(state="running")])
    command(docker, b"")
    async with held(docker, short_tmp.run) as engine:
        await engine.files.rename(DATA, "/../a", "/b")
        assert docker.last(f"POST /containers/{KEY}/exec").json["Cmd"] == [
            "mv", "-T", "--", "/srv/data/a", "/srv/data/b",
        ]  # fmt: skip


LISTED = (
    b"81a4 5 1 2 1700000000\na b\0\0" b"41ed 4096 0 0 1700000001\ndir\0\0" b"a1ff 3 0 0 1700000002\nlink\0a b\n\0"
    b"11a4 0 0 0 1700000003\npipe\0\0" b"2190 0 0 0 1700000004\ndev\0\0" b"stat: cannot\nlost\0\0"
)  # fmt: skip
ENTRIES = [
    DirectoryEntry(name="a b", kind=FileKind.FILE, size=5, mode=0o644, uid=1, gid=2, mtime=1_700_000_000.0),
    DirectoryEntry(name="dir", kind=FileKind.DIRECTORY, size=4096, mode=0o755, uid=0, gid=0, mtime=1_700_000_001.0),
    DirectoryEntry(
        name="link", kind=FileKind.SYMLINK, size=3, mode=0o777, uid=0, gid=0, mtime=1_700_000_002.0, link="a b",
    ),
    DirectoryEntry(name="pipe", kind=FileKind.FIFO, size=0, mode=0o644, uid=0, gid=0, mtime=1_700_000_003.0),
    DirectoryEntry(name="dev", kind=FileKind.DEVICE, size=0, mode=0o620, uid=0, gid=0, mtime=1_700_000_004.0),
]  # fmt: skip


async def test_a_running_container_lists_its_directories_by_its_shell(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    docker.says("GET /containers/web/json", inspected("running"))
    command(docker, LISTED)
    assert await engine.files.list(WEB, "/etc/") == ENTRIES
    asked = docker.last(f"POST /containers/{KEY}/exec").json["Cmd"]
    assert (asked[:2], asked[3:]) == (["sh", "-c"], ["sh", "/etc"])


def tree(*, named: bool) -> list[File]:
    inside = [
        File("etc/a", b"x" * 700, 0o640, 1, 2), directory("etc/sub"), File("etc/sub/deep", b"d"), symlink("etc/l", "a"),
        File("etc/p", kind=tarfile.FIFOTYPE), File("etc/d", kind=tarfile.CHRTYPE), File("etc/" + "n" * 150, b""),
    ]  # fmt: skip
    return [directory("etc"), *inside] if named else [File(f"./{each.path[4:]}", each.data, each.mode, each.uid,
            each.gid, each.link, each.kind) for each in inside]  # fmt: skip


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("status", ["exited", "running"])
async def test_what_has_no_shell_is_listed_by_its_archive(
    docker: ScriptedDocker, engine: RemoteEngine, status: str, *, named: bool
) -> None:
    docker.says("GET /containers/web/json", inspected(status))
    command(docker, b"sh: not found", 127)
    docker.says(f"GET {ARCHIVE}", layer_tar(tree(named=named)))
    found = {each.name: each for each in await engine.files.list(WEB, "/etc")}
    assert {name: each.kind for name, each in found.items()} == {
        "a": FileKind.FILE, "sub": FileKind.DIRECTORY, "l": FileKind.SYMLINK, "p": FileKind.FIFO,
        "d": FileKind.DEVICE, "n" * 150: FileKind.FILE,
    }  # fmt: skip
    assert found["a"] == DirectoryEntry(
        name="a", kind=FileKind.FILE, size=700, mode=0o640, uid=1, gid=2, mtime=1_700_000_000.0
    )
    assert found["l"].link == "a"


async def test_a_directory_that_is_too_large_shows_what_came_first(
    docker: ScriptedDocker, engine: RemoteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.says(f"GET {ARCHIVE}", Answer((layer_tar(tree(named=True))[:2048],), then="hold"))
    monkeypatch.setattr(files_room, "_MOST_LISTED", 2047)
    assert [each.name for each in await engine.files.list(WEB, "/etc")] == ["a"]
    docker.says(f"GET {ARCHIVE}", Answer((layer_tar([directory("etc"), File("etc/s/deep")])[:2048],), then="hold"))
    with pytest.raises(Unsupported, match="too large to be listed"):
        await engine.files.list(WEB, "/etc")
    # Without end in time, too.
    monkeypatch.setattr(files_room, "_LONGEST_LISTING", 0.0)
    monkeypatch.setattr(files_room, "_MOST_LISTED", 1 << 30)
    with pytest.raises(Unsupported, match="too large to be listed"):
        await engine.files.list(WEB, "/etc")


# --- the heads of a tar ---


@pytest.mark.parametrize("step", [1, 100, 511, 512, 513, 1 << 20])
def test_heads_are_read_whatever_the_pieces_are(step: int) -> None:
    packed = layer_tar([
        File("n" * 300, b"contents" * 100, 0o640, 5, 6), directory("d"), File("e", b""), symlink("l", "t" * 200),
        File("last", b"z" * 512),
    ])  # fmt: skip
    heads = TarHeads(keep=10)
    for begin in range(0, len(packed), step):
        heads.feed(packed[begin : begin + step])
    assert [each.name for each in heads.entries] == ["n" * 300, "d", "e", "l", "last"]
    assert (heads.entries[0].mode, heads.entries[0].uid, heads.entries[3].linkname) == (0o640, 5, "t" * 200)
    assert (bytes(heads.contents), heads.whole, heads.total) == (b"contentsco", True, len(packed))


def test_the_first_file_is_whole_with_its_last_byte() -> None:
    heads = TarHeads(keep=5)
    packed = layer_tar([File("a", b"12345")])
    heads.feed(packed[:516])
    assert (heads.whole, bytes(heads.contents)) == (False, b"1234")
    heads.feed(packed[516:517])
    assert (heads.whole, bytes(heads.contents)) == (True, b"12345")
    empty = TarHeads(keep=5)
    empty.feed(layer_tar([File("a", b"")])[:512])
    assert empty.whole


def test_heads_that_nobody_can_read_are_the_engines_fault() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, (1 << 20) + 1
    for head, words in ((info.tobuf(), "too large"), (b"x" * 512, "invalid header")):
        with pytest.raises(MachineError, match="cannot be read") as refused:
            TarHeads(keep=0).feed(head)
        assert refused.value.code is Code.BAD_RESPONSE
        assert words in refused.value.explanation
