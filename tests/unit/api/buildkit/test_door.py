"""BuildKit's door: what it costs who does not use it, what it makes of nonsense, and how it words failures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import stat
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from grpclib.client import UnaryUnaryMethod
from grpclib.exceptions import GRPCError

from engine.api.buildkit.connections.transport import WireChannel
from engine.api.buildkit.connections.wires import Wire
from engine.api.buildkit.faults import failed_build, lines_of, refused
from engine.api.buildkit.results.reports import metadata_of
from engine.api.buildkit.transfers.file_modes import as_go, is_directory, is_link, is_plain, permissions
from engine.api.buildkit.transfers.receiving import DATA, STAT, Receiver
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.errors import WherryError
from engine.types.builds import BuildImage
from tests.fakes.engine import FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.api.serving import Raw, Served

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.bulk
def test_nobody_loads_http2_who_does_not_build() -> None:
    code = "import sys, engine.api.routes; print([m for m in sys.modules if m in ('grpclib', 'h2', 'google.protobuf')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=os.getcwd())
    assert done.stdout == "[]\n"


class _Socket(Wire):
    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    async def read(self) -> bytes:
        return await self._raw.reader.read(1 << 16)

    async def write(self, data: bytes) -> None:
        self._raw.writer.write(data)

    def end(self) -> None:
        self._raw.writer.close()


async def ask(api: Served, method: str, request: object, answer: type) -> object:
    channel = WireChannel(_Socket(await api.upgrade("/grpc", protocol="h2c")))
    running = asyncio.create_task(channel.run())
    try:
        return await UnaryUnaryMethod(channel, method, type(request), answer)(request, timeout=20)
    finally:
        channel.close()
        await running


async def test_a_client_reads_what_the_engine_is(api: Served) -> None:
    said = await ask(api, "/moby.buildkit.v1.Control/ListWorkers", wire.ListWorkersRequest(), wire.ListWorkersResponse)
    assert said.record[0].ID == "wherry"  # type: ignore[attr-defined]
    assert said.record[0].platforms[0].OS == "linux"  # type: ignore[attr-defined]


async def test_a_call_that_nobody_knows_is_told_so(api: Served) -> None:
    with pytest.raises(GRPCError):
        await ask(api, "/moby.buildkit.v1.Control/Nope", wire.InfoRequest(), wire.InfoResponse)
    assert (await api.ask("GET", "/_ping")).status == 200


@pytest.mark.parametrize("path", ["/grpc", "/session"])
async def test_whoever_does_not_upgrade_is_told_what_this_is(api: Served, path: str) -> None:
    reply = await api.ask("POST", path)
    assert reply.status == 400
    assert "h2c" in reply.message


async def test_nonsense_ends_its_own_connection_and_nothing_else(api: Served) -> None:
    chance = random.Random(7)
    for _ in range(60):
        raw = await api.upgrade("/grpc", protocol="h2c")
        noise = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 400)))
        raw.writer.write((PREFACE if chance.random() < 0.7 else b"") + noise)
        raw.writer.write_eof()
        await raw.rest()
        await raw.close()
    assert (await api.ask("GET", "/_ping")).status == 200


async def test_messages_of_nonsense_are_refused_one_by_one(api: Served) -> None:
    chance = random.Random(8)
    for method in ("Control/Solve", "Control/Status", "frontend.LLBBridge/Solve", "frontend.LLBBridge/Return"):
        for _ in range(5):
            noise = wire.BytesMessage(data=bytes(chance.randrange(256) for _ in range(chance.randrange(200))))
            full = f"/moby.buildkit.v1.{method}"
            with pytest.raises(GRPCError):
                await asyncio.wait_for(ask(api, full, noise, wire.Nothing), 20)
    assert (await api.ask("GET", "/_ping")).status == 200


# --- words ---


def test_the_lines_of_an_instruction_are_all_marked() -> None:
    text = "FROM x\nRUN a; \\\n    b; \\\n    c\nRUN <<E\none\ntwo\nE\nCMD d\n"
    assert lines_of(text, 2) == (2, 4)
    assert lines_of(text, 5) == (5, 8)
    assert lines_of(text, 9) == (9, 9)


def test_a_failure_is_said_in_buildkits_words() -> None:
    said = {
        "The command '/bin/sh -c false' returned a non-zero code: 1":
            'process "/bin/sh -c false" did not complete successfully: exit code: 1',
        "COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist":
            'failed to calculate checksum: "/nope": not found',
    }  # fmt: skip
    for ours, theirs in said.items():
        assert failed_build(WherryError("x", docker=ours), None, "Dockerfile", "", "").message == theirs


def test_an_error_of_megabytes_stays_a_header() -> None:
    big = refused("x" * (1 << 20), details=[wire.RawAny(value=b"y" * (1 << 20))])
    assert len(big.message or "") <= 8 << 10
    assert big.details == []


@pytest.mark.parametrize("mode", [0o100644, 0o104755, 0o040755, 0o041777, 0o120777, 0o010600])
def test_modes_survive_the_way_to_go_and_back(mode: int) -> None:
    theirs = as_go(mode)
    assert permissions(theirs) == stat.S_IMODE(mode)
    assert is_directory(theirs) == stat.S_ISDIR(mode)
    assert is_link(theirs) == stat.S_ISLNK(mode)
    assert is_plain(theirs) == stat.S_ISREG(mode)


# --- what a client lists ---


def entry(path: str, mode: int = 0o644, **more: object) -> object:
    return wire.Packet(type=STAT, stat=wire.Stat(path=path, mode=mode, **more))


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", "a//b", "a/./b", "nowhere/below", "", "x\0y"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(GRPCError):
        Receiver(tmp_path).take(entry(path))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    receiver = Receiver(tmp_path / "in")
    receiver.take(entry("link", as_go(0o120777), linkname="../outside"))
    with pytest.raises(GRPCError):
        receiver.take(entry("link/file"))
    assert not list((tmp_path / "outside").iterdir())


def test_what_is_there_already_is_not_asked_for_and_what_is_listed_no_more_goes(tmp_path: Path) -> None:
    first = Receiver(tmp_path)
    assert first.take(entry("a", size=2, modTime=5 * 10**9)) == [0]
    assert first.take(entry("b", size=1, modTime=5 * 10**9)) == [1]
    first.take(wire.Packet(type=STAT))
    for number, data in ((0, b"aa"), (1, b"b")):
        first.take(wire.Packet(type=DATA, ID=number, data=data))
        first.take(wire.Packet(type=DATA, ID=number))
    assert first.complete

    first.close()

    second = Receiver(tmp_path)
    assert second.take(entry("a", size=2, modTime=5 * 10**9)) == []
    second.take(wire.Packet(type=STAT))
    assert second.complete
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def list_of(receiver: Receiver, *entries: object) -> None:
    with contextlib.closing(receiver):
        for each in entries:
            receiver.take(each)
        receiver.take(wire.Packet(type=STAT))


DIRECTORY = as_go(0o040755)


def test_what_is_not_listed_goes_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("a/old", "a/deep/older", "b/kept/x", "b/zz", "c", "gone/all"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o644)
        os.utime(path, (5, 5))
    kept = {"size": 0, "modTime": 5 * 10**9}
    list_of(
        Receiver(tmp_path),
        entry("a", DIRECTORY), entry("b", DIRECTORY), entry("b/kept", DIRECTORY), entry("b/kept/x", **kept),
        entry("b.txt", as_go(0o120777), linkname="c"),
    )  # fmt: skip
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"a", "b", "b/kept", "b/kept/x", "b.txt"}


@pytest.mark.parametrize("second", ["a", "A"])
def test_a_list_out_of_order_is_refused(tmp_path: Path, second: str) -> None:
    with contextlib.closing(Receiver(tmp_path)) as receiver:
        receiver.take(entry("a", DIRECTORY))
        with pytest.raises(GRPCError):
            receiver.take(entry(second, DIRECTORY))


def test_a_hard_link_leads_to_no_file_outside_and_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the host")
    into = tmp_path / "in"
    into.mkdir()
    list_of(
        Receiver(into),
        entry("link", as_go(0o120777), linkname=".."),
        entry("one", linkname="../secret"),
        entry("three", linkname="/link/secret"), entry("two", linkname="link/secret"),
    )  # fmt: skip
    assert [path.name for path in into.iterdir()] == ["link"]


@pytest.mark.bulk
def test_a_list_of_many_entries_is_not_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    tracemalloc.start()
    try:
        with contextlib.closing(Receiver(tmp_path / "here")) as receiver:
            for number in range(12_000):
                receiver.take(entry(f"{number:06}{'x' * 240}", size=1))
            _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 << 20, "the names alone are more, and half as much is in memory before a file is taken"


def test_a_file_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GRPCError):
        Receiver(tmp_path).take(wire.Packet(type=DATA, ID=3, data=b"x"))


# --- questions about a Dockerfile ---


async def test_a_check_tells_its_findings_with_their_rules_and_how_it_ends() -> None:
    engine = FakeEngine()
    report = await engine.builds.examine(BuildImage(dockerfile_text="FROM a as b\nCMD c\n"))
    said = metadata_of("frontend.lint", report)
    assert said is not None
    warnings = json.loads(said["result.json"])["warnings"]
    assert [each["ruleName"] for each in warnings] == ["FromAsCasing", "JSONArgsRecommended"]
    assert warnings[1]["url"].endswith("/json-args-recommended/")
    assert warnings[1]["location"]["ranges"] == [{"start": {"line": 2}, "end": {"line": 2}}]
    assert said["result.statuscode"] == b"1"
    clean = metadata_of("frontend.lint", await engine.builds.examine(BuildImage(dockerfile_text="FROM a\n")))
    assert clean is not None
    assert clean["result.statuscode"] == b"0"
    broken = metadata_of("frontend.lint", await engine.builds.examine(BuildImage(dockerfile_text="FROM a\nRUNN\n")))
    assert broken is not None
    assert json.loads(broken["result.json"])["buildError"]["location"]["ranges"][0]["start"] == {"line": 2}
    assert metadata_of("frontend.nope", report) is None
