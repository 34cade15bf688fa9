"""The order in which what was moved is made and started, and what it leans on there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from engine.compose import labels
from engine.moving.again import in_order, make
from engine.types.containers import Container, ContainerSpec, State
from engine.types.networks import Endpoint, Network, NetworkMember

if TYPE_CHECKING:
    from engine.facade import Engine
    from engine.types.containers import CreateContainer

_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def container(name: str, age: int, waits: str = "", **fields: Any) -> Container:
    said = {labels.SERVICE: name, labels.DEPENDS_ON: waits}
    spec = ContainerSpec(image="tiny", labels=said, **fields)
    return Container(
        id=f"id-{name}", name=f"shop-{name}-1", image_id="", image="tiny", spec=spec, command_line=(),
        state=State.RUNNING, created=_DAY - timedelta(hours=age),
    )  # fmt: skip


def test_those_that_others_lean_on_come_first() -> None:
    web = container("web", 3, "db:service_healthy:true,side:service_started:false")
    side = container("side", 2, network="container:id-db")
    db, other = container("db", 1), container("other", 0)
    assert in_order([other, web, side, db]) == [db, side, web, other]


def test_a_circle_is_left_in_the_order_of_age() -> None:
    one, two = container("one", 2, "two:service_started:true"), container("two", 1, "one:service_started:true")
    assert in_order([two, one]) == [one, two]


async def test_it_leans_on_what_was_made_there_and_joins_all_its_networks() -> None:
    asked: list[CreateContainer] = []

    async def create(request: CreateContainer) -> CreateContainer:
        asked.append(request)
        return request

    target = cast("Engine", SimpleNamespace(containers=SimpleNamespace(create=create)))
    web = container("web", 1, network="front", pid_mode="container:id-db", volumes_from=("id-db",))
    member = NetworkMember(
        container_id="id-web", name="shop-web-1", ip_address="10.1.0.9", aliases=("www",), asked=Endpoint(ip="10.1.0.9")
    )
    networks = [
        Network(id=name, name=name, driver="bridge", created=_DAY, members=(member,)) for name in ("front", "back")
    ]
    await make(target, web, networks, {"id-db": "there"})
    [request] = asked
    assert (request.spec.pid_mode, request.spec.volumes_from) == ("container:there", ("there",))
    assert request.networks == {"back": Endpoint(ip="10.1.0.9", aliases=("www", "web"))}
