"""What the engine asks of the keeper, by the names both ends know, and what becomes of the answers."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from engine.errors import Code, HostError, StorageError, WherryError
from engine.sandbox.asking import Answer
from engine.sandbox.client import Keeper
from engine.sandbox.failures import KeeperLost, ReplyError, may_be_repeated, translated
from engine.sandbox.ids import IdMapping, IdRange
from engine.sandbox.keeper.asked import bridges, files, mounts, programs, steps, trees
from engine.sandbox.trees import UnpackLimits
from engine.storage.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path("/root/of/it")
MANY = IdMapping((IdRange(0, 1000, 1), IdRange(1, 100_000, 65536)), (IdRange(0, 2000, 1), IdRange(1, 300_000, 9)))


class Recording(Keeper):
    """Answers everything with the same, or fails with the same."""

    def __init__(self, ids: IdMapping = MANY) -> None:
        super().__init__(Paths(Path("/store"), Path("/run/it")), ids)
        self.asked: list[NamedTuple] = []
        self.values: Any = None
        self.fds: list[int] = []
        self.failure: dict[str, Any] | None = None
        self.sent: list[bytes] = []

    async def _carry(
        self, operation: NamedTuple, fds: Sequence[int] = (), progress: Callable[[int], None] | None = None
    ) -> Answer:
        self.asked.append(operation)
        if self.failure is not None:
            raise ReplyError(self.failure)
        if isinstance(operation, files.WriteFile):
            self.sent.append(os.pread(fds[0], 1 << 20, 0))
        return Answer(self.values, self.fds)


@pytest.fixture
def keeper() -> Recording:
    return Recording()


JOIN = bridges.JoinBridge("/n", "/m", "p", "eth0", "02:00", [], 0, isolated=True)
MAKE = bridges.MakeBridge("/n", "02:00", [("10.0.0.1", 24)], 0)


@pytest.mark.parametrize(
    ("ask", "asked"),
    [
        (lambda k: k.create_netns(ROOT), mounts.CreateNetns(ROOT)),
        (lambda k: k.create_shared(ROOT, "name"), mounts.CreateShared(ROOT, "name")),
        (lambda k: k.remove_netns(ROOT), mounts.RemoveNetns(ROOT)),
        (lambda k: k.make_bridge(MAKE), MAKE),
        (lambda k: k.join_bridge(JOIN), JOIN),
        (lambda k: k.leave_bridge(ROOT, "eth0"), bridges.LeaveBridge(ROOT, "eth0")),
        (lambda k: k.rename(ROOT, "a", "b"), files.Rename(ROOT, "a", "b")),
        (lambda k: k.make_directory(ROOT, "a"), files.MakeDirectory(ROOT, "a", 0o755, (0, 0), parents=False)),
        (
            lambda k: k.make_directory(ROOT, "a", mode=0o700, owner=(1, 2), parents=True),
            files.MakeDirectory(ROOT, "a", 0o700, (1, 2), parents=True),
        ),
        (lambda k: k.remove(ROOT, "a"), files.Remove(ROOT, "a")),
        (lambda k: k.remove_unused(ROOT, Path("/r"), ("a", "b")), files.RemoveUnused(ROOT, Path("/r"), ["a", "b"])),
        (lambda k: k.write_file(ROOT, "a", b""), files.WriteFile(ROOT, "a", None, None)),
        (
            lambda k: k.write_file(ROOT, "a", b"x", mode=0o600, owner=(1, 2)),
            files.WriteFile(ROOT, "a", 0o600, (1, 2)),
        ),
        (lambda k: k.copy_tree(ROOT, Path("/t")), trees.CopyTree(ROOT, Path("/t"))),
        (lambda k: k.remove_tree(ROOT), trees.RemoveTree(ROOT)),
        (lambda k: k.sync(ROOT), trees.Sync(ROOT)),
    ],
)
async def test_what_is_asked_is_what_was_meant(keeper: Recording, ask: Any, asked: NamedTuple) -> None:
    await ask(keeper)
    assert keeper.asked == [asked]


@pytest.mark.parametrize(
    ("ask", "values", "answer"),
    [
        (lambda k: k.mounts(), [["/", "/proc", "proc"]], [mounts.Mount("/", "/proc", "proc")]),
        (lambda k: k.list_directory(ROOT, "/"), [list(range(11))], [files.FileInfo(*range(11))]),  # type: ignore[arg-type]
        (lambda k: k.stat(ROOT, "/"), list(range(11)), files.FileInfo(*range(11))),  # type: ignore[arg-type]
        (lambda k: k.missing_places(ROOT, ("a",)), ["/a"], ["/a"]),
        (lambda k: k.real_path(ROOT, "a"), "/b", "/b"),
        (lambda k: k.remove_trees([ROOT], mounted="rootfs"), [["/x", "busy"]], {Path("/x"): "busy"}),
        (lambda k: k.tree_size(ROOT), [1, 2, 3], trees.TreeSize(1, 2, 3)),
        (lambda k: k.layer_damage(ROOT, Path("/i")), "etc/passwd", "etc/passwd"),
        (lambda k: k.pack(ROOT, 1), ["a note"], ("a note",)),
    ],
)
async def test_answers_are_what_both_ends_know(keeper: Recording, ask: Any, values: Any, answer: Any) -> None:
    keeper.values = values
    assert await ask(keeper) == answer


async def test_paths_and_choices_go_along(keeper: Recording) -> None:
    keeper.values = []
    await keeper.mounts(ROOT)
    await keeper.mounts()
    await keeper.missing_places(ROOT, ("a", "b"))
    await keeper.remove_trees([ROOT])
    assert keeper.asked == [
        mounts.Mounts(ROOT), mounts.Mounts(""), files.MissingPlaces(ROOT, ["a", "b"]), trees.RemoveTrees([ROOT], ""),
    ]  # fmt: skip
    keeper.asked.clear()
    keeper.values = list(range(11))
    await keeper.stat(ROOT, "a", follow=True)
    await keeper.stat(ROOT, "a")
    assert keeper.asked == [files.Stat(ROOT, "a", follow=True), files.Stat(ROOT, "a", follow=False)]


async def test_contents_of_any_length_are_sent_whole(keeper: Recording) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for data in (b"", b"words", os.urandom(300_000)):
        await keeper.write_file(ROOT, "a", data)
        assert keeper.sent.pop() == data
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("uid", "ids", "copied"),
    [(0, MANY, 5), (1000, MANY, -1), (0, IdMapping((IdRange(0, 0, 1),), (IdRange(0, 0, 1),)), -1)],
)
async def test_only_to_a_stranger_a_copy_is_given(
    monkeypatch: pytest.MonkeyPatch, uid: int, ids: IdMapping, copied: int
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    keeper = Recording(ids)
    keeper.fds = [77]
    assert await keeper.open_file(ROOT, "a", os.O_RDONLY, most=5) == 77
    assert keeper.asked == [files.OpenFile(ROOT, "a", os.O_RDONLY, 0o644, copied)]
    given: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "chown", lambda *each: given.append(each))
    keeper.give(5, Path("/pipe"))
    assert given == ([(5, 1000, 2000), (Path("/pipe"), 1000, 2000)] if copied == 5 else [])


async def test_an_archive_is_bounded_and_goes_where_it_was_meant(keeper: Recording) -> None:
    keeper.values = ["sha256:x", 5, 6, []][: len(trees.Unpacked._fields)]
    done = await keeper.unpack(0, ROOT)
    assert done.diff_id == "sha256:x"
    await keeper.unpack(
        0, ROOT, index=Path("/i"), layer=False, limits=UnpackLimits(7, 8), owner=(1, 2), no_overwrite_kind=True,
        root=Path("/r"),
    )  # fmt: skip
    plain, chosen = keeper.asked
    assert plain._asdict() == {
        "target": ROOT, "root": ROOT, "index_at": "", "layer": True, "most_bytes": 256 << 30,
        "most_entries": 4_000_000, "owner": None, "single_id": False, "no_overwrite_kind": False,
    }  # fmt: skip
    assert chosen._asdict() == {
        "target": ROOT, "root": Path("/r"), "index_at": Path("/i"), "layer": False, "most_bytes": 7,
        "most_entries": 8, "owner": (1, 2), "single_id": False, "no_overwrite_kind": True,
    }  # fmt: skip


async def test_a_tree_is_packed_as_it_was_wished(keeper: Recording) -> None:
    keeper.values = []
    await keeper.pack(ROOT, 1)
    mounted = [(Path("/v"), "/data", "top/data")]
    await keeper.pack(ROOT, 1, path="/d", name="top", marks="overlay", latest=5, mounted=mounted)
    assert keeper.asked == [
        trees.Pack(ROOT, "/", None, "", None, []),
        trees.Pack(ROOT, "/d", "top", "overlay", 5, [trees.Beside(Path("/v"), "/data", "top/data")]),
    ]


async def test_sockets_of_another_network_are_ours_to_use(keeper: Recording) -> None:
    one, other = socket.socketpair()
    keeper.fds = [os.dup(one.fileno())]
    [found] = await keeper.open_sockets("/ns", socket.AF_INET6, 1)
    assert not found.getblocking()
    found.close()
    keeper.fds = [one.detach()]
    speaking = await keeper.speak_to_filter(Path("/ns"))
    assert speaking.getblocking()
    speaking.close()
    other.close()
    assert keeper.asked == [
        mounts.OpenSockets("/ns", socket.AF_INET6, socket.SOCK_STREAM, 0, 1),
        mounts.OpenSockets("/ns", socket.AF_NETLINK, socket.SOCK_RAW, 12, 1),
    ]


# --- failures ---


async def test_a_plan_that_fails_names_its_step_and_a_full_disk_is_called_so(keeper: Recording) -> None:
    plan = [steps.Remove("/a"), steps.Link("/l", "x")]
    keeper.failure = {"kind": "os", "errno": errno.EIO, "text": "Input/output error", "path": "/l.new", "step": 1}
    with pytest.raises(StorageError) as refused:
        await keeper.execute(plan)
    assert keeper.asked == [mounts.Execute([("Remove", plan[0]), ("Link", plan[1])])]
    assert (refused.value.title, refused.value.explanation) == ("Could not link /l to x", "Input/output error.")
    assert refused.value.code is Code.MOUNT_FAILED
    assert refused.value.details == f"{plan[1]}\nInput/output error: /l.new"
    cause = refused.value.__cause__
    assert isinstance(cause, OSError)
    assert (cause.errno, cause.filename) == (errno.EIO, "/l.new")

    keeper.failure["errno"] = errno.ENOSPC
    with pytest.raises(StorageError) as full:
        await keeper.execute(plan)
    assert (full.value.code, full.value.explanation) == (Code.DISK_FULL, "Could not link /l to x.")
    assert full.value.details
    keeper.failure = {"kind": "bug", "text": "Traceback"}
    with pytest.raises(WherryError, match="in a way it should not"):
        await keeper.execute(plan)


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ({"kind": "os", "errno": errno.ENOENT, "text": "No such file", "path": "/x"}, FileNotFoundError, "/x"),
        ({"kind": "os", "errno": errno.EACCES, "text": "No"}, PermissionError, "No"),
        ({"kind": "os", "errno": errno.EMFILE, "text": "Too many"}, HostError, "Too many open files"),
        ({"kind": "input", "text": "no tar"}, StorageError, "no tar"),
        ({"kind": "worker", "text": "ended with -9"}, KeeperLost, "ended with -9"),
        ({"kind": "bug", "text": "Traceback"}, WherryError, "in a way it should not"),
        ({}, WherryError, "in a way it should not"),
    ],
)
def test_a_failure_is_what_it_was(answer: dict[str, Any], kind: type[Exception], told: str) -> None:
    found = translated(ReplyError(answer))
    assert type(found) is kind
    assert told in f"{found} {getattr(found, 'subject', '')}"
    if isinstance(found, OSError):
        assert (found.errno, found.filename) == (answer["errno"], answer.get("path"))
    if answer.get("kind") == "input":
        assert found.code is Code.BAD_ARCHIVE  # type: ignore[attr-defined]
    if answer.get("kind") == "bug":
        assert found.details == "Traceback"  # type: ignore[attr-defined]


def test_an_answer_without_words_is_a_bug() -> None:
    found = ReplyError({})
    assert (found.kind, found.text, found.errno, found.path, found.step, found.lost) == ("bug", "", 0, "", -1, [])


@pytest.mark.parametrize(
    ("operation", "may"),
    [
        (files.Stat(ROOT, "a"), True),
        (files.OpenFile(ROOT, "a", os.O_RDWR | os.O_CREAT, 0, -1), True),
        (files.OpenFile(ROOT, "a", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0, -1), False),
        (mounts.Execute([]), True),
        (trees.RemoveTree(ROOT), True),
        (trees.CopyTree(ROOT, ROOT), False),
        (trees.Pack(ROOT, "/", None, "", None, []), False),
        (programs.Spawn([], {}, "/", [], born_in=False, new_session=False), False),
        (programs.Close(), False),
    ],
)
def test_only_what_can_be_taken_for_done_is_asked_again(operation: NamedTuple, may: bool) -> None:
    assert may_be_repeated(operation) is may


@pytest.mark.parametrize(
    ("inside", "uid", "gid"), [(0, 1000, 2000), (1, 100_000, 300_000), (9, 100_008, 300_008), (10, 100_009, None),
                               (65536, 165_535, None), (65537, None, None)],
)  # fmt: skip
def test_an_id_inside_is_one_outside_or_none(inside: int, uid: int | None, gid: int | None) -> None:
    assert (MANY.outside_uid(inside), MANY.outside_gid(inside)) == (uid, gid)
    assert not MANY.single_id
