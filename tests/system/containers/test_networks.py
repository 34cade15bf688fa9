"""Published ports, who holds them, ports of a running container, and containers that find each other by name."""

from __future__ import annotations

import asyncio
import os
import socket
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, HostError
from engine.networks.way_out import attachment, stand_ins
from engine.processes.programs import find_program
from engine.sandbox.failures import KeeperLost
from engine.types.containers import Exec, Mount, PortMapping, State, UpdateContainer
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import create, output, run, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.embedded import EmbeddedEngine
    from engine.sandbox.programs import Completed

SERVER = ("httpd", "-f", "-p", "80", "-h", "/www")


async def fetch(port: int, seconds: float = 5.0) -> str:
    """Get the page; a forwarded port accepts before the service listens, so try again."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            text = (await asyncio.wait_for(reader.read(), 2)).decode()
            writer.close()
            if "here I am" in text:
                return text
        except (OSError, TimeoutError):
            pass
        assert asyncio.get_running_loop().time() < end, f"no page on port {port}"
        await asyncio.sleep(0.02)


def own_name() -> str:
    """What the kernel calls this process: python, pytest, or whatever started the tests."""
    return Path("/proc/self/comm").read_text().strip()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


async def test_a_picked_port_serves_and_stays_the_same(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    (port,) = container.ports
    assert port.host_port > 1023
    await fetch(port.host_port)
    assert container.ip_address
    await loaded.containers.stop(container.id)
    again = await loaded.containers.start(container.id)
    assert again.ports == (port,)
    await fetch(port.host_port)


async def test_a_busy_port_is_refused_by_name(loaded: EmbeddedEngine) -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        number = holder.getsockname()[1]
        container = await create(loaded, network="pasta", ports=(PortMapping(container_port=80, host_port=number),))
        with pytest.raises(Conflict) as refused:
            await loaded.containers.start(container.id)
    assert refused.value.code is Code.PORT_IN_USE
    assert str(os.getpid()) in refused.value.explanation
    assert own_name() in refused.value.explanation
    assert (await loaded.containers.get(container.id)).state is State.CREATED


async def test_a_port_of_another_container_is_refused_with_its_name(loaded: EmbeddedEngine) -> None:
    first = await run(loaded, *SERVER, name="first", network="pasta", ports=(PortMapping(container_port=80),))
    second = await create(loaded, network="pasta", ports=first.ports)
    with pytest.raises(Conflict) as refused:
        await loaded.containers.start(second.id)
    assert "“first”" in refused.value.explanation


async def test_a_privileged_port_is_refused_with_the_way_out(loaded: EmbeddedEngine) -> None:
    container = await create(loaded, network="pasta", ports=(PortMapping(container_port=80, host_port=81),))
    with pytest.raises(HostError) as refused:
        await loaded.containers.start(container.id)
    assert refused.value.code is Code.PORT_PRIVILEGED
    assert "ip_unprivileged_port_start=81" in refused.value.hint


async def test_ports_change_while_it_runs(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    (first,) = container.ports
    await fetch(first.host_port)
    second = PortMapping(container_port=80, host_port=free_port())
    changed = await loaded.containers.update(container.id, UpdateContainer(ports=(first, second)))
    assert changed.pid == container.pid
    await fetch(first.host_port)
    await fetch(second.host_port)
    await loaded.containers.update(container.id, UpdateContainer(ports=(second,)))
    await fetch(second.host_port)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", first.host_port), 1)


async def test_refused_new_ports_leave_the_old_ones(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    (first,) = container.ports
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        busy = PortMapping(container_port=80, host_port=holder.getsockname()[1])
        with pytest.raises(Conflict):
            await loaded.containers.update(container.id, UpdateContainer(ports=(first, busy)))
    await fetch(first.host_port)


ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
while True:
    data, who = s.recvfrom(512)
    s.sendto(data.upper(), who)
"""


async def test_udp(loaded: EmbeddedEngine) -> None:
    """An echo through a published datagram port; busybox has no such server, so the host lends its Python."""
    lent = tuple(Mount(kind="bind", source=path, target=path, read_only=True) for path in ("/usr", "/lib", "/lib64"))
    container = await run(
        loaded,
        *("/usr/bin/python3", "-c", ECHO),
        network="pasta",
        ports=(PortMapping(container_port=5000, protocol="udp"),),
        mounts=lent,
    )
    (port,) = container.ports
    assert port.host_port == 5000
    await until(lambda: answers(5000))


def answers(port: int) -> bool:
    """Whether the echo is heard on the host's loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        speaker.settimeout(0.3)
        speaker.sendto(b"hello", ("127.0.0.1", port))
        try:
            return speaker.recv(512) == b"HELLO"
        except OSError:
            return False


@pytest.mark.parametrize("host_ip", ["", "127.0.0.1"])
async def test_datagrams_at_another_port_of_the_host_are_answered_on_its_loopback(
    loaded: EmbeddedEngine, host_ip: str
) -> None:
    """A pasta of 2023 answers from the wrong port there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.bind(("127.0.0.1", 0))
        number = trial.getsockname()[1]
    port = PortMapping(container_port=5000, host_port=number, host_ip=host_ip, protocol="udp")
    lent = tuple(Mount(kind="bind", source=path, target=path, read_only=True) for path in ("/usr", "/lib", "/lib64"))
    container = await run(loaded, "/usr/bin/python3", "-c", ECHO, network="pasta", ports=(port,), mounts=lent)
    await until(lambda: answers(number))
    await loaded.containers.restart(container.id)
    await until(lambda: answers(number))
    await loaded.containers.remove(container.id, force=True)
    assert not answers(number)


async def test_host_ports_names_the_container(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    found = [port for port in await loaded.networks.host_ports() if port.container_id == container.id]
    assert {port.port for port in found} == {container.ports[0].host_port}
    assert found[0].container_port == 80


async def test_a_killed_pasta_comes_back(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    entry = loaded.containers.book.find(container.id)
    pasta = entry.record.run.pasta_pid
    os.kill(pasta, 9)
    await until(lambda: entry.record.run.pasta_pid not in (0, pasta))
    await fetch(container.ports[0].host_port)


async def test_members_of_a_network_reach_each_other_by_name(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="team"))
    server = await run(loaded, *SERVER, name="server", network="team", network_aliases=("www",))
    for name in ("server", "www"):
        code, text = await output(loaded, "wget", "-q", "-O", "-", f"http://{name}/", network="team")
        assert (code, text) == (0, "here I am\n")
    network = await loaded.networks.get("team")
    assert [member.name for member in network.members] == ["server"]
    assert network.members[0].ip_address == server.ip_address
    with pytest.raises(Conflict) as refused:
        await loaded.networks.remove("team")
    assert refused.value.code is Code.IN_USE
    await loaded.containers.remove(server.id, force=True)
    await loaded.networks.remove("team")


async def said(engine: EmbeddedEngine, container_id: str, *command: str) -> str:
    """What a command in a running container prints."""
    session = await engine.containers.exec(container_id, Exec(command=command))
    pieces = []
    while (piece := await session.read()) is not None:
        pieces.append(piece[1].decode())
    await session.close()
    return "".join(pieces)


async def is_unknown(engine: EmbeddedEngine, asker: str, name: str) -> bool:
    return "NXDOMAIN" in await said(engine, asker, "nslookup", name)


def fetching(name: str) -> tuple[str, ...]:
    """A command that gets the page of a neighbour, as soon as that serves."""
    return "sh", "-c", f"until wget -q -O - http://{name}/; do sleep 0.05; done"


async def test_connect_and_disconnect_a_running_container(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="late"))
    server = await run(loaded, *SERVER, name="server", network="late")
    client = await run(loaded, network="pasta", name="client")
    before = await said(loaded, client.id, "ls", "/sys/class/net/")
    await loaded.networks.connect("late", "client")
    assert server.ip_address in await said(loaded, client.id, "nslookup", "server")
    assert "here I am" in await said(loaded, client.id, *fetching("server"))
    await loaded.networks.disconnect("late", "client")
    assert "nameserver 10.89." not in await said(loaded, client.id, "cat", "/etc/resolv.conf")
    assert await said(loaded, client.id, "ls", "/sys/class/net/") == before


async def test_members_that_start_side_by_side_each_get_their_place(loaded: EmbeddedEngine) -> None:
    """As `docker compose up --scale`: none may overwrite what another has just written down."""
    await loaded.networks.create(CreateNetwork(name="crowd"))
    made = [await create(loaded, *SERVER, name=f"c{number}", network="crowd") for number in range(6)]
    started = await asyncio.gather(*(loaded.containers.start(each.id) for each in made))
    addresses = {each.ip_address for each in started}
    assert len(addresses) == 6
    members = (await loaded.networks.get("crowd")).members
    assert {member.ip_address for member in members} == addresses
    for each in made[1:]:
        assert "here I am" in await said(loaded, made[0].id, *fetching(each.name))


async def test_a_container_that_never_ran_is_connected_and_stays_so(loaded: EmbeddedEngine) -> None:
    for name in ("front", "back"):
        await loaded.networks.create(CreateNetwork(name=name))
    server = await run(loaded, *SERVER, name="server", network="back")
    made = await create(loaded, name="both", network="front")
    await loaded.networks.connect("back", "both", aliases=("twin",))
    for _ in range(2):
        await loaded.containers.start(made.id)
        assert "here I am" in await said(loaded, made.id, *fetching("server"))
        assert "Address" in (await said(loaded, server.id, "nslookup", "twin")).partition("Name:")[2]
        await loaded.containers.stop(made.id)
        await until(lambda: is_unknown(loaded, server.id, "twin"))
    with pytest.raises(Conflict):
        await loaded.networks.connect("back", "both")
    await loaded.networks.disconnect("back", "both")
    assert [member.name for member in (await loaded.networks.get("back")).members] == ["server"]
    await loaded.networks.connect("back", "both")
    await loaded.containers.remove(made.id)
    assert [member.name for member in (await loaded.networks.get("back")).members] == ["server"]


async def test_a_container_leaves_the_network_it_was_made_for(loaded: EmbeddedEngine) -> None:
    for name in ("first", "second"):
        await loaded.networks.create(CreateNetwork(name=name))
    made = await create(loaded, name="box", network="first")
    await loaded.networks.connect("second", "box", aliases=("other",))
    await loaded.networks.disconnect("first", "box")
    spec = (await loaded.containers.get("box")).spec
    assert (spec.network, spec.network_aliases) == ("second", ("other",))
    await loaded.networks.disconnect("second", "box")
    assert (await loaded.containers.get("box")).spec.network == "none"
    await loaded.networks.connect("first", "box", aliases=("back",))
    started = await loaded.containers.start(made.id)
    assert started.spec.network == "first"
    assert started.ip_address.startswith("10.89.")
    plain = await create(loaded, network="pasta")
    await loaded.networks.disconnect("pasta", plain.id)
    assert (await loaded.containers.get(plain.id)).spec.network == "none"


async def test_a_network_is_found_by_its_id_and_kept_by_its_name(loaded: EmbeddedEngine) -> None:
    made = await loaded.networks.create(CreateNetwork(name="team"))
    container = await create(loaded, network=made.id)
    assert container.spec.network == "team"


async def test_no_network_has_only_a_loopback(loaded: EmbeddedEngine) -> None:
    code, text = await output(loaded, "sh", "-c", "ls /sys/class/net")
    assert (code, text.split()) == (0, ["lo"])


async def test_without_pasta_slirp4netns_serves(loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_pasta(name: str) -> str | None:
        return None if name == "pasta" else find_program(name)

    monkeypatch.setattr(attachment, "find_program", without_pasta)
    monkeypatch.setattr(stand_ins, "find_program", without_pasta)
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    default = next(one for one in await loaded.networks.list() if one.name == "pasta")
    assert ip_address(container.ip_address) in ip_network(default.subnet)
    await fetch(container.ports[0].host_port)
    await loaded.containers.remove(container.id, force=True)


async def test_fixed_picked_and_ranged_ports_of_one_service(loaded: EmbeddedEngine) -> None:
    with socket.socket() as trial:
        trial.bind(("", 0))
        number = trial.getsockname()[1]
    fixed = PortMapping(container_port=80, host_port=number, host_ip="127.0.0.1")
    ranged = PortMapping(container_port=80, host_port=31_000, host_port_last=31_999)
    wanted = (fixed, PortMapping(container_port=80), ranged)
    container = await run(loaded, *SERVER, network="pasta", ports=wanted)
    assert container.ports[0] == fixed
    assert 31_000 <= container.ports[2].host_port < 32_000
    for port in container.ports:
        await fetch(port.host_port)
    again = await loaded.containers.restart(container.id)
    assert again.ports == container.ports
    assert again.spec.ports[2] == ranged


async def test_a_pasta_nobody_heard_of_goes_with_its_namespace(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper died between starting it and saying so."""
    really_run = loaded.keeper.run

    async def run_unheard(argv: Sequence[str], **options: Any) -> Completed:
        done = await really_run(argv, **options)
        if os.path.basename(argv[0]) != "pasta":
            return done
        os.unlink(argv[argv.index("--pid") + 1])
        raise KeeperLost("The keeper died while it worked")

    monkeypatch.setattr(loaded.keeper, "run", run_unheard)
    container = await create(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    with pytest.raises(KeeperLost):
        await loaded.containers.start(container.id)
    namespace = str(loaded.networks.namespace(container.id)).encode()
    assert not _processes_with(namespace)


def _processes_with(word: bytes) -> list[Path]:
    return [each for each in Path("/proc").glob("[0-9]*/cmdline") if word in _words(each)]


def _words(cmdline: Path) -> bytes:
    try:
        return cmdline.read_bytes()
    except OSError:
        return b""
