"""What a pod stands on in a network: its ports, its way out when it is lost, its files, and what is left over."""

from __future__ import annotations

import dataclasses
import os
import shutil
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec.structs import replace

from engine.errors import HostError, WherryError
from engine.pods.book import PodBook
from engine.pods.ground import PodGround
from engine.sandbox.keeper.asked.steps import MakeDirectory
from engine.types.containers import Container, PortMapping, State
from engine.types.pods import CreatePod
from tests.fakes.network_ground import end, until
from tests.unit.networks.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from engine.pods.book import PodEntry
    from engine.sandbox.client import Keeper
    from tests.fakes.network_ground import NetworkGround
    from tests.support.stores import ShortTmp


@dataclasses.dataclass
class Keeping:
    """The keeper, of whom a pod also asks for mounts."""

    networks: NetworkGround
    joined: bool = True
    mounted: list[str] = dataclasses.field(default_factory=list)
    modes: dict[str, int] = dataclasses.field(default_factory=dict)
    said: list[str] = dataclasses.field(default_factory=list)
    """Names of hosts."""
    broken: bool = False

    async def execute(self, plan: Sequence[Any]) -> None:
        for step in plan:
            if isinstance(step, MakeDirectory):
                os.makedirs(step.path, exist_ok=True)
                if step.path.parent.name != "shared" and step.mode:
                    self.modes[step.path.name] = step.mode
            else:
                self.mounted.append(f"{type(step).__name__} {step.target.name} {getattr(step, 'every', '')}".strip())

    async def create_shared(self, directory: Path, hostname: str) -> None:
        if self.broken:
            raise HostError("no namespaces")
        self.said.append(hostname)
        for name in ("ipc", "uts"):
            (directory / name).touch()

    async def remove_tree(self, path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)


@dataclasses.dataclass
class Shop:
    """A pod in a network, and its containers as rows."""

    world: World
    keeper: Keeping
    containers: list[Container] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = PodBook(self.world.database)
        self.told: list[str] = []
        self.ground = self.another()
        self.world.service.follow(cast("Any", self))

    def another(self) -> PodGround:
        self.book.follow(lambda entry: self.told.append(entry.name))
        keeper, paths = cast("Keeper", self.keeper), self.world.ground.paths
        return PodGround(self.book, paths, keeper, self.world.service, lambda: self.containers)

    # As a follower of networks.

    def network_lost(self, key: str) -> None:
        self.ground.network_lost(key)

    def neighbours_changed(self, key: str) -> None:
        self.ground.neighbours_changed(key)

    # What tests do.

    async def pod(self, name: str = "front", **more: Any) -> PodEntry:
        return await self.book.add(CreatePod(name=name, **({"network": "shop"} | more)))

    def container(self, name: str, pod: str = "front", state: State = State.STARTING) -> Container:
        made = self.world.make(name, f"pod:{pod}")
        del self.world.containers[made.id]  # it is in its pod's network, not in its own
        self.containers.append(replace(made, state=state))
        return self.containers[-1]

    def ended(self) -> None:
        self.containers = [replace(each, state=State.EXITED) for each in self.containers]

    async def up(self, **more: Any) -> PodEntry:
        entry = await self.pod(**more)
        self.container("one", entry.name)
        await self.ground.ready(entry.name)
        return entry

    def text(self, entry: PodEntry, name: str) -> str:
        return (self.world.ground.paths.container_run(entry.key) / name).read_text()


@pytest.fixture
async def shop(short_tmp: ShortTmp) -> AsyncIterator[Shop]:
    world = await World.open(short_tmp)
    await world.network()
    made = Shop(world, Keeping(world.ground))
    yield made
    made.ended()
    for entry in made.book:
        await made.ground.forget(entry)
    await made.ground.close()
    await world.close()


async def test_a_pod_has_an_address_and_its_ports_while_it_is_up(shop: Shop) -> None:
    entry = await shop.pod(ports=(PortMapping(container_port=80),), hostname="www", network_aliases=("store",))
    before = shop.ground.find("front")
    assert (before.ports, before.address, shop.ground.published(entry)) == ((), "", ())
    shop.container("one")

    await shop.ground.ready("front")

    (port,) = shop.ground.published(entry)
    assert (port.container_port, port.host_port > 0) == (80, True)
    place = shop.ground.find("front")
    assert (place.ports, place.address) == ((port,), "10.20.0.2")
    assert (place.hostname, place.own_network, place.key) == ("www", True, entry.key)
    assert place.network == str(shop.world.service.namespace(entry.key))
    shared = shop.world.ground.paths.container_run(entry.key) / "shared"
    assert (place.ipc, place.uts, place.shared_memory) == tuple(str(shared / each) for each in ("ipc", "uts", "shm"))
    assert shop.keeper.mounted[-1] == "Tmpfs shm"
    assert (shared / "shm").is_dir()
    assert shop.keeper.modes[entry.key] == 0o2700, "what others make in it belongs to the group of the store"
    assert shop.keeper.said == ["www"]
    assert f"{port.host_port}" in " ".join(shop.world.ground.calls[-1])
    assert ["10.20.0.2", "www"] == shop.text(entry, "hosts").splitlines()[-1].split()[:2]
    assert shop.text(entry, "hostname") == "www\n"
    assert shop.told[-1] == "front"


async def test_a_number_that_was_picked_stays(shop: Shop) -> None:
    entry = await shop.up(ports=(PortMapping(container_port=80),))
    picked = entry.record.picked
    shop.ended()
    await shop.ground.rest(entry)
    assert (entry.is_up, shop.ground.published(entry), shop.ground.address(entry)) == (False, (), "")
    assert shop.keeper.mounted[-3:] == ["Unmount ipc True", "Unmount uts True", "Unmount shm True"]
    assert not shop.world.ground.paths.container_run(entry.key).exists()

    later = PodBook(shop.world.database)
    await later.open()
    assert later.find("front").record.picked == picked
    shop.container("two")
    await shop.ground.ready("front")
    assert shop.ground.published(entry) == picked


async def test_the_second_container_finds_it_up(shop: Shop) -> None:
    await shop.up()
    calls = len(shop.world.ground.calls)
    shop.container("two")
    await shop.ground.ready("front")
    assert len(shop.world.ground.calls) == calls


async def test_others_in_its_network_see_it_by_its_names_while_it_is_up(shop: Shop) -> None:
    entry = await shop.up(hostname="www", ports=(PortMapping(container_port=80),), dns=("9.9.9.9",))
    (row,) = shop.world.ground.names.table["members"]
    assert {"front", "www"} <= {*row["places"][0]["names"]}
    (shown,) = shop.book.shown_as_containers()
    assert (shown.id, shown.name, shown.image, shown.state, shown.pid) == (entry.key, "front", "", State.RUNNING, 1)
    assert (shown.ports, shown.spec.network, shown.spec.dns) == (entry.record.picked, "shop", ("9.9.9.9",))
    shop.ended()
    await shop.ground.rest(entry)
    (shown,) = shop.book.shown_as_containers()
    assert (shown.state, shown.pid, shown.ports) == (State.EXITED, 0, ())


async def test_what_lives_keeps_its_way_out(shop: Shop) -> None:
    entry = await shop.up()
    calls = len(shop.world.ground.calls)
    shop.ground.expect()
    await shop.ground.adopt()
    await shop.ground.close()
    assert (len(shop.world.ground.calls), entry.is_up) == (calls, True)


async def test_one_that_cannot_be_made_leaves_nothing(shop: Shop) -> None:
    shop.keeper.broken = True
    with pytest.raises(HostError):
        await shop.up()
    entry = shop.book.find("front")
    assert not entry.is_up
    assert not shop.world.ground.paths.container_run(entry.key).exists()
    assert not shop.world.service.namespace(entry.key).exists()


async def test_a_way_out_that_is_lost_comes_back_with_its_ports(shop: Shop) -> None:
    entry = await shop.up(ports=(PortMapping(container_port=80),))
    calls = len(shop.world.ground.calls)
    end(shop.world.ground.processes[-1])
    await until(lambda: len(shop.world.ground.calls) > calls)
    await shop.ground.close()
    assert str(entry.record.picked[0].host_port) in " ".join(shop.world.ground.calls[-1])
    assert shop.world.service.attachments.is_watched(entry.key)


async def test_one_that_does_not_come_back_is_written_down(
    shop: Shop, caplog: pytest.LogCaptureFixture, expect_log: Callable[[str], None]
) -> None:
    expect_log("could not be brought back")
    entry = await shop.up()
    shop.world.ground.complaints = ["no tun"] * 2
    end(shop.world.ground.processes[-1])
    await until(lambda: bool(caplog.messages))
    await shop.ground.close()
    assert caplog.messages[0].startswith(
        "the network of the pod front could not be brought back: The container's network"
    )
    assert entry.is_up


async def test_a_loss_of_others_is_not_its_own(shop: Shop) -> None:
    entry = await shop.up()
    calls = len(shop.world.ground.calls)
    shop.ground.network_lost("somebody")
    shop.ended()
    await shop.ground.rest(entry)
    shop.ground.network_lost(entry.key)
    await shop.ground.close()
    assert len(shop.world.ground.calls) == calls


async def test_neighbours_that_come_are_in_its_files(shop: Shop) -> None:
    entry = await shop.up()
    (shop.world.ground.paths.container_run(entry.key) / "hosts").write_text("")
    shop.ground.neighbours_changed("somebody")
    assert shop.text(entry, "hosts") == ""
    shop.ground.neighbours_changed(entry.key)
    assert "10.20.0.2" in shop.text(entry, "hosts")
    (shop.world.ground.paths.container_run(entry.key) / "hosts").write_text("")
    shop.ground.rewrite("front")
    assert "10.20.0.2" in shop.text(entry, "hosts")


async def test_the_hosts_own_network_needs_no_namespace(shop: Shop) -> None:
    entry = await shop.up(network="host", extra_hosts=("me:host-gateway",))
    place = shop.ground.find("front")
    assert (place.network, place.own_network, place.address) == ("host", False, "")
    assert not [each for each in shop.world.ground.asked if entry.key in each]
    assert not shop.world.ground.calls
    assert ["127.0.0.1", "me"] in [line.split() for line in shop.text(entry, "hosts").splitlines()]


@pytest.mark.parametrize("alive", [True, False])
async def test_the_next_engine_takes_up_what_lives_and_lets_go_of_the_rest(shop: Shop, *, alive: bool) -> None:
    entry = await shop.up()
    left = shop.world.service.attachments.namespace("pod-" + "0" * 32)
    await shop.world.service.attachments.create("pod-" + "0" * 32)
    if not alive:
        shop.ended()
    shop.ground = shop.another()

    shop.ground.expect()
    assert entry.is_up is alive
    await shop.ground.adopt()

    assert entry.is_up is alive
    assert not left.exists(), "no pod has that key any more"
    assert shop.world.service.namespace(entry.key).exists() is alive


async def test_nothing_lives_where_the_keepers_namespaces_are_new(shop: Shop) -> None:
    entry = await shop.up()
    shop.keeper.joined = False
    shop.ground.expect()
    assert not entry.is_up


async def test_what_is_held_is_not_taken_away_between_two_containers(shop: Shop) -> None:
    entry = await shop.up()
    entry.holds += 1
    shop.ended()
    shop.ground.containers_changed("other")
    shop.ground.containers_changed("front")
    await shop.ground.rest(entry)
    assert entry.is_up
    await shop.ground.ready("front")
    entry.holds -= 1
    shop.ground.containers_changed()
    await shop.ground.close()
    assert not entry.is_up


async def test_a_name_of_a_host_is_no_longer_than_a_host_may_have(shop: Shop) -> None:
    await shop.up(name="n" * 63)
    assert shop.keeper.said == ["n" * 63]
    with pytest.raises(WherryError):
        shop.ground.find("nobody")
