"""A container with a network of its own: its way out is played, the ports of this machine are real."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, WherryError
from engine.types.containers import PortMapping, RestartPolicy, State
from tests.support.played_engine import create, start, until, until_state

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from tests.fakes.machine import MachineInMemory

ANY = (PortMapping(container_port=80, host_ip="127.0.0.1"),)


class WayOut:
    """What would be pasta: a number for each start, and the ports it was to open."""

    def __init__(self, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, tuple[PortMapping, ...]]] = []
        self.running: set[str] = set()
        self.cut: list[str] = []
        self.refusal: WherryError | None = None
        networks = engine.containers._networks
        attachments = networks.attachments
        disconnect = attachments.disconnect

        async def attach(member: Any, ports: tuple[PortMapping, ...]) -> int:
            self.asked.append((member.name, ports))
            if self.refusal is not None:
                raise self.refusal
            return 700 + len(self.asked)

        async def cut(container_id: str) -> None:
            self.cut.append(container_id)
            await disconnect(container_id)

        monkeypatch.setattr(networks, "attach", attach)
        monkeypatch.setattr(attachments, "disconnect", cut)
        monkeypatch.setattr(attachments, "running", lambda key: key in self.running)
        monkeypatch.setattr(attachments, "adopt", lambda key, **_: 99 if key in self.running else 0)


@pytest.fixture
def way_out(played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> WayOut:
    return WayOut(played_engine, monkeypatch)


def pasta_of(engine: EmbeddedEngine, container: Container) -> int:
    return engine.containers.book.find(container.id).record.run.pasta_pid


async def test_a_port_that_was_picked_is_kept_and_another_taken_where_it_is_busy(
    played_engine: EmbeddedEngine, way_out: WayOut
) -> None:
    service = played_engine.containers
    running = await start(played_engine, "web", network="pasta", ports=ANY)
    (port,) = running.ports
    assert (port.container_port, port.host_ip, port.host_port > 0) == (80, "127.0.0.1", True)
    assert way_out.asked == [("web", (port,))]
    assert pasta_of(played_engine, running) == 701
    assert "network" in {name for name, _ in running.timing.steps}
    assert running.spec.ports == ANY
    await service.stop("web")
    assert (await service.start("web")).ports == (port,)
    await service.stop("web")
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        busy.bind(("127.0.0.1", port.host_port))
        busy.listen()
        (other,) = (await service.start("web")).ports
        assert other.host_port not in (0, port.host_port)
        await service.stop("web")
        fixed = await create(
            played_engine, "fixed", network="pasta",
            ports=(PortMapping(container_port=80, host_ip="127.0.0.1", host_port=port.host_port),),
        )  # fmt: skip
        with pytest.raises(WherryError) as caught:
            await service.start(fixed.id)
        assert caught.value.code is Code.PORT_IN_USE
    assert (await service.start(fixed.id)).ports[0].host_port == port.host_port


async def test_between_two_starts_by_its_policy_the_way_out_stays(
    played_engine: EmbeddedEngine, machine: MachineInMemory, way_out: WayOut
) -> None:
    running = await start(played_engine, "web", network="pasta", ports=ANY, restart=RestartPolicy(name="always"))
    way_out.running.add(running.id)
    machine.end(running.id, 1)
    again = await until(played_engine, running.id, lambda it: it.restart_count == 1 and it.state is State.RUNNING)
    assert len(way_out.asked) == 1
    assert (again.ports, pasta_of(played_engine, again)) == (running.ports, 99)
    assert way_out.cut == []
    entry = played_engine.containers.book.find("web")
    other = (PortMapping(container_port=81, host_ip="127.0.0.1"),)
    entry.record = entry.record.with_container(spec=_with_ports(again, other))
    machine.end(running.id, 1)
    await until(played_engine, running.id, lambda it: it.restart_count == 2 and it.state is State.RUNNING)
    assert way_out.cut == [running.id], "other ports want another way out"
    assert [ports[0].container_port for _, ports in way_out.asked] == [80, 81]


def _with_ports(container: Container, ports: tuple[PortMapping, ...]) -> Any:
    import msgspec

    return msgspec.structs.replace(container.spec, ports=ports)


async def test_a_namespace_whose_way_out_is_gone_is_made_anew(
    played_engine: EmbeddedEngine, machine: MachineInMemory, way_out: WayOut
) -> None:
    made = await create(played_engine, "web", network="pasta")
    namespace = played_engine.paths.netns(made.id)
    namespace.touch()
    machine.asked.clear()
    running = await played_engine.containers.start("web")
    assert {"RemoveNetns", "CreateNetns"} <= set(machine.asked)
    assert (namespace.exists(), running.ports) == (True, ())
    await played_engine.containers.stop("web")
    assert not namespace.exists()


async def test_a_way_out_that_cannot_be_had_takes_all_back(played_engine: EmbeddedEngine, way_out: WayOut) -> None:
    way_out.refusal = WherryError("No way out", code=Code.HOST)
    made = await create(played_engine, "web", network="pasta", ports=ANY)
    with pytest.raises(WherryError, match="No way out"):
        await played_engine.containers.start("web")
    kept = await played_engine.containers.get("web")
    assert (kept.state, kept.ports, kept.pid) == (State.CREATED, (), 0)
    assert not played_engine.paths.netns(made.id).exists()
    way_out.refusal = None
    assert (await played_engine.containers.start("web")).state is State.RUNNING


async def test_ports_change_while_it_runs_or_stay_as_they_were(
    played_engine: EmbeddedEngine, way_out: WayOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.types.containers import UpdateContainer

    service, asked = played_engine.containers, []
    running = await start(played_engine, "web", network="pasta", ports=ANY)
    refused = False

    async def reconnect(member: Any, ports: tuple[PortMapping, ...]) -> int:
        asked.append(tuple(port.container_port for port in ports))
        if refused and asked[-1] == (82,):
            raise WherryError("No such port", code=Code.PORT_IN_USE)
        return 800

    monkeypatch.setattr(service._networks, "reconnect", reconnect)
    changed = await service.update(
        "web", UpdateContainer(ports=(*ANY, PortMapping(container_port=81, host_ip="127.0.0.1")))
    )
    assert [port.container_port for port in changed.ports] == [80, 81]
    assert changed.ports[0] == running.ports[0], "who has a port keeps it"
    assert (pasta_of(played_engine, changed), asked) == (800, [(80, 81)])
    refused = True
    with pytest.raises(WherryError, match="No such port"):
        await service.update("web", UpdateContainer(ports=(PortMapping(container_port=82, host_ip="127.0.0.1"),)))
    assert asked == [(80, 81), (82,), (80, 81)], "the old ones come back"
    kept = await service.get("web")
    assert (kept.ports, kept.spec.ports) == (changed.ports, changed.spec.ports)
    await service.stop("web")
    await until_state(played_engine, running.id, State.EXITED)
