"""A container that may reach some of the world only: names refused, addresses prohibited, neighbours always there."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from engine.errors import InvalidRequest
from engine.networks.limits.egress import LABEL
from engine.types.containers import Exec, Security
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import create, load_busybox, run, until

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.networks import NameQuestion
    from tests.support.stores import ShortTmp

SERVER = ("httpd", "-f", "-p", "80", "-h", "/www")
NOWHERE = "203.0.113.1"
"""An address that nobody has: what the kernel says of it tells a ban from a long way."""
BANNED = "Operation not permitted"


@pytest.fixture
async def shop(engine: EmbeddedEngine) -> EmbeddedEngine:
    await load_busybox(engine)
    await engine.networks.create(CreateNetwork(name="shop"))
    await run(engine, *SERVER, name="web", network="shop")
    return engine


async def said(engine: EmbeddedEngine, container: str, *command: str) -> str:
    """All a command inside writes."""
    session = await engine.containers.exec(container, Exec(command=command))
    text = b""
    while (piece := await session.read()) is not None:
        text += piece[1]
    await session.exit_code()
    return text.decode()


async def tried(engine: EmbeddedEngine, container: str, address: str) -> str:
    """A datagram to a place where nobody is; an answer is hardly waited for where it is under way."""
    return await said(engine, container, "nslookup", "-timeout=1", "-retry=1", "a.example", address)


async def test_only_what_is_on_the_list_is_reached(shop: EmbeddedEngine) -> None:
    limited = await run(shop, name="limited", network="shop", labels={LABEL: "example.org,198.51.100.0/24"})
    free = await run(shop, name="free", network="shop")
    assert BANNED in await tried(shop, limited.id, NOWHERE)
    assert BANNED not in await tried(shop, limited.id, "198.51.100.7")
    assert BANNED not in await tried(shop, free.id, NOWHERE)

    async def neighbour() -> bool:
        return "here I am" in await said(shop, limited.id, "wget", "-q", "-O", "-", "http://web/")

    await until(neighbour)


async def test_names_that_are_not_on_the_list_are_refused_and_written_down(shop: EmbeddedEngine) -> None:
    limited = await run(shop, name="limited", network="shop", labels={LABEL: "none"})
    seen: list[NameQuestion] = []
    async with aclosing(shop.networks.watch_names()) as batches:  # type: ignore[type-var]
        text = await said(shop, limited.id, "nslookup", "telemetry.example.com")
        assert "NXDOMAIN" in text
        async for batch in batches:
            seen += batch
            if any(each.verdict == "refused" for each in seen):
                break
    refused = next(each for each in seen if each.verdict == "refused")
    assert (refused.container, refused.network, refused.name) == ("limited", "shop", "telemetry.example.com")


async def test_the_default_network_and_a_list_of_a_network_s_own(shop: EmbeddedEngine) -> None:
    alone = await run(shop, name="alone", network="pasta", labels={LABEL: "none"})
    assert BANNED in await tried(shop, alone.id, NOWHERE)
    assert "NXDOMAIN" in await said(shop, alone.id, "nslookup", "example.org")
    await shop.networks.create(CreateNetwork(name="closed", labels={LABEL: "198.51.100.0/24"}))
    member = await run(shop, name="member", network="closed")
    assert BANNED in await tried(shop, member.id, NOWHERE)
    assert BANNED not in await tried(shop, member.id, "198.51.100.7")
    await shop.networks.connect("shop", member.id)

    async def neighbour() -> bool:
        return "here I am" in await said(shop, member.id, "wget", "-q", "-O", "-", "http://web/")

    await until(neighbour)
    assert BANNED in await tried(shop, member.id, NOWHERE)


async def test_the_list_holds_when_the_names_server_is_killed_and_over_a_restart(shop: EmbeddedEngine) -> None:
    limited = await run(shop, name="limited", network="shop", labels={LABEL: "none"})
    former = shop.networks._names.pid
    os.kill(former, signal.SIGKILL)
    assert BANNED in await tried(shop, limited.id, NOWHERE)
    await until(lambda: shop.networks._names.pid not in (0, former))
    await shop.containers.restart(limited.id)
    assert BANNED in await tried(shop, limited.id, NOWHERE)


async def test_a_list_that_is_edited_counts_while_the_container_runs(shop: EmbeddedEngine) -> None:
    made = await run(shop, name="limited", network="shop", labels={LABEL: "none"})
    await shop.containers.edit(made.id, replace(made.spec, labels={LABEL: f"{NOWHERE}/32"}))

    async def opened() -> bool:
        return BANNED not in await tried(shop, made.id, NOWHERE)

    await until(opened)
    assert (await shop.containers.get(made.id)).pid == made.pid
    await shop.containers.edit(made.id, replace(made.spec, labels={LABEL: "none"}))

    async def closed() -> bool:
        return BANNED in await tried(shop, made.id, NOWHERE)

    await until(closed)


async def test_what_could_open_the_gate_again_is_refused(shop: EmbeddedEngine) -> None:
    with pytest.raises(InvalidRequest):
        await create(shop, network="host", labels={LABEL: "none"})
    await shop.networks.create(CreateNetwork(name="closed", labels={LABEL: "none"}))
    made = await create(shop, network="closed", security=Security(capabilities_add=("NET_ADMIN",)))
    with pytest.raises(InvalidRequest):
        await shop.containers.start(made.id)
    assert (await shop.containers.get(made.id)).pid == 0


async def test_an_allowed_name_opens_its_address_and_no_other(short_tmp: ShortTmp) -> None:
    """With a world and a resolver of the test's own, on the default network and on one of one's own."""
    told = await _told(short_tmp, "limited")
    assert told == [
        *_reached("pasta", "Connection refused"),
        *_reached("team", "Connection refused"),
        "shut was refused 198.51.100.7:80, world.example",
    ]


async def test_a_list_holds_on_a_kernel_without_a_packet_filter_which_is_told(short_tmp: ShortTmp) -> None:
    told = await _told(short_tmp, "limited", "unfiltered")
    warning = "This kernel has no packet filter (nf_tables) for your user (Protocol not supported)"
    assert told == [
        warning,
        *_reached("pasta", "Permission denied"),
        warning,
        *_reached("team", "Permission denied"),
    ]


async def test_another_computer_is_answered_and_not_called_unless_the_list_has_it(short_tmp: ShortTmp) -> None:
    """By containers that publish, with and without a list; both call at addresses of both kinds."""
    allowed = "192.0.2.1,fd00:9::1"
    assert await _told(short_tmp, "visited") == [
        line
        for network in ("pasta", "team")
        for line in (
            f"{network} without a list: the page, the page, the answer; welcome, welcome",
            f"{network} none: the page, the page, the answer; Connection refused, Connection refused",
            f"{network} {allowed}: the page, the page, the answer; welcome, welcome",
        )
    ]


async def _told(place: ShortTmp, program: str, *how: str) -> list[str]:
    """By a program on a host of its own."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--user", "--map-root-user", "--net", "--mount",
        sys.executable, "-m", f"tests.system.networks.{program}", str(place.root), str(place.run), *how,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode().splitlines()


def _reached(network: str, refused: str) -> list[str]:
    lines = (
        f"the address alone: {refused}", "by its name: reached", "the address from now on: reached",
        f"another address: {refused}", "another name: True",
    )  # fmt: skip
    return [f"{network}, {line}" for line in lines]


async def test_published_ports_answer_other_computers_while_a_list_is_in_force() -> None:
    """And by the same ports nothing leaves that nobody asked for; set again (a server taken over) it is as before."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--user", "--map-root-user", "--net", sys.executable, "-m", "tests.system.networks.answering",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    heard = ["page: the page", "datagram: Operation not permitted, sent"]
    free = ["page: the page", "datagram: sent, sent"]
    assert out.decode().splitlines() == [*heard, *heard, "refused: 203.0.113.5:443", *free]
