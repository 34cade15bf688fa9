"""The keeper's own loop in this process: networks made ahead or by a worker, what limits it gives, its beginning."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from typing import TYPE_CHECKING

import pytest

from engine.sandbox import channel, subordinate
from engine.sandbox.client import Keeper
from engine.sandbox.keeper import kernel, spawning, wire
from engine.sandbox.keeper.networking import networks
from engine.sandbox.keeper.networking.plugs import Plugs
from engine.sandbox.keeper.requests import Request
from tests.support.keeper_here import ONE_ID, KeepersHere, keeper_here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.sandbox.keeper.asked.mounts import CreateNetns
    from engine.storage.paths import Paths


@pytest.fixture
async def keepers() -> AsyncIterator[KeepersHere]:
    found = KeepersHere()
    yield found
    await found.close()


@pytest.fixture
async def keeper(paths: Paths, keepers: KeepersHere, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Keeper]:
    opened = keeper_here(paths, keepers, monkeypatch)
    yield opened
    await opened.close()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker makes a network without a kernel's leave."""

    def create(asked: CreateNetns, _: object) -> None:
        with open(asked.path, "x"):
            pass

    def umount(target: str, _: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument", target)

    monkeypatch.setattr(networks, "create", create)
    monkeypatch.setattr(kernel, "umount", umount)


@pytest.mark.usefixtures("made")
async def test_a_network_is_the_one_made_ahead_or_a_worker_makes_one(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    monkeypatch.setattr(networks.Spare, "use", lambda _, path: bool(used.append(path)) or len(used) == 1)
    monkeypatch.setattr(networks.Spare, "patience", None)
    ahead, by_worker = paths.staging / "ahead", paths.staging / "by-worker"
    await keeper.create_netns(ahead)
    await keeper.create_netns(by_worker)
    assert used == [str(ahead), str(by_worker)]
    assert (ahead.exists(), by_worker.exists()) == (False, True)


@pytest.mark.usefixtures("made")
async def test_one_made_ahead_that_cannot_be_pinned_is_told(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object, path: str) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr(networks.Spare, "use", refuse)
    monkeypatch.setattr(networks.Spare, "patience", None)
    with pytest.raises(OSError, match="No space left") as refused:
        await keeper.create_netns(paths.staging / "x")
    assert refused.value.filename == str(paths.staging / "x")


@pytest.mark.usefixtures("made")
async def test_a_network_that_goes_is_forgotten_and_not_being_there_is_no_failure(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(Plugs, "forget", lambda _, path: forgotten.append(path))
    place = paths.staging / "net"
    place.touch()
    for _ in range(2):
        await keeper.remove_netns(place)
    assert (place.exists(), forgotten) == (False, [str(place)] * 2)


@pytest.mark.usefixtures("made")
async def test_a_network_that_a_dead_keeper_had_begun_is_made_anew(
    keeper: Keeper, keepers: KeepersHere, paths: Paths, monkeypatch: pytest.MonkeyPatch,
    expect_log: Callable[[str], None],
) -> None:  # fmt: skip
    expect_log("the keeper died")
    monkeypatch.setattr(networks.Spare, "patience", None)
    await keeper.execute([])
    keepers.taking_in = False
    place = paths.staging / "net"
    making = asyncio.create_task(keeper.create_netns(place))
    await asyncio.sleep(0)
    place.write_text("left half-made")
    keepers.die()
    keepers.taking_in = True
    await making
    assert place.read_text() == ""


async def test_what_is_started_may_have_open_what_the_session_gives(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawning, "_open_files", [])
    soft, hard = (min(each, 1 << 20) for each in resource.getrlimit(resource.RLIMIT_NOFILE))
    spawning.use_limits(soft - 1, hard - 1)
    spawning.use_limits(soft - 2, hard - 1)
    done = await keeper.run(["sh", "-c", "ulimit -Sn; ulimit -Hn"])
    assert done.stdout.split() == [b"%d" % (soft - 2), b"%d" % (hard - 1)]


async def test_a_message_that_came_without_its_descriptors_fails_that_call_alone(keeper: Keeper) -> None:
    await keeper.execute([])
    assert keeper._channel is not None
    wire.send(keeper._channel.socket, {"id": 4711, "error": {"kind": "os", "errno": errno.EMFILE, "text": "no"}})
    assert (await keeper.run(["true"])).code == 0


async def test_an_engine_that_begins_makes_its_store_and_starts_its_keeper(
    paths: Paths, keepers: KeepersHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "launch", keepers.launch)
    monkeypatch.setattr(subordinate, "plan", lambda recorded: ONE_ID if recorded == paths.id_map else None)
    opened = await Keeper.open(paths)
    assert keepers.begun == 1
    assert opened.ids == ONE_ID
    assert opened.pid == os.getpid()
    assert paths.presence.exists()
    await opened.close()


def test_progress_is_told_under_the_number_of_the_call() -> None:
    ours, theirs = wire.connect()
    with ours, theirs:
        Request(5, [], theirs).progress(77)
        assert wire.receive(ours) == ({"id": 5, "progress": 77}, [])
