"""The host goes from no network to one, and to another, under containers that run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp


async def test_containers_that_started_offline_reach_the_world_by_every_network_the_host_comes_to(
    short_tmp: ShortTmp,
) -> None:
    """Names and pages, on the default network and on one of one's own."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--user", "--map-root-user", "--net", "--mount",
        sys.executable, "-m", "tests.system.networks.moving", str(short_tmp.root), str(short_tmp.run),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert out.decode().splitlines() == [
        f"{network} reaches the world by {router}"
        for router in ("192.0.2.1", "203.0.113.1")
        for network in ("pasta", "team")
    ]


async def test_a_computer_without_a_network_says_so_and_what_waits_for_an_address_starts_when_it_is_there(
    short_tmp: ShortTmp,
) -> None:
    """On the command line at `run` and at `start`; who has no policy that says so stays as it was made."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--user", "--map-root-user", "--net", "--mount",
        sys.executable, "-m", "tests.system.networks.offline", str(short_tmp.root), str(short_tmp.run),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert out.decode().splitlines() == [
        "wherry run: 0, warned: True",
        "wherry stop: 0, warned: False",
        "wherry start: 0, warned: True",
        "wanted: This host has no address 192.0.2.9",
        "unwanted: This host has no address 192.0.2.9",
        "wanted, after a restart: ['It waits for the address 192.0.2.9, which it publishes on, and starts when this"
        " computer has it.']",
        "unwanted, after a restart: []",
        "web: running, 0 warnings",
        "wanted: running, 0 warnings",
        "unwanted: created, 0 warnings",
        "wherry start: 0, warned: False",
    ]


async def test_the_doctor_asks_for_a_name_as_a_container_would(short_tmp: ShortTmp) -> None:
    """Offline nothing is wrong; with a resolver, a container must hear what the computer hears."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--user", "--map-root-user", "--net", "--mount",
        sys.executable, "-m", "tests.system.networks.doctored", str(short_tmp.path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert out.decode().splitlines() == [
        "ok: Not tried: there is no resolver or no way to reach one.",
        "ok: No resolver answers this computer itself now.",
        "ok: A container gets its answers from 192.0.2.1.",
    ]
