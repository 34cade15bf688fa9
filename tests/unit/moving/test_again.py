"""What is made and started again where it arrived: as what, in which order, and when it counts as running."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec.structs import replace

from engine.compose import labels
from engine.errors import RuntimeFailure
from engine.moving import again
from engine.types.containers import Container, ContainerSpec, Exit, Health, HealthStatus, Mount, State
from engine.types.data import now
from engine.types.networks import CreateNetwork, Endpoint, Network, NetworkMember

if TYPE_CHECKING:
    from engine.facade import Engine

pytestmark = pytest.mark.usefixtures("_at_once")


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.moving.again._SETTLED_SECONDS", 0.0)
    monkeypatch.setattr("engine.moving.again._LOOK_SECONDS", 0.0)


def container(name: str, state: State = State.RUNNING, health: Health = Health.NONE, **spec: Any) -> Container:
    return Container(
        id=f"id-{name}", name=name, image_id="", image="i", command_line=(), created=now(), state=state,
        health=HealthStatus(status=health), spec=ContainerSpec(image="i", **spec),
    )  # fmt: skip


class Target:
    """Where it arrives: what it says of a container, one look after the other."""

    def __init__(self, *looks: Container) -> None:
        self.looks = list(looks)
        self.done: list[str] = []
        self.made: list[CreateNetwork] = []
        self.containers = SimpleNamespace(get=self._get, start=self._start)
        self.networks = SimpleNamespace(list=self._list, create=self._create)

    async def _get(self, container_id: str) -> Container:
        self.done.append(f"look {container_id}")
        return self.looks.pop(0)

    async def _start(self, container_id: str) -> None:
        self.done.append(f"start {container_id}")

    async def _list(self) -> list[Any]:
        return [SimpleNamespace(name="known")]

    async def _create(self, request: CreateNetwork) -> None:
        self.made.append(request)

    @property
    def engine(self) -> Engine:
        return cast("Engine", self)


NETWORK = Network(
    id="n", name="shop", driver="bridge", created=now(), subnet="10.1.0.0/24", gateway="10.1.0.1", ipv6=True,
    subnet6="fd00::/64", gateway6="fd00::1", internal=True, labels={"a": "b"}, options={"c": "d"},
)  # fmt: skip
ITS_OWN = {
    "name": "shop",
    "driver": "bridge",
    "ipv6": True,
    "internal": True,
    "labels": {"a": "b"},
    "options": {"c": "d"},
}
ADDRESSES = {"subnet": "10.1.0.0/24", "gateway": "10.1.0.1", "subnet6": "fd00::/64", "gateway6": "fd00::1"}


def member(**asked: str) -> NetworkMember:
    return NetworkMember(container_id="c", name="c", ip_address="", asked=Endpoint(**cast("Any", asked)))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"members": (member(),)}, {}),
        ({"members": (member(ip="10.1.0.9"),)}, ADDRESSES),
        ({"members": (member(ip6="fd00::9"),)}, ADDRESSES),
        ({"ip_range": "10.1.0.128/25"}, ADDRESSES | {"ip_range": "10.1.0.128/25"}),
        ({"ip_range6": "fd00::8/125"}, ADDRESSES | {"ip_range6": "fd00::8/125"}),
        ({"reserved": {"x": "10.1.0.5"}}, ADDRESSES | {"reserved": {"x": "10.1.0.5"}}),
    ],
)
async def test_a_networks_addresses_go_along_only_where_somebody_counts_on_them(
    more: dict[str, Any], expected: dict[str, Any]
) -> None:
    target = Target()
    await again.make_networks(target.engine, [replace(NETWORK, name="known"), replace(NETWORK, **more)])
    assert target.made == [CreateNetwork(**cast("Any", ITS_OWN | expected))]


def test_volumes_without_a_name_keep_the_one_they_have() -> None:
    plain, bind = Mount(kind="volume", source="", target="/v"), Mount(kind="bind", source="/h", target="/h")
    named, of_image = Mount(kind="volume", source="abc", target="/v"), Mount(kind="volume", source="def", target="/i")
    gone = Mount(kind="volume", source="", target="/gone")
    made = replace(container("a", mounts=(plain, bind, gone)), mounts=(named, bind, of_image))
    assert again.with_volumes(made).mounts == (named, bind, gone, of_image)


async def test_one_that_waits_for_the_health_of_another_starts_when_that_is_healthy() -> None:
    db = container("db", health=Health.HEALTHY, labels={labels.SERVICE: "db"})
    plain = container("plain")
    web = container("web", labels={labels.DEPENDS_ON: "db:service_healthy:false,plain:service_started:false"})
    target = Target(replace(db, health=HealthStatus(status=Health.STARTING)), db)
    await again.start(target.engine, [db, plain, web])
    assert target.done == ["start id-db", "start id-plain", "look id-db", "look id-db", "start id-web"]


@pytest.mark.parametrize(
    ("looks", "count"),
    [
        ([container("a")], 1),
        ([container("a", State.STARTING), container("a", State.RESTARTING), container("a")], 3),
        ([container("a", health=Health.STARTING), container("a", health=Health.HEALTHY)], 2),
        ([container("a", State.RESTARTING, Health.HEALTHY), container("a", health=Health.HEALTHY)], 2),
    ],
)
async def test_it_counts_as_running_once_it_runs_and_is_well(looks: list[Container], count: int) -> None:
    target = Target(*looks)
    await again.runs_well(target.engine, looks[0])
    assert len(target.done) == count


@pytest.mark.parametrize(
    ("look", "title", "why"),
    [
        (container("a", State.EXITED), "“a” does not run there",
         "It ended with ?; where it came from all is as it was."),
        (replace(container("a", State.EXITED), exit=Exit(code=3, ended=now())),
         "“a” does not run there", "It ended with 3; where it came from all is as it was."),
        (container("a", health=Health.UNHEALTHY), "“a” is not healthy there", "Where it came from all is as it was."),
    ],
)  # fmt: skip
async def test_what_does_not_run_there_is_told_and_nothing_is_lost(look: Container, title: str, why: str) -> None:
    with pytest.raises(RuntimeFailure) as failed:
        await again.runs_well(Target(look).engine, look)
    assert (failed.value.title, failed.value.explanation) == (title, why)


async def test_who_never_says_that_it_is_healthy_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.moving.again._HEALTHY_SECONDS", -1.0)
    with pytest.raises(RuntimeFailure, match="“a” is not healthy there"):
        await again.runs_well(Target(container("a", health=Health.STARTING)).engine, container("a"))
