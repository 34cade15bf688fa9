"""What changed from version to version of the API: each client reads the answer that its own version has."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

_WEB = "/containers/shop-web-1/json"


async def test_addresses_at_the_top_of_the_network_settings_end_with_1_51(api: Served) -> None:
    older = (await api.get(f"/v1.51{_WEB}"))["NetworkSettings"]
    newer = (await api.get(f"/v1.52{_WEB}"))["NetworkSettings"]
    assert {"IPAddress", "Bridge", "MacAddress"} <= set(older)
    assert set(newer) == {"SandboxID", "SandboxKey", "Ports", "Networks"}
    assert newer["Networks"] == older["Networks"]


async def test_an_image_s_configuration_loses_what_was_never_its_own(api: Served) -> None:
    path = "/images/nginx:1.27/json"
    oldest, middle, newest = [(await api.get(f"/v1.{minor}{path}")) for minor in (49, 50, 52)]
    assert "Hostname" in oldest["Config"]
    assert "Hostname" not in middle["Config"]
    assert middle["Config"]["OnBuild"] is None
    assert "OnBuild" not in newest["Config"]
    assert middle["Parent"] == ""
    assert "Parent" not in newest
    assert "VirtualSize" in (await api.get(f"/v1.43{path}"))
    assert "VirtualSize" not in middle


async def test_events_lose_their_oldest_spelling_and_come_in_the_form_asked_for(api: Served) -> None:
    await api.ask("POST", "/containers/shop-web-1/pause")
    query = f"/events?since={time.time() - 60}&until={time.time() + 0.01}"
    older, newer = [(await api.ask("GET", f"/v1.{minor}{query}")) for minor in (51, 52)]
    assert {"status", "id", "from"} <= set(older.lines()[0])
    assert not {"status", "id", "from"} & set(newer.lines()[0])
    for minor, kind, answered in (
        (52, "application/json-seq", "application/json-seq"),
        (52, "application/x-ndjson", "application/x-ndjson"),
        (52, "application/jsonl", "application/json"),
        (53, "application/jsonl", "application/jsonl"),
        (51, "application/json-seq", "application/json"),
    ):
        reply = await api.ask("GET", f"/v1.{minor}{query}", Accept=kind)
        assert reply.headers["Content-Type"] == answered
        assert reply.body.startswith(b"\x1e") is (answered == "application/json-seq")
        assert json.loads(reply.body.lstrip(b"\x1e").splitlines()[0])["Action"] == "pause"


@pytest.mark.parametrize("kind", ["Image", "Container", "Volume", "BuildCache"])
async def test_disk_usage_as_rows_as_both_and_as_sums(api: Served, kind: str) -> None:
    legacy = "BuildCache" if kind == "BuildCache" else f"{kind}s"
    rows = (await api.get("/v1.51/system/df"))[legacy]
    both, verbose, newest = [
        (await api.get(path)) for path in ("/v1.52/system/df", "/v1.53/system/df?verbose=1", "/v1.53/system/df")
    ]
    assert both[legacy] == rows
    sums: dict[str, Any] = newest[f"{kind}Usage"]
    assert legacy not in newest
    assert set(sums) == {"TotalCount", "ActiveCount", "TotalSize", "Reclaimable"}
    assert sums["TotalCount"] == len(rows)
    assert 0 <= sums["Reclaimable"] <= sums["TotalSize"]
    assert verbose[f"{kind}Usage"] == {**sums, "Items": rows}


async def test_a_network_says_how_many_addresses_are_in_use(api: Served) -> None:
    network = next(each for each in await api.get("/networks") if each["IPAM"]["Config"])
    subnet = network["IPAM"]["Config"][0]["Subnet"]
    assert "Status" not in await api.get(f"/v1.51/networks/{network['Id']}")
    told = await api.get(f"/v1.52/networks/{network['Id']}")
    used = told["Status"]["IPAM"]["Subnets"][subnet]
    assert used["IPsInUse"] == len(told["Containers"]) + 3
    assert used["IPsInUse"] + used["DynamicIPsAvailable"] == 2 ** (32 - int(subnet.partition("/")[2]))


async def test_what_does_not_run_has_no_figures(api: Served) -> None:
    told = await api.get("/v1.52/containers/backup-nightly/stats?stream=0")
    assert (told["read"], told["memory_stats"], told["pids_stats"]) == ("0001-01-01T00:00:00Z", {}, {})
    assert "system_cpu_usage" not in told["cpu_stats"]
    assert told["os_type"] == "linux"
    assert "os_type" not in await api.get("/v1.51/containers/backup-nightly/stats?stream=0")
