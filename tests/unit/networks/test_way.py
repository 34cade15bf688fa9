"""The way from one container to another, step by step: with files of /proc of the test's own, and real connections."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.networks.look import way
from engine.networks.look.way import Way
from engine.networks.names import wire
from engine.types.containers import PortMapping
from engine.types.networks import Network, NetworkMember
from tests.support.dns import in_a_stream, question, reply
from tests.unit.networks.made import a_container, a_network, member

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.types.containers import Container
    from engine.types.reach import Reach

WEB, DB = 11, 12
GATEWAY = "127.4.0.1"
WEB_AT, DB_AT = "127.4.0.2", "127.4.0.3"


class Opener:
    """In place of the keeper: sockets inside a namespace are such as any."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    async def open_sockets(self, namespace: str, family: int, count: int) -> list[socket.socket]:
        self.asked.append((namespace, family, count))
        return [socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(count)]


@dataclass
class Machine:
    proc: Path
    keeper: Opener = field(default_factory=Opener)

    def runs(self, pid: int, *listening: tuple[str, int], like: int = 0) -> None:
        """A process with a network of its own, or that of another; who waits for connections there."""
        (self.proc / f"{pid}/ns").mkdir(parents=True)
        (self.proc / f"{pid}/net").mkdir()
        own = self.proc / f"{pid}/ns/net"
        own.hardlink_to(self.proc / f"{like}/ns/net") if like else own.touch()
        rows: dict[str, list[str]] = {"tcp": ["head"], "tcp6": ["head"]}
        for address, port in listening:
            packed = (IPv6Address if ":" in address else IPv4Address)(address).packed
            words = "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
            rows["tcp6" if ":" in address else "tcp"].append(f"0: {words}:{port:04X} 0:0 0A 0:0 0:0 0 0 0 5 1")
        for name, lines in rows.items():
            (self.proc / f"{pid}/net/{name}").write_text("\n".join(lines))

    async def walk(
        self, source: Container, target: Container, networks: Sequence[Network] = (), port: int = 0
    ) -> Reach:
        return await Way(cast("Keeper", self.keeper), source, target, networks, port).walk()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(way, "_PROC", tmp_path)
    made = Machine(tmp_path)
    made.runs(os.getpid())
    return made


def web(**more: Any) -> Container:
    return a_container("web" * 4, "web", **({"pid": WEB} | more))


def db(**more: Any) -> Container:
    return a_container("db" * 6, "db", **({"pid": DB} | more))


def shop(name: str = "shop", **more: Any) -> Network:
    members = (at(web(), WEB_AT), at(db(), DB_AT))
    return a_network(name, **({"gateway": GATEWAY, "subnet": "127.4.0.0/24", "members": members} | more))


def at(container: Container, address: str) -> NetworkMember:
    return NetworkMember(container_id=container.id, name=container.name, ip_address=address)


def said(reach: Reach) -> list[tuple[str, str]]:
    """Checks that were passed, and the sentence of the last."""
    return [(each.check, each.words) for each in reach.steps]


def stopped(reach: Reach) -> tuple[str, str, str]:
    *passed, last = reach.steps
    assert all(each.ok and not each.hint for each in passed)
    assert not last.ok
    assert not reach.reaches
    return last.check, last.words, last.hint


@asynccontextmanager
async def listening(address: str, port: int = 0, answer: bytes | None = None) -> AsyncIterator[int]:
    """Takes connections; with an answer, gives it to a question for a name."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is not None:
            length = int.from_bytes(await reader.readexactly(2), "big")
            await reader.readexactly(length)
            for piece in (answer[:1], answer[1:20], answer[20:]):  # it may come in any
                writer.write(piece)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, address, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


# --- what is no way at all ---


@pytest.mark.parametrize(
    ("source", "target", "check", "name"),
    [(0, DB, "source", "web"), (WEB, 0, "target", "db"), (0, 0, "source", "web")],
)
async def test_both_must_run(machine: Machine, source: int, target: int, check: str, name: str) -> None:
    reach = await machine.walk(web(pid=source), db(pid=target))
    assert stopped(reach) == (check, f"{name} does not run.", f"Start it: wherry start {name}")
    assert (reach.source, reach.target, reach.port) == ("web", "db", 0)


async def test_containers_without_a_common_network(machine: Machine) -> None:
    machine.runs(WEB)
    machine.runs(DB)
    front = a_network("front", members=(at(web(), WEB_AT),))
    back = a_network("back", id="cd" * 32, members=(at(db(), DB_AT), member("rests")))
    alone = web(spec={"network": "none"})
    told = stopped(await machine.walk(web(), db(), [front, back]))
    assert told == (
        "network",
        "They share no network: web is on front. db is on back.",
        "Connect it: wherry network connect back web",
    )
    told = stopped(await machine.walk(alone, db(), [a_network("pasta", builtin=True, members=(at(db(), DB_AT),))]))
    assert told == (
        "network",
        "They share no network: web is on none. db is on bridge.",
        "Connect it: wherry network connect NETWORK web",
    )


async def test_one_that_rests_in_a_common_network_is_not_reached_there(machine: Machine) -> None:
    machine.runs(WEB)
    machine.runs(DB)
    both = a_network("shop", members=(at(web(), WEB_AT), at(db(), "")))
    check, words, hint = stopped(await machine.walk(web(), db(spec={"network": both.id}), [both]))
    assert (check, words) == ("network", "They share no network: web is on shop. db is on shop.")
    assert hint == "Connect it: wherry network connect shop web"


async def test_a_network_that_keeps_its_members_apart(machine: Machine) -> None:
    machine.runs(WEB)
    machine.runs(DB)
    apart = shop(options={"com.docker.network.bridge.enable_icc": "false"})
    reach = await machine.walk(web(), db(), [apart])
    assert stopped(reach) == (
        "isolation",
        "The network shop keeps its members apart.",
        "Put both on a network that does not.",
    )
    assert said(reach)[2] == ("network", "Both are on the network shop.")


async def test_what_uses_the_computers_network_is_not_reached_by_others(machine: Machine) -> None:
    machine.runs(WEB)
    machine.runs(DB, like=os.getpid())
    check, words, hint = stopped(await machine.walk(web(), db()))
    assert (check, "this computer's own network" in words, "host-gateway" in hint) == ("network", True, True)
    assert hint == "Give it a name for this computer: --add-host host.docker.internal:host-gateway."


# --- over a common network ---


async def test_a_service_that_is_reached(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(DB_AT) as port, listening(GATEWAY, answer=_answered("db", DB_AT)) as names:
        monkeypatch.setattr(way, "_DNS_PORT", names)
        machine.runs(WEB)
        machine.runs(DB, ("0.0.0.0", port), ("127.0.0.1", 1))
        reach = await machine.walk(web(), db(), [a_network("other"), shop()])
    assert said(reach) == [
        ("source", "web runs."),
        ("target", "db runs."),
        ("network", "Both are on the network shop."),
        ("address", f"There db has the address {DB_AT}."),
        ("name", f"The name db leads to {DB_AT}."),
        ("listener", f"db listens on port {port}."),
        ("connection", f"A connection to {DB_AT}:{port} was made just now."),
    ]
    assert reach.reaches
    assert reach.port == port
    assert machine.keeper.asked == [(f"/proc/{WEB}/ns/net", socket.AF_INET, 1)] * 2


def _answered(name: str, *addresses: str, code: int = 0) -> bytes:
    return in_a_stream([reply(way._question(name), *addresses, code=code)])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_answered("db", "127.4.0.9", "127.4.0.8"), "The name db leads to 127.4.0.9, 127.4.0.8."),
        (_answered("db", code=3), "The name db is not known there."),
    ],
)
async def test_a_name_that_leads_elsewhere(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str
) -> None:
    machine.runs(WEB)
    machine.runs(DB)
    async with listening(GATEWAY, answer=answer) as names:
        monkeypatch.setattr(way, "_DNS_PORT", names)
        reach = await machine.walk(web(), db(), [shop()])
    assert stopped(reach) == ("name", words, f"Its address is {DB_AT}.")


@pytest.mark.parametrize("answer", [_answered("db", code=2), b"", b"\0\1x", None])
async def test_where_nobody_answers_for_names_the_address_is_all_there_is(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    async with listening(DB_AT) as port, listening(GATEWAY, answer=answer) as names:
        monkeypatch.setattr(way, "_DNS_PORT", names if answer is not None else 1)
        machine.runs(WEB)
        machine.runs(DB, ("::", port))
        reach = await machine.walk(web(), db(), [shop()], port)
    assert reach.reaches
    assert [each.check for each in reach.steps][-3:] == ["address", "listener", "connection"]


async def test_on_the_default_network_only_addresses_lead_there(machine: Machine) -> None:
    async with listening(DB_AT) as port:
        machine.runs(WEB)
        machine.runs(DB, (DB_AT, port))
        default = shop("pasta", builtin=True)
        reach = await machine.walk(web(), db(), [default])
    assert said(reach)[2] == ("network", "Both are on the network bridge.")
    assert said(reach)[4][1].startswith("Names are for networks of one's own")
    assert reach.reaches
    assert len(machine.keeper.asked) == 1


# --- who listens ---


@pytest.mark.parametrize(
    ("open_to", "port", "words", "hint"),
    [
        ([], 0, "Nothing in db listens on any port.", "See its log: it may still start."),
        ([], 80, "Nothing in db listens on port 80. It listens on no port that others reach.", ""),
        (
            [("0.0.0.0", 81), ("::", 82), ("0.0.0.0", 81)],
            80,
            "Nothing in db listens on port 80. It listens on 81, 82.",
            "",
        ),
        (
            [("0.0.0.0", number) for number in range(10, 19)],
            80,
            "Nothing in db listens on port 80. It listens on 10, 11, 12, 13, 14, 15, 16, 17, ….",
            "",
        ),
        (
            [("127.0.0.1", 80), ("::1", 80)],
            80,
            "In db port 80 is open to itself alone (127.0.0.1, ::1).",
            "Have the service listen on 0.0.0.0 instead of its loopback.",
        ),
        ([("127.0.0.1", 80)], 0, "Nothing in db listens on any port.", "See its log: it may still start."),
    ],
)
async def test_nobody_listens(
    machine: Machine, open_to: list[tuple[str, int]], port: int, words: str, hint: str
) -> None:
    machine.runs(WEB)
    machine.runs(DB, *open_to)
    default = shop("pasta", builtin=True)
    assert stopped(await machine.walk(web(), db(), [default], port)) == ("listener", words, hint)


async def test_a_process_that_just_ended_listens_nowhere(machine: Machine) -> None:
    machine.runs(WEB)
    reach = await machine.walk(web(), db(), [shop(builtin=True)])
    assert stopped(reach)[0] == "listener"


# --- the very connection ---


async def test_a_connection_that_is_refused(machine: Machine) -> None:
    machine.runs(WEB)
    with socket.socket() as taken:
        taken.bind((DB_AT, 0))
        port = taken.getsockname()[1]
        machine.runs(DB, ("0.0.0.0", port))
        reach = await machine.walk(web(), db(), [shop(builtin=True)])
    assert stopped(reach) == ("connection", f"The connection to {DB_AT}:{port} failed: Connection refused.", "")


async def test_a_connection_that_nobody_answers(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.runs(WEB)
    machine.runs(DB, ("0.0.0.0", 80))

    async def never(sock: socket.socket, place: tuple[str, int]) -> None:
        raise TimeoutError

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
    reach = await machine.walk(web(), db(), [shop(builtin=True)])
    assert stopped(reach) == ("connection", f"{DB_AT}:80 does not answer within 3 s.", "A filter inside?")


async def test_two_that_share_one_network_meet_at_the_loopback(machine: Machine) -> None:
    async with listening("127.0.0.1") as port:
        machine.runs(WEB, ("127.0.0.1", port))
        machine.runs(DB, ("127.0.0.1", port), like=WEB)
        reach = await machine.walk(web(), db())
    assert said(reach)[2:] == [
        ("network", "Both use one and the same network: they reach each other at 127.0.0.1."),
        ("listener", f"db listens on port {port}."),
        ("connection", f"A connection to 127.0.0.1:{port} was made just now."),
    ]


# --- from this computer ---


@pytest.mark.parametrize(
    ("ports", "port", "words"),
    [
        ((), 0, "publishes no port."),
        ((PortMapping(container_port=81, host_port=8081),), 80, "publishes its port 80 not."),
    ],
)
async def test_from_this_computer_only_what_is_published_is_reached(
    machine: Machine, ports: tuple[PortMapping, ...], port: int, words: str
) -> None:
    machine.runs(WEB, like=os.getpid())
    machine.runs(DB)
    check, told, hint = stopped(await machine.walk(web(), db(ports=ports), port=port))
    assert (check, hint) == ("network", "Publish it (-p), or put both on one network.")
    assert told == f"web uses this computer's own network, where db {words}"


@pytest.mark.parametrize(("host_ip", "port"), [("", 0), ("127.4.0.9", 80)])
async def test_from_this_computer_the_published_port_is_tried(machine: Machine, host_ip: str, port: int) -> None:
    async with listening(host_ip or "127.0.0.1") as number:
        machine.runs(WEB, like=os.getpid())
        machine.runs(DB, ("0.0.0.0", 80), ("0.0.0.0", 79))
        published = (PortMapping(container_port=80, host_port=number, host_ip=host_ip),)
        reach = await machine.walk(web(), db(ports=published), port=port)
    assert said(reach)[2:] == [
        ("network", f"db publishes port {number} on this computer."),
        ("listener", "db listens on port 80."),
        ("connection", f"A connection to {host_ip or '127.0.0.1'}:{number} was made just now."),
    ]
    assert (reach.port, machine.keeper.asked) == (80, [])


async def test_a_published_service_that_listens_to_itself_alone(machine: Machine) -> None:
    machine.runs(WEB, like=os.getpid())
    machine.runs(DB, ("127.0.0.1", 80))
    published = (PortMapping(container_port=80, host_port=8080),)
    assert stopped(await machine.walk(web(), db(ports=published)))[0] == "listener"


# --- the names' own language ---


def test_answers_are_read_past_aliases_and_other_kinds() -> None:
    asked = way._question("db")
    head = asked[:2] + struct.pack("!5H", 0x8180, 1, 3, 0, 0) + asked[12:]
    alias = b"\x03www\x00" + struct.pack("!2HIH", 5, 1, 60, 3) + b"\x01a\x00"
    six = b"\xc0\x0c" + struct.pack("!2HIH", 28, 1, 60, 16) + bytes(16)
    four = b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 60, 4) + bytes([10, 1, 0, 9])
    assert way._addresses(head + alias + six + four, len(asked)) == ["10.1.0.9"]
    for cut in range(12, len(head + alias + six + four)):
        assert way._addresses((head + alias + six + four)[:cut], len(asked)) is None, "what was cut off says nothing"


def test_a_question_is_what_a_program_inside_would_ask() -> None:
    asked = wire.Question(way._question("shop-db.front"))
    assert (asked.name, asked.kind, asked.flags, asked.is_standard) == ("shop-db.front", wire.A, 0x0100, True)
    assert way._question("shop-db.front") == question("shop-db.front", number=1)


async def test_a_message_is_read_in_whatever_pieces_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(pieces: list[bytes]) -> bytes:
        async def sock_recv(sock: socket.socket, most: int) -> bytes:
            return pieces.pop(0)

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_recv", sock_recv)
        return await way._message(cast("socket.socket", None))

    assert await read([b"\0", b"\3a", b"bc"]) == b"abc"
    assert await read([b"\0\3abc"]) == b"abc"
    assert await read([b"\0\0"]) == b""
    assert await read([b"\0\3a", b""]) == b"a"
    assert await read([b""]) == b""
