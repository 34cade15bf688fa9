"""The engine's end of the names server: started when it is needed, told of changes, replaced, let go."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.networks.neighbours import names_process
from engine.networks.neighbours.names_process import NamesProcess
from tests.fakes.network_ground import NetworkGround, OwnPaths, end, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from tests.support.stores import ShortTmp


@dataclass
class Spoken:
    ground: NetworkGround
    document: dict[str, Any] = field(default_factory=lambda: {"networks": {"n": {}}, "relays": [], "members": []})

    def __post_init__(self) -> None:
        self.names = self.another()

    def another(self) -> NamesProcess:
        return NamesProcess(self.ground.paths, cast("Keeper", self.ground), lambda: self.document)

    @property
    def server(self) -> Any:
        return self.ground.names

    def member(self, key: str, *, limited: bool) -> None:
        self.document["members"].append({"key": key} | ({"egress": {}} if limited else {}))

    async def settled(self) -> None:
        while self.names._tasks:
            await asyncio.gather(*self.names._tasks)


@pytest.fixture
async def spoken(short_tmp: ShortTmp) -> AsyncIterator[Spoken]:
    made = Spoken(NetworkGround(OwnPaths(short_tmp.root, short_tmp.run)))
    yield made
    await made.names.close()
    await made.ground.close()


async def test_it_starts_with_the_first_network_that_is_used(spoken: Spoken) -> None:
    spoken.document["networks"] = {}
    await spoken.names.tell()
    assert (spoken.server.starts, spoken.names.pid) == (0, 0)
    assert spoken.server.table == spoken.document, "written all the same"
    spoken.document["relays"] = [{"host": 1}]
    await spoken.names.tell()
    assert spoken.server.starts == 1
    assert spoken.names.pid == spoken.server.process.pid
    spoken.document |= {"networks": {"n": {}}, "relays": []}
    await spoken.names.tell()
    assert (spoken.server.starts, spoken.server.table) == (1, spoken.document)
    assert spoken.server.heard == ["state", "load", "load"]


async def test_its_program_is_started_by_itself(spoken: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []
    spawn = spoken.ground.spawn

    async def noted(argv: list[str], *, env: dict[str, str], pass_fds: dict[int, int]) -> Any:
        started.append((argv, env))
        child = await spawn(argv, env=env, pass_fds=pass_fds)
        children.append(child)
        return child

    children: list[Any] = []
    monkeypatch.setattr(spoken.ground, "spawn", noted)
    await spoken.names.tell()
    [(argv, env)] = started
    paths = spoken.ground.paths
    assert argv[1:3] == ["-I", "-S"]
    assert argv[3].endswith("engine/networks/names")
    assert argv[4:6] == [str(paths.names_table), str(paths.names_socket)]
    assert len(argv[6]) == 16
    assert set(argv[6]) <= set("0123456789abcdef")
    assert env["LANG"] == "C.UTF-8"
    assert [each.is_closed for each in children] == [True]


async def test_what_did_not_change_is_not_told_again(spoken: Spoken) -> None:
    await spoken.names.tell()
    written = spoken.ground.paths.names_table.stat().st_ino
    await spoken.names.tell()
    assert spoken.server.heard == ["state", "load"]
    assert spoken.ground.paths.names_table.stat().st_ino == written
    assert spoken.ground.asked == ["give names.new"]
    assert not list(spoken.ground.paths.inside.glob("*.new"))


async def test_many_who_wait_are_told_together(spoken: Spoken) -> None:
    await spoken.names.tell()
    for number in range(5):
        spoken.document["members"].append({"key": str(number)})
        spoken.names.tell_soon()
    await spoken.names.tell()
    await spoken.settled()
    assert spoken.server.heard.count("load") == 2
    assert len(spoken.server.table["members"]) == 5


async def test_who_is_closed_is_known_when_it_was_told(spoken: Spoken) -> None:
    spoken.member("web", limited=True)
    spoken.member("db", limited=False)
    await spoken.names.tell()
    assert (spoken.names.guarded, spoken.names.filtered) == ({"web"}, {"web"})
    spoken.server.has_filter = False
    spoken.member("store", limited=True)
    await spoken.names.tell()
    assert (spoken.names.guarded, spoken.names.filtered) == ({"web", "store"}, set())


async def test_one_of_an_earlier_engine_is_spoken_to(spoken: Spoken) -> None:
    await spoken.names.tell()
    spoken.member("web", limited=True)
    again = spoken.another()
    await again.tell()
    assert (spoken.server.starts, again.pid, again.guarded) == (1, spoken.names.pid, {"web"})
    spoken.document["networks"] = {}
    await again.close()
    await spoken.names.close()


@pytest.mark.parametrize("former", ["another version", "nobody there"])
async def test_one_of_another_version_is_replaced(spoken: Spoken, former: str) -> None:
    await spoken.server.start("older")
    if former == "nobody there":
        await spoken.server.stop()
    await spoken.names.tell()
    assert spoken.server.starts == 2
    assert spoken.server.version != "older"
    assert spoken.names.pid == spoken.server.process.pid


async def test_one_that_is_killed_is_started_again(spoken: Spoken) -> None:
    await spoken.names.tell()
    spoken.member("web", limited=True)
    former = spoken.names.pid
    process = spoken.server.process
    spoken.server.process = None
    await spoken.server.stop()
    end(process)
    await until(lambda: spoken.names.pid not in (0, former))
    await spoken.settled()
    assert spoken.server.starts == 2
    assert spoken.names.guarded == {"web"}


async def test_one_that_is_killed_where_nobody_needs_it_stays_away(spoken: Spoken) -> None:
    await spoken.names.tell()
    spoken.document["networks"] = {}
    process = spoken.server.process
    spoken.server.process = None
    await spoken.server.stop()
    end(process)
    await until(lambda: not spoken.names.pid)
    await spoken.settled()
    assert spoken.server.starts == 1


async def test_a_broken_line_to_it_is_noticed_with_the_next_word(spoken: Spoken) -> None:
    await spoken.names.tell()
    await spoken.server.stop()
    spoken.names._watch = lambda pid: None  # type: ignore[method-assign]
    spoken.member("web", limited=True)
    await spoken.names.tell()
    assert spoken.server.starts == 2
    assert spoken.names.guarded == {"web"}


async def test_now_and_then_it_is_looked_after(spoken: Spoken, expect_log: Callable[[str], None]) -> None:
    expect_log("ended at once")
    await spoken.names.look()
    assert spoken.server.starts == 0, "nothing was ever told"
    spoken.server.ends_at_once = True
    await spoken.names.tell()
    assert (spoken.server.starts, spoken.names.pid) == (0, 0)
    spoken.server.ends_at_once = False
    await spoken.names.look()
    assert spoken.server.starts == 1
    await spoken.names.look()
    assert spoken.server.heard == ["state", "load"]


async def test_one_that_ends_at_once_is_a_warning(spoken: Spoken, expect_log: Callable[[str], None]) -> None:
    expect_log("WARNING .*the names server ended at once")
    spoken.server.ends_at_once = True
    await spoken.names.tell()
    assert spoken.names.pid == 0
    assert spoken.names.guarded == frozenset()


async def test_what_cannot_be_written_is_a_warning_where_nobody_waits(
    spoken: Spoken, expect_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("WARNING .*names could not be told: .*no room")

    def full(*files: int | Path) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr(spoken.ground, "give", full)
    spoken.names.tell_soon()
    await spoken.settled()
    with pytest.raises(OSError, match="no room"):
        await spoken.names.tell()


async def test_names_of_addresses_are_asked_in_pieces(spoken: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_process, "_MOST_ASKED", 2)
    assert await spoken.names.names_of(["192.0.2.1"]) == {}
    await spoken.names.tell()
    spoken.server.names = {f"192.0.2.{number}": f"host{number}" for number in range(4)}
    found = await spoken.names.names_of([f"192.0.2.{number}" for number in range(1, 6)])
    assert found == {"192.0.2.1": "host1", "192.0.2.2": "host2", "192.0.2.3": "host3"}
    assert spoken.server.heard.count("heard") == 3
    await spoken.server.stop()
    assert await spoken.names.names_of(["192.0.2.1"]) == {}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_process, "_AGAIN_SECONDS", 0.001)


async def test_questions_are_heard_over_servers_that_are_replaced(spoken: Spoken, quick: None) -> None:
    async with aclosing(spoken.names.watch()) as lines, asyncio.timeout(10):
        waiting = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        await spoken.names.tell()
        await spoken.server.is_watched.wait()
        spoken.server.tell(1, "first")
        assert await waiting == [1, "first"]
        spoken.server.is_watched.clear()
        waiting = asyncio.ensure_future(anext(lines))
        await spoken.server.stop()
        await spoken.names.tell()
        spoken.member("x", limited=False)
        await spoken.names.tell()
        await spoken.server.is_watched.wait()
        spoken.server.tell(2, "second")
        assert await waiting == [2, "second"]


async def test_nobody_is_heard_after_the_end(spoken: Spoken, quick: None) -> None:
    lines = spoken.names.watch()
    waiting = asyncio.ensure_future(anext(lines))
    await asyncio.sleep(0)
    await spoken.names.close()
    with pytest.raises(StopAsyncIteration):
        async with asyncio.timeout(10):
            await waiting


async def test_it_leaves_with_the_last_that_needs_it(spoken: Spoken) -> None:
    await spoken.names.tell()
    process = spoken.server.process
    spoken.document["networks"] = {}
    await spoken.names.close()
    assert spoken.server.heard[-1] == "leave"
    assert process.poll() is not None
    await spoken.names.tell()
    spoken.names.tell_soon()
    await spoken.settled()
    await spoken.names.look()
    assert spoken.server.starts == 1, "closed is closed"


async def test_it_stays_where_somebody_needs_it(spoken: Spoken) -> None:
    spoken.names.tell_soon()
    await spoken.names.close()
    assert spoken.server.starts == 1, "what was begun is told first"
    assert spoken.server.heard == ["state", "load"]
    assert spoken.server.process.poll() is None


async def test_one_that_does_not_answer_is_not_waited_for_for_ever(
    spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spoken.names.tell()
    monkeypatch.setattr(names_process, "_ANSWER_SECONDS", 0.01)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    await spoken.server.stop()
    spoken.names._forget()
    spoken.ground.paths.names_socket.unlink(missing_ok=True)
    deaf = await asyncio.start_unix_server(silent, str(spoken.ground.paths.names_socket))
    spoken.document["networks"] = {}
    spoken.member("x", limited=False)
    await spoken.names.tell()
    assert spoken.names.pid == 0
    assert json.loads(spoken.ground.paths.names_table.read_bytes()) == spoken.document
    await spoken.names.close()
    deaf.close()
    await deaf.wait_closed()
