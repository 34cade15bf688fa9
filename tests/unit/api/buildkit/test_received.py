"""A client's directory as it comes: what is made of each entry, what is kept of the time before, and the bounds."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.exceptions import GRPCError

from engine.api.buildkit.transfers import listing, receiving
from engine.api.buildkit.transfers.file_modes import as_go
from engine.api.buildkit.transfers.listing import Spool, plain_file_below
from engine.api.buildkit.transfers.receiving import DATA, FINISH, STAT, Receiver, receive_directory
from engine.api.buildkit.wire import messages_pb2 as wire
from tests.support.buildkit_session import LentSession, connected

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY, LINK = as_go(0o040755), as_go(0o120777)


def entry(path: str, mode: int = 0o644, **more: Any) -> Any:
    return wire.Packet(type=STAT, stat=wire.Stat(path=path, mode=mode, **more))


def received(root: Path, *packets: Any) -> Receiver:
    """After this list and what is to be had of it: each file gets its own path as its contents."""
    receiver = Receiver(root)
    names: dict[int, str] = {}
    with contextlib.closing(receiver):
        for number, packet in enumerate(packets):
            names[number] = packet.stat.path
            give(receiver, names, receiver.take(packet))
        give(receiver, names, receiver.take(wire.Packet(type=STAT)))
    return receiver


def give(receiver: Receiver, names: dict[int, str], wanted: list[int]) -> None:
    for number in wanted:
        receiver.take(wire.Packet(type=DATA, ID=number, data=names[number].encode()))
        give(receiver, names, receiver.take(wire.Packet(type=DATA, ID=number)))


def tree(root: Path) -> dict[str, str]:
    """What lies there, each with its kind and mode, and its contents."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            kind = f"-> {os.readlink(path)}"
        else:
            kind = f"{mode:o} " + ("dir" if path.is_dir() else path.read_text())
        found[str(path.relative_to(root))] = kind
    return found


def test_files_folders_and_links_are_made_as_they_are_listed(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    receiver = received(
        root,
        entry("a", as_go(0o040500), modTime=5 * 10**9),
        entry("a/b", DIRECTORY, modTime=6 * 10**9),
        entry("a/b/c", as_go(0o104755), modTime=7 * 10**9),
        entry("a/d", 0o200, modTime=8 * 10**9),
        entry("l", LINK, linkname="a/d"),
        entry("m", linkname="a/d"),
        entry("p", as_go(0o010600)),
        entry("z", linkname="/a/b/c"),
    )
    assert receiver.complete
    assert tree(root) == {
        "a": "700 dir", "a/b": "755 dir", "a/b/c": "4755 a/b/c", "a/d": "600 a/d", "l": "-> a/d", "m": "600 a/d",
        "z": "4755 a/b/c",
    }  # fmt: skip
    assert [os.lstat(root / each).st_mtime for each in ("a", "a/b", "a/b/c", "a/d")] == [5, 6, 7, 8]
    assert (root / "m").stat().st_ino == (root / "a/d").stat().st_ino


def test_what_has_become_another_kind_of_thing_is_made_anew(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "dir/deep").mkdir(parents=True)
    (root / "dir/deep/x").write_text("old")
    (root / "file").write_text("old")
    (root / "hard").write_text("old")
    (root / "link").symlink_to("file")
    (root / "other").symlink_to("elsewhere")
    (root / "pipe").write_text("old")
    received(
        root, entry("dir", 0o644), entry("file", DIRECTORY), entry("hard", linkname="dir"), entry("link", 0o644),
        entry("other", LINK, linkname="here"), entry("pipe", as_go(0o010600)),
    )  # fmt: skip
    assert tree(root) == {
        "dir": "644 dir", "file": "755 dir", "hard": "644 dir", "link": "644 link", "other": "-> here",
    }  # fmt: skip


def test_what_is_the_same_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    listed = (
        entry("a", DIRECTORY), entry("a/b", size=3, modTime=5 * 10**9), entry("c", LINK, linkname="x"),
        entry("d", linkname="a/b"),
    )  # fmt: skip
    received(root, *listed)
    before = {each: os.lstat(root / each).st_ino for each in ("a", "a/b", "c")}
    with contextlib.closing(Receiver(root)) as receiver:
        assert [receiver.take(each) for each in listed] == [[], [], [], []]
        receiver.take(wire.Packet(type=STAT))
        assert receiver.complete
    assert {each: os.lstat(root / each).st_ino for each in before} == before
    for changed in ({"size": 4}, {"modTime": 6 * 10**9}, {"mode": 0o600}):
        with contextlib.closing(Receiver(root)) as receiver:
            receiver.take(listed[0])
            assert receiver.take(entry(**{"path": "a/b", "size": 3, "modTime": 5 * 10**9, **changed})) == [1]
        received(root, *listed)


def test_so_many_files_are_had_at_once_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_MOST_AT_ONCE", 2)
    with contextlib.closing(Receiver(tmp_path)) as receiver:
        wanted = [receiver.take(entry(name)) for name in "abcd"]
        assert wanted == [[0], [1], [], []]
        receiver.take(wire.Packet(type=DATA, ID=1, data=b"x"))
        assert receiver.take(wire.Packet(type=DATA, ID=1)) == [2]
        assert receiver.take(wire.Packet(type=DATA, ID=0)) == [3]
        receiver.take(wire.Packet(type=STAT))
        assert not receiver.complete
        for number in (2, 3):
            receiver.take(wire.Packet(type=DATA, ID=number))
        assert receiver.complete
    assert tree(tmp_path) == {"a": "644 ", "b": "644 x", "c": "644 ", "d": "644 "}


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (wire.Packet(type=4, data=b"disk on fire"), "disk on fire"),
        (wire.Packet(type=4), "the client gave up the transfer"),
        (wire.Packet(type=DATA, ID=9, data=b"x"), "the client sent a file that was not asked for"),
        (entry("../x"), "the build context has a path that leads out of it: '../x'"),
        (entry("/x"), "the build context has a path that leads out of it: '/x'"),
        (entry(""), "the build context has a path that leads out of it: ''"),
        (entry("a/./x"), "the build context has a path that leads out of it: 'a/./x'"),
        (entry("a"), "the build context lists a path twice or out of order: 'a'"),
        (entry("A"), "the build context lists a path twice or out of order: 'A'"),
        (entry("b/x"), "the build context has a path below no directory: 'b/x'"),
        (entry("c"), "the build context has too many entries"),
    ],
)
def test_a_list_that_cannot_be_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packet: Any, words: str
) -> None:
    with contextlib.closing(Receiver(tmp_path)) as receiver:
        receiver.take(entry("a", DIRECTORY))
        monkeypatch.setattr(receiving, "_MOST_ENTRIES", 0 if "many" in words else 1)
        with pytest.raises(GRPCError) as caught:
            receiver.take(packet)
    assert caught.value.message == words


def test_a_path_in_an_error_is_shortened(tmp_path: Path) -> None:
    with contextlib.closing(Receiver(tmp_path)) as receiver, pytest.raises(GRPCError) as caught:
        receiver.take(entry("../" + "x" * 400))
    assert len(caught.value.message or "") == 300


def test_a_file_may_grow_a_little_while_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_MOST_GROWN", 4)
    with contextlib.closing(Receiver(tmp_path)) as receiver:
        receiver.take(entry("a", size=2))
        receiver.take(wire.Packet(type=DATA, ID=0, data=b"123456"))
        with pytest.raises(GRPCError) as caught:
            receiver.take(wire.Packet(type=DATA, ID=0, data=b"7"))
    assert caught.value.message == "the client sends more of a than it has"


def test_names_in_the_order_of_their_bytes_are_in_order(tmp_path: Path) -> None:
    """A folder's contents come before its neighbour, whatever sign that goes on with."""
    (tmp_path / "a.txt").write_text("old")
    received(tmp_path, entry("a", DIRECTORY), entry("a/z"), entry("a.txt"), entry("ab"))
    assert set(tree(tmp_path)) == {"a", "a/z", "a.txt", "ab"}


def test_records_are_kept_in_order_in_memory_or_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_IN_MEMORY", 16)
    with contextlib.closing(Spool(str(tmp_path))) as spool:
        assert (len(spool), spool.get()) == (0, None)
        for round_ in range(2):
            records = [bytes([65 + number]) * number for number in range(1, 9)]
            for number, each in enumerate(records):
                spool.put(each)
                if number == 3:
                    assert spool.get() == records[0]
            assert len(spool) == 7
            assert [spool.get() for _ in range(8)] == [*records[1:], None], round_
    Spool(str(tmp_path)).close()


@pytest.mark.parametrize(
    ("path", "found"),
    [("a/file", True), ("/a/file", True), ("a", False), ("nosuch", False), ("link/file", False), ("a/link", False),
     ("a/../a/file", False), ("a/file/x", False), ("", False), (".", False)],
)  # fmt: skip
def test_a_hard_link_leads_to_a_plain_file_and_through_no_link(tmp_path: Path, path: str, found: bool) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("x")
    (tmp_path / "a/link").symlink_to("file")
    (tmp_path / "link").symlink_to("a")
    assert plain_file_below(str(tmp_path), path) == (str(tmp_path / "a/file") if found else None)


# --- over a session ---


async def test_a_directory_is_asked_for_with_its_patterns_and_told_as_it_comes(tmp_path: Path) -> None:
    client, told = LentSession(), []
    client.directories = {"ctx": {"a": b"aa", "b/": b"", "b/c": b""}}
    root = tmp_path / "deep" / "in"
    async with connected(client) as session:
        await receive_directory(session, "ctx", root, told.append, follow=["a", "b c"], exclude=["x", "ö"])
    assert tree(root) == {"a": "644 aa", "b": "755 dir", "b/c": "644 "}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert told == sorted(told)
    assert told[-1] > 0
    assert client.asked == [
        (
            "directory ctx",
            {
                "followpaths": ["a", "b c"], "exclude-patterns": ["x", "%C3%B6"], "followpaths-encoded": [],
                "exclude-patterns-encoded": ["1"],
            },
        )
    ]  # fmt: skip


@pytest.mark.parametrize("value", [" a", "a ", "a\tb", "ä"])
async def test_a_pattern_that_no_header_can_hold_is_escaped(tmp_path: Path, value: str) -> None:
    client = LentSession()
    async with connected(client) as session:
        await receive_directory(session, "ctx", tmp_path / "in", lambda _: None, follow=[value])
    assert client.asked[0][1]["followpaths-encoded"] == ["1"]


async def test_a_transfer_that_ends_early_is_told(tmp_path: Path) -> None:
    class Early(LentSession):
        async def _give(self, stream: Any) -> None:
            await stream.send_message(entry("a", size=1))
            await stream.send_message(wire.Packet(type=FINISH))

    async with connected(Early()) as session:
        with pytest.raises(GRPCError, match="the transfer of ctx ended before everything was there"):
            await receive_directory(session, "ctx", tmp_path / "in", lambda _: None)


async def test_what_the_disk_does_not_take_is_told(tmp_path: Path) -> None:
    client = LentSession()
    client.directories = {"ctx": {"n" * 300: b"x"}}
    async with connected(client) as session:
        with pytest.raises(GRPCError, match="ctx cannot be received: File name too long"):
            await receive_directory(session, "ctx", tmp_path / "in", lambda _: None)
