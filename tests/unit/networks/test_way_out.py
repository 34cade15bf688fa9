"""One container's way out: its pasta started, watched, found again and ended, and what stands in for one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.errors import Code, Conflict, HostError, RuntimeFailure
from engine.networks.host import routes
from engine.networks.way_out import attachment, stand_ins
from engine.networks.way_out.attachment import NetworkAttachments
from engine.types.containers import PortMapping
from tests.fakes.network_ground import NetworkGround, OwnPaths, a_process, end, until
from tests.support.stores import ON_DISK, make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from tests.support.stores import ShortTmp

WEB = PortMapping(container_port=80, host_port=8080)
NO_WAY_OUT = "External interface not usable"
NO_TUN = "Failed to open() /dev/net/tun: Permission denied"


@pytest.fixture
def short_tmp() -> Iterator[ShortTmp]:
    """Where a pasta that is confined may write."""
    made = make_short_tmp(ON_DISK)
    yield made
    remove_tree(made.path)


@dataclass
class WaysOut:
    ground: NetworkGround
    lost: list[str] = field(default_factory=list)
    let_go: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.them = self.another()

    def another(self) -> NetworkAttachments:
        made = NetworkAttachments(self.ground.paths, cast("Keeper", self.ground), self.lost.append)
        made.before_removal = self.let_go.append
        return made

    async def prepare(self, key: str) -> None:
        await self.them.create(key)
        await self.them.prepare(key)

    async def connect(self, key: str = "web", *ports: PortMapping, **more: Any) -> int:
        if not self.them.namespace(key).exists():
            await self.prepare(key)
        return (await self.them.connect(key, ports, **more)).pasta_pid

    def pid_file(self, key: str = "web") -> Path:
        return self.ground.paths.container(key) / "pasta.pid"

    def option(self, name: str) -> str:
        """Of the last call; “” without it."""
        call = self.ground.calls[-1]
        return call[call.index(name) + 1] if name in call else ""


@pytest.fixture
async def ways(short_tmp: ShortTmp, installed: set[str], host: Path) -> AsyncIterator[WaysOut]:
    made = WaysOut(NetworkGround(OwnPaths(short_tmp.root, short_tmp.run)))
    yield made
    await made.them.close()
    await made.ground.close()


# --- started ---


async def test_a_pasta_is_started_on_the_namespace_and_watched(ways: WaysOut) -> None:
    pid = await ways.connect("web", WEB)
    assert pid == ways.ground.processes[0].pid == ways.them.running("web")
    assert ways.option("--netns") == str(ways.them.namespace("web"))
    assert ways.option("-t") == "8080:80"
    assert ways.option("--pid") == str(ways.pid_file())
    assert ways.ground.calls[0][0] == "/usr/bin/pasta"
    assert "--no-map-gw" in ways.ground.calls[0]
    assert ways.them.is_watched("web")
    assert not ways.them.is_watched("db")
    assert not ways.them.is_offline("web")
    assert ways.lost == []


async def test_an_old_pid_is_not_taken_for_the_new_one(ways: WaysOut, monkeypatch: pytest.MonkeyPatch) -> None:
    await ways.prepare("web")
    ways.pid_file().write_text("1\n")
    seen: list[bool] = []
    ways.ground.while_running = lambda: seen.append(ways.pid_file().exists())
    await ways.connect("web")
    assert seen == [False]


async def test_where_pasta_may_not_write_its_pid_it_is_looked_for(
    ways: WaysOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachment.pasta, "may_write", lambda path: False)
    pid = await ways.connect("web")
    assert "--pid" not in ways.ground.calls[0]
    assert pid == ways.ground.processes[0].pid
    assert ways.pid_file().read_text() == str(pid)


@pytest.mark.parametrize(
    ("servers", "own_dns", "forwarder"),
    [("192.0.2.53", False, ""), ("127.0.0.53", False, "169.254.1.1"), ("127.0.0.53", True, "")],
)
async def test_a_forwarder_where_the_hosts_resolver_is_on_its_loopback(
    ways: WaysOut, host: Path, servers: str, own_dns: bool, forwarder: str
) -> None:
    (host / "resolv.conf").write_text(f"nameserver {servers}\n")
    await ways.connect("web", own_dns=own_dns)
    assert ways.option("--dns-forward") == forwarder


async def test_what_is_asked_of_a_pasta(ways: WaysOut) -> None:
    udp = PortMapping(container_port=53, host_port=5353, protocol="udp", host_ip="127.0.0.1")
    await ways.connect("web", WEB, udp, host_gateway=True, interface="wayout0")
    assert (ways.option("-t"), ways.option("-u"), ways.option("--ns-ifname")) == ("8080:80", "none", "wayout0")
    assert "--no-map-gw" not in ways.ground.calls[0]
    await ways.connect("db")
    assert "--ns-ifname" not in ways.ground.calls[1]


# --- poor machines ---


async def test_without_a_route_the_loopback_stands_in_until_there_is_one(ways: WaysOut, host: Path) -> None:
    (host / "offline").touch()
    ways.ground.complaints = [NO_WAY_OUT]
    pid = await ways.connect("web", WEB)
    assert pid == ways.ground.processes[0].pid
    assert [("lo" in each, "8080:80" in each) for each in ways.ground.calls] == [(False, True), (True, True)]
    assert ways.them.is_offline("web")
    await ways.them.renew_stand_ins()
    assert ways.lost == []
    (host / "offline").unlink()
    await ways.them.renew_stand_ins()
    assert ways.lost == ["web"]
    assert ways.them.running("web") == 0
    assert not ways.them.is_offline("web")
    await ways.them.renew_stand_ins()
    assert ways.lost == ["web"]


async def test_a_younger_pasta_says_nothing_of_a_missing_route(ways: WaysOut, host: Path) -> None:
    (host / "offline").touch()
    await ways.connect("web")
    assert len(ways.ground.calls) == 1
    assert ways.them.is_offline("web")
    await ways.them.disconnect("web")
    assert not ways.them.is_offline("web")


async def test_without_a_node_for_tunnels_there_is_no_network_but_a_start(ways: WaysOut) -> None:
    ways.ground.complaints = [NO_TUN]
    assert await ways.connect("web") == 0
    assert not ways.them.is_watched("web")
    ways.ground.complaints = [NO_TUN]
    with pytest.raises(HostError, match="no way to publish") as caught:
        await ways.connect("db", WEB)
    assert caught.value.hint == "Open it: sudo modprobe tun; sudo chmod 666 /dev/net/tun"
    assert caught.value.explanation == "pasta may not open /dev/net/tun."
    assert (caught.value.details, caught.value.subject) == (NO_TUN, "pasta")


@pytest.mark.parametrize(
    ("complaint", "error", "subject"),
    [
        ("Failed to bind port 8080 (Address already in use), exiting", Conflict, "8080/tcp"),
        ("Failed to bind port 8081 (Address already in use), exiting", Conflict, "8081/tcp"),
    ],
)
async def test_a_port_that_somebody_has_is_named(
    ways: WaysOut, complaint: str, error: type[Exception], subject: str
) -> None:
    ways.ground.complaints = [complaint]
    with pytest.raises(error) as caught:
        await ways.connect("web", WEB, PortMapping(container_port=81, host_port=8081))
    assert (caught.value.code, caught.value.subject) == (Code.PORT_IN_USE, subject)  # type: ignore[attr-defined]
    assert str(caught.value).startswith(f"Port {subject} is in use")
    assert not ways.them.is_watched("web")


async def test_a_bind_without_a_number_is_whoevers_port_is_held(ways: WaysOut) -> None:
    ways.ground.complaints = ["Couldn't bind something"]
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = PortMapping(container_port=81, host_port=holder.getsockname()[1], host_ip="127.0.0.1")
        free = PortMapping(container_port=80, host_port=1)
        with pytest.raises(Conflict) as caught:
            await ways.connect("web", free, taken)
    assert caught.value.subject == f"{taken.host_port}/tcp"


@pytest.mark.parametrize(
    ("complaint", "explanation"),
    [("first\nlast word  \n", "last word"), ("Failed to bind port 99 (x)", "Failed to bind port 99 (x)")],
)
async def test_whatever_else_it_says_is_told(ways: WaysOut, complaint: str, explanation: str) -> None:
    ways.ground.complaints = [complaint]
    with pytest.raises(RuntimeFailure, match="could not be set up") as caught:
        await ways.connect("web", WEB)
    assert (caught.value.explanation, caught.value.details) == (explanation, complaint.rstrip("\n"))


async def test_one_that_fails_without_a_word(ways: WaysOut) -> None:
    ways.ground.complaints = ["No external routable interface for IPv6"]
    with pytest.raises(RuntimeFailure) as caught:
        await ways.connect("web")
    assert caught.value.details == "pasta failed"


# --- watched, ended, found again ---


async def test_one_that_ends_by_itself_is_told(ways: WaysOut) -> None:
    await ways.connect("web")
    end(ways.ground.processes[0])
    await until(lambda: ways.lost == ["web"])
    assert not ways.them.is_watched("web")
    assert ways.them.running("web") == 0


async def test_one_that_is_asked_to_end_is_not_lost(ways: WaysOut) -> None:
    await ways.connect("web")
    await ways.connect("db")
    await ways.them.disconnect("web")
    assert ways.ground.processes[0].wait() == -signal.SIGTERM
    assert ways.ground.processes[1].poll() is None
    await asyncio.sleep(0)
    assert ways.lost == []
    assert (ways.them.is_watched("web"), ways.them.is_watched("db")) == (False, True)
    await ways.them.disconnect("web")
    await ways.them.disconnect("nobody")


async def test_one_that_does_not_hear_is_killed(ways: WaysOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "_END_SECONDS", 0.01)
    await ways.prepare("web")
    deaf = a_process("pasta", str(ways.them.namespace("web")), script="trap '' TERM;")
    ways.pid_file().write_text(str(deaf.pid))
    await ways.them.disconnect("web")
    assert deaf.wait() == -signal.SIGKILL
    end(deaf)


async def test_a_stranger_with_its_number_is_left_alone(ways: WaysOut) -> None:
    await ways.prepare("web")
    stranger = a_process("/another/namespace")
    ways.pid_file().write_text(str(stranger.pid))
    assert ways.them.running("web") == 0
    assert ways.them.adopt("web") == 0
    await ways.them.disconnect("web")
    assert stranger.poll() is None
    end(stranger)


@pytest.mark.parametrize("text", ["", "many", "0", " \n", str(2**22 + 1)])
async def test_a_pid_file_that_tells_nothing(ways: WaysOut, text: str) -> None:
    await ways.prepare("web")
    ways.pid_file().write_text(text)
    assert ways.them.running("web") == 0
    await ways.them.disconnect("web")


async def test_a_new_engine_takes_over_what_runs(ways: WaysOut) -> None:
    pid = await ways.connect("web")
    await ways.them.close()
    assert not ways.them.is_watched("web")
    again = ways.another()
    before = len(os.listdir("/proc/self/fd"))
    assert again.adopt("web") == pid
    assert again.adopt("web") == pid
    assert len(os.listdir("/proc/self/fd")) == before + 1
    assert again.is_watched("web")
    assert not again.is_offline("web")
    assert again.adopt("db") == 0
    end(ways.ground.processes[0])
    await until(lambda: ways.lost == ["web"])
    await again.close()


@pytest.mark.parametrize("how", ["it was known", "its words say so"])
async def test_a_stand_in_is_one_for_the_next_engine_too(ways: WaysOut, host: Path, how: str) -> None:
    if how == "its words say so":
        ways.ground.complaints = [NO_WAY_OUT]
    await ways.connect("web")
    await ways.them.close()
    again = ways.another()
    again.adopt("web", was_offline=how == "it was known")
    assert again.is_offline("web")
    await again.renew_stand_ins()
    assert ways.lost == ["web"]
    await again.close()


async def test_what_a_lost_keeper_may_have_started_is_looked_for(
    ways: WaysOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ways.prepare("web")
    begun = [a_process("pasta", str(ways.them.namespace("web"))) for _ in range(2)]

    async def dies(argv: Any, **more: Any) -> Any:
        raise RuntimeFailure("The keeper died")

    run = ways.ground.run
    monkeypatch.setattr(ways.ground, "run", dies)
    with pytest.raises(RuntimeFailure):
        await ways.connect("web")
    await ways.them.disconnect("web")
    assert [each.wait() for each in begun] == [-signal.SIGTERM] * 2
    monkeypatch.setattr(ways.ground, "run", run)
    other = a_process("pasta", str(ways.them.namespace("web")))
    await ways.them.disconnect("web")
    assert other.poll() is None, "nobody is unsure any more"
    for each in (*begun, other):
        end(each)


# --- removed ---


async def test_a_namespace_goes_with_its_pasta(ways: WaysOut) -> None:
    await ways.connect("web")
    api = ways.ground.paths.inside / "slirp-web"
    api.touch()
    await ways.them.remove("web")
    assert ways.ground.processes[0].wait() == -signal.SIGTERM
    assert not ways.them.namespace("web").exists()
    assert ways.let_go == ["web"]
    assert not api.exists()


async def test_one_that_nobody_will_ask_for_again_goes_behind(ways: WaysOut) -> None:
    await ways.connect("web")
    await ways.them.remove("web", behind=True)
    assert ways.them.namespace("web").exists()
    assert ways.them.behind.is_going("web")
    await ways.them.close()
    assert not ways.them.namespace("web").exists()


# --- where pasta is not ---


async def serve_slirp(ways: WaysOut, key: str, heard: list[Any], answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(json.loads(await reader.read()))
        writer.write(answer)
        writer.close()

    return await asyncio.start_unix_server(serve, str(ways.ground.paths.inside / f"slirp-{key[:16]}"))


async def test_slirp4netns_stands_in(ways: WaysOut, installed: set[str]) -> None:
    installed.clear()
    installed.add("slirp4netns")
    key, heard = "web" * 8, list[Any]()
    server = await serve_slirp(ways, key, heard, b'{"return": {"id": 1}}')
    udp = PortMapping(container_port=53, host_port=5353, protocol="udp", host_ip="127.0.0.1")
    pid = await ways.connect(key, WEB, udp)
    assert pid == ways.ground.processes[0].pid == ways.them.running(key)
    assert ways.ground.calls[0][0] == "/usr/bin/slirp4netns"
    assert ways.option("--api-socket") == str(ways.ground.paths.inside / f"slirp-{key[:16]}")
    assert [(each["arguments"]["host_port"], each["arguments"]["proto"]) for each in heard] == [
        (8080, "tcp"),
        (5353, "udp"),
    ]
    [child] = ways.ground.children
    assert (child.is_closed, child.signals) == (True, [])
    assert ways.them.is_watched(key)
    assert attachment.host_address() == "10.0.2.100"
    assert attachment.dns_forwarder() == "10.0.2.3"
    server.close()
    await server.wait_closed()


async def test_a_port_that_slirp4netns_cannot_have(ways: WaysOut, installed: set[str]) -> None:
    installed.clear()
    installed.add("slirp4netns")
    server = await serve_slirp(ways, "web", [], b'{"error": {"desc": "bad request"}}')
    with pytest.raises(Conflict) as caught:
        await ways.connect("web", WEB)
    assert (caught.value.code, caught.value.subject) == (Code.PORT_IN_USE, "8080/tcp")
    [child] = ways.ground.children
    assert (child.is_closed, child.signals) == (True, [signal.SIGTERM])
    server.close()
    await server.wait_closed()


async def test_a_slirp4netns_that_ends_at_once(ways: WaysOut, installed: set[str]) -> None:
    installed.clear()
    installed.add("slirp4netns")
    ways.ground.complaints = ["no"]
    with pytest.raises(RuntimeFailure, match="could not be set up") as caught:
        await ways.connect("web")
    assert caught.value.explanation == "slirp4netns ended at once."
    assert len(os.listdir("/proc/self/fd")) < 200


async def test_without_any_of_them_it_is_said_what_to_install(ways: WaysOut, installed: set[str]) -> None:
    installed.clear()
    with pytest.raises(HostError, match="Neither pasta nor slirp4netns is installed") as caught:
        await ways.connect("web")
    assert ("apt install passt" in caught.value.hint, caught.value.subject) == (True, "pasta")
    assert caught.value.explanation == "Containers with a network of their own need one of them."
    assert stand_ins.stand_in() is None
    installed.update(("pasta", "slirp4netns"))
    assert stand_ins.stand_in() is None, "pasta goes before"
    assert attachment.dns_forwarder() == "169.254.1.1"


# --- told before it starts ---


@pytest.mark.parametrize(
    ("network", "uid", "open_", "warned"),
    [
        ("pasta", 1000, False, 1),
        ("shop", 1000, False, 1),
        ("pasta", 1000, True, 0),
        ("pasta", 0, False, 0),
        *[(each, 1000, False, 0) for each in ("none", "host", "container:x", "pod:x")],
    ],
)
def test_a_missing_node_for_tunnels_is_told_of_where_it_matters(
    monkeypatch: pytest.MonkeyPatch, network: str, uid: int, open_: bool, warned: int
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(os, "access", lambda place, mode: open_ and (place, mode) == ("/dev/net/tun", 6))
    found = attachment.missing_network(network)
    assert len(found) == warned
    assert all("modprobe tun" in each for each in found)


class Probe:
    """A datagram socket on a host that has a route of these kinds."""

    def __init__(self, kinds: tuple[int, ...], family: int) -> None:
        self.kinds, self.family = kinds, family

    def connect(self, place: tuple[str, int]) -> None:
        if self.family not in self.kinds:
            raise OSError(101, "Network is unreachable")
        assert place == {socket.AF_INET: ("192.0.2.1", 9), socket.AF_INET6: ("2001:db8::1", 9)}[self.family]  # type: ignore[index]

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.10", 5) if self.family == socket.AF_INET else ("2001:db8::10", 5)

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("kinds", "address"),
    [
        ((socket.AF_INET, socket.AF_INET6), "192.0.2.10"),
        ((socket.AF_INET6,), "2001:db8::10"),
        ((), ""),
    ],
)
def test_the_address_from_which_this_host_talks_to_the_world(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], kinds: tuple[int, ...], address: str
) -> None:
    def made(family: int, kind: int) -> Probe:
        assert kind == socket.SOCK_DGRAM
        return Probe(kinds, family)

    monkeypatch.setattr(socket, "socket", made)
    assert attachment.host_address() == address
    assert routes.leads_out() is bool(kinds)
