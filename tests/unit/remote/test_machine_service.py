"""The machines of the list: added, changed, removed, tried, and each with its engine when somebody wants it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, MachineError, NotFound, WherryError
from engine.events.bus import EventBus
from engine.machines import known_elsewhere, machine_list
from engine.machines.machine_list import Entry
from engine.operations.registry import OperationRegistry
from engine.processes.podman_service import PodmanService
from engine.remote.machine_engine import no_login
from engine.remote.machines import MachineService
from engine.types.machines import Found, Link, Machine, Suggestion
from tests.support.scripted_docker import ScriptedDocker, served, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores import ShortTmp

HERE: Any = object()


@pytest.fixture(autouse=True)
def _knows_nothing(monkeypatch: pytest.MonkeyPatch, short_tmp: ShortTmp) -> None:
    """This computer's own docker, podman and ssh are not asked."""
    monkeypatch.setenv("HOME", str(short_tmp.path))
    for name in ("DOCKER_CONFIG", "XDG_CONFIG_HOME", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(known_elsewhere, "everywhere", dict)


@pytest.fixture
async def machines(short_tmp: ShortTmp) -> AsyncIterator[MachineService]:
    made = MachineService(
        run=short_tmp.run, store=short_tmp.root, under_way=short_tmp.root / "moves-under-way.json", here=lambda: HERE,
        operations=OperationRegistry(EventBus()), find_login=no_login,
    )  # fmt: skip
    yield made
    await made.close()


async def names(machines: MachineService) -> list[str]:
    return [each.name for each in await machines.list()]


async def test_a_machine_is_added_changed_and_removed(machines: MachineService, short_tmp: ShortTmp) -> None:
    wanted = Machine(
        name="a", address="tcp://host", kind="docker", through="docker", description="d", ca_file="/ca",
        certificate="/c", key="/k", unchecked=True,
    )  # fmt: skip
    made = await machines.add(wanted)
    assert (made.address, made.kind, made.link) == ("tcp://host:2376", "docker", Link.NONE)
    assert list(await machines.list()) == [made]
    assert machine_list.read(str(short_tmp.root))["a"] == Entry(
        "a", "tcp://host:2376", "docker", "docker", "d", "/ca", "/c", "/k", unchecked=True
    )
    with pytest.raises(Conflict, match="“a” already") as taken:
        await machines.add(Machine(name="a", address="unix:///x"))
    assert (taken.value.code, taken.value.subject) == (Code.NAME_TAKEN, "a")
    await machines.add(Machine(name="b", address="ssh://b"))
    await machines.add(Machine(name="c", address="ssh://c"))
    changed = await machines.change("b", Machine(name="new", address="ssh://other"))
    assert (changed.name, changed.address) == ("new", "ssh://other")
    assert await names(machines) == ["a", "new", "c"], "it keeps its place"
    await machines.change("new", Machine(name="new", address="ssh://third"))
    with pytest.raises(Conflict, match="“a” already"):
        await machines.change("new", Machine(name="a", address="ssh://x"))
    machine_list.choose("c", str(short_tmp.root))
    await machines.remove("new")
    assert machine_list.chosen(str(short_tmp.root)) == "c"
    await machines.remove("c")
    assert machine_list.chosen(str(short_tmp.root)) == "", "what is gone is chosen no more"
    assert await names(machines) == ["a"]


async def test_a_machine_that_cannot_be_is_refused(machines: MachineService, short_tmp: ShortTmp) -> None:
    for machine in (Machine(name="a/b", address="ssh://x"), Machine(name="a", address="what://x")):
        with pytest.raises(InvalidRequest) as refused:
            await machines.add(machine)
        assert refused.value.subject == machine.name
    for deed in (machines.remove("x"), machines.change("x", Machine(name="x", address="ssh://x"))):
        with pytest.raises(NotFound, match="no machine “x” in the list") as gone:
            await deed
        assert gone.value.subject == "x"
    with pytest.raises(NotFound, match="no machine “x”"):
        await machines.engine("x")
    with pytest.raises(InvalidRequest, match="what"):
        await machines.engine("what://x")
    short_tmp.root.mkdir(exist_ok=True)
    (short_tmp.root / "machines.toml").write_text("[machine")
    with pytest.raises(InvalidRequest, match="list of machines cannot be used"):
        await machines.list()


async def test_what_others_know_is_listed_and_ones_own_counts_first(
    machines: MachineService, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {
        "prod": Entry("prod", "ssh://prod", source="docker"), "box": Entry("box", "ssh://box", source="podman"),
        "odd": Entry("odd", "ssh://odd", source="else"),
    }  # fmt: skip
    monkeypatch.setattr(known_elsewhere, "everywhere", lambda: dict(elsewhere))
    await machines.add(Machine(name="prod", address="ssh://mine"))
    found = {each.name: (each.address, each.source) for each in await machines.list()}
    assert found == {
        "prod": ("ssh://mine", ""), "box": ("ssh://box", "podman"), "odd": ("ssh://odd", ""),
    }  # fmt: skip
    with pytest.raises(NotFound):
        await machines.remove("box")


async def test_who_watches_the_list_hears_of_changes(machines: MachineService) -> None:
    async with contextlib.aclosing(machines.watch()) as lists:
        assert await anext(lists) == []
        await machines.add(Machine(name="a", address="ssh://a"))
        assert [each.name for each in await anext(lists)] == ["a"]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ({}, "docker"), ({"Components": [{"Name": "Podman Engine"}]}, "podman"),
        ({"Platform": {"Name": "Wherry"}}, "wherry"),
    ],
)  # fmt: skip
async def test_an_address_is_tried(
    machines: MachineService, short_tmp: ShortTmp, version: dict[str, Any], kind: str
) -> None:
    docker = ScriptedDocker(**version)
    info = {"Name": "box", "OperatingSystem": "Debian", "Containers": 3, "ContainersRunning": 2, "Images": 5}
    docker.says("GET /info", info, {})
    async with served(docker, short_tmp.run / "s"):
        found = await machines.find_out(Machine(name="", address=f"unix://{short_tmp.run}/s"))
        assert 0 < found.round_trip < 20
        assert found == Found(
            kind=kind, version="28.5.2", host_name="box", operating_system="Debian", containers=3, running=2, images=5,  # type: ignore[arg-type]
            round_trip=found.round_trip,
        )  # fmt: skip
        bare = await machines.find_out(Machine(name="x", address=f"unix://{short_tmp.run}/s"))
        assert (bare.host_name, bare.containers, bare.running, bare.images) == ("", 0, 0, 0)
    with pytest.raises(MachineError):
        await machines.find_out(Machine(name="", address=f"unix://{short_tmp.run}/none"))


async def test_an_engine_is_opened_once_and_what_was_found_is_written_down(
    machines: MachineService, short_tmp: ShortTmp
) -> None:
    address = f"unix://{short_tmp.run}/s"
    await machines.add(Machine(name="box", address=address))
    assert await machines.engine("") is HERE
    assert not await machines.connected("box", 0.0)
    async with served(ScriptedDocker(), short_tmp.run / "s"):
        engine = await machines.ready("box", 20.0)
        assert engine is await machines.engine("box")
        await until(lambda: machine_list.read(str(short_tmp.root))["box"].kind == "docker")
        [shown] = await machines.list()
        assert (shown.kind, shown.version, shown.link, shown.problem) == ("docker", "28.5.2", Link.CONNECTED, None)
        assert shown.since is not None
        assert machine_list.read(str(short_tmp.root))["box"].through == "docker"
        # At an address that stands in no list, too.
        other = await machines.ready(address, 20.0)
        assert other is not engine
        assert await names(machines) == ["box"]
        await machines.remove("box")
        with pytest.raises(NotFound):
            await machines.engine("box")


async def test_a_machine_that_is_not_there_says_why(machines: MachineService, short_tmp: ShortTmp) -> None:
    await machines.add(Machine(name="box", address=f"unix://{short_tmp.run}/s"))
    with pytest.raises(MachineError, match="no engine at") as away:
        await machines.ready("box", 20.0)
    assert away.value.subject == "box"
    [shown] = await machines.list()
    assert shown.link is Link.UNREACHABLE
    assert shown.problem is not None
    # It is looked for again when somebody wants it.
    async with served(ScriptedDocker(), short_tmp.run / "s"):
        await machines.engine("box")
        assert await machines.connected("box", 20.0)


async def test_what_this_computer_suggests(
    machines: MachineService, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_tmp.run))
    asked: list[str] = []

    def listens(path: str) -> bool:
        asked.append(path)
        return path != "/run/podman/podman.sock"

    monkeypatch.setattr(known_elsewhere, "listens", listens)
    monkeypatch.setattr(known_elsewhere, "ssh_hosts", lambda: ["far", "near"])
    monkeypatch.setattr(known_elsewhere, "has_podman_store", lambda: True)
    monkeypatch.setattr(known_elsewhere, "podman_socket", lambda: "/none")
    monkeypatch.setattr(PodmanService, "can_start", staticmethod(lambda: True))
    await machines.add(Machine(name="near", address="ssh://near"))
    podman = f"unix://{short_tmp.run}/podman.sock"
    assert await machines.suggestions() == [
        Suggestion(address="unix:///run/docker.sock", source="here"),
        Suggestion(address=f"unix://{short_tmp.run}/podman/podman.sock", source="here"),
        Suggestion(address=podman, source="store"),
        Suggestion(address="ssh://far", source="ssh", name="far"),
    ], "not Wherry's own socket, and not what is in the list"
    assert asked == [
        "/run/docker.sock", "/run/podman/podman.sock", f"{short_tmp.run}/docker.sock",
        f"{short_tmp.run}/podman/podman.sock",
    ]  # fmt: skip
    for room, name, value in (
        (known_elsewhere, "podman_socket", lambda: "/run/docker.sock"),
        (known_elsewhere, "has_podman_store", lambda: False),
        (PodmanService, "can_start", staticmethod(lambda: False)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(room, name, value)
            assert podman not in [each.address for each in await machines.suggestions()]


async def test_a_podman_that_cannot_be_started_says_why(
    machines: MachineService, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PodmanService, "start", lambda _: "It is broken.")
    with pytest.raises(MachineError, match="Podman cannot be asked") as broken:
        await machines.engine(f"unix://{short_tmp.run}/podman.sock")
    assert (broken.value.explanation, broken.value.subject) == ("It is broken.", "podman")
    monkeypatch.setattr(PodmanService, "start", lambda _: "")
    engine: Any = await machines.engine(f"unix://{short_tmp.run}/podman.sock")
    assert engine.entry.through == "podman"


async def test_what_can_be_brought_over_is_asked_of_all_that_are_here(
    machines: MachineService, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.moving import bringing

    asked: list[tuple[Any, str]] = []

    async def things_of(_: Any, here: Any, address: str) -> list[str]:
        asked.append((here, address))
        return [address]

    monkeypatch.setattr(bringing, "things_of", things_of)
    good, bad = f"unix://{short_tmp.run}/s", f"unix://{short_tmp.run}/none"
    found = [Suggestion(address=each, source="here") for each in (bad, good)]

    async def suggestions() -> list[Suggestion]:
        return [*found, Suggestion(address="ssh://far", source="ssh")]

    monkeypatch.setattr(machines, "suggestions", suggestions)
    async with served(ScriptedDocker(), short_tmp.run / "s"):
        assert await machines.bringable() == [good]
        assert asked == [(HERE, good)]
        assert await machines.bringable(good) == [good]
    with pytest.raises(MachineError, match="There is no engine at"):
        await machines.bringable(bad)
    del found[:]
    assert await machines.bringable() == []


async def test_the_list_of_a_disk_that_is_full_stays_as_it_was(
    machines: MachineService, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found out about a machine is not worth an error."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    await machines.add(Machine(name="box", address=f"unix://{short_tmp.run}/s"))
    monkeypatch.setattr(machine_list, "write", full)
    async with served(ScriptedDocker(), short_tmp.run / "s"):
        await machines.ready("box", 20.0)
    assert machine_list.read(str(short_tmp.root))["box"].kind == ""
    assert issubclass(MachineError, WherryError)
