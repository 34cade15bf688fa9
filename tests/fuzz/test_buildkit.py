"""BuildKit's door under strangers' bytes: frames that are damaged, made up or without end, messages of nonsense,
transfers that lie. Each input has a connection of its own; whatever it holds, the connection ends, nothing is logged as
a fault of ours, and a proper call on another connection is answered.

`python -m tests.fuzz.test_buildkit 100000` tries that many and says so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from grpclib.client import UnaryUnaryMethod
from grpclib.exceptions import GRPCError
from h2.config import H2Configuration
from h2.connection import H2Connection

from engine.api.buildkit.bridge import Bridge
from engine.api.buildkit.connections.sessions import Sessions
from engine.api.buildkit.connections.transport import WireChannel, serve
from engine.api.buildkit.connections.wires import Wire
from engine.api.buildkit.control import Control
from engine.api.buildkit.jobs import Jobs
from engine.api.buildkit.results.past import Past
from engine.api.buildkit.transfers.receiving import Receiver
from engine.api.buildkit.wire import messages_pb2 as wire
from tests.fakes.engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable

CONTROL, BRIDGE = "/moby.buildkit.v1.Control/", "/moby.buildkit.v1.frontend.LLBBridge/"
METHODS = [
    *(f"{CONTROL}{name}" for name in ("ListWorkers", "Info", "Solve", "Status", "Session", "DiskUsage", "Prune",
                                      "ListenBuildHistory", "UpdateBuildHistory", "Nope")),
    *(f"{BRIDGE}{name}" for name in ("Ping", "Solve", "Return", "Evaluate", "StatFile", "ReadFile", "ReadDir")),
]  # fmt: skip
SAMPLES: list[Any] = [
    wire.SolveRequest(Ref="r", Session="s", FrontendAttrs={"filename": "Dockerfile", "platform": "linux/amd64"}),
    wire.StatusRequest(Ref="r"),
    wire.BridgeSolveRequest(Frontend="dockerfile.v0", FrontendOpt={"cache-imports": "[]", "ulimit": "x"}),
    wire.ReturnRequest(error=wire.RpcStatus(code=99, message="m")),
    wire.BuildHistoryRequest(EarlyExit=True),
    wire.PruneRequest(keepDuration=-(1 << 62)),
    wire.ReadFileRequest(Ref="r", FilePath="../..", Range=wire.FileRange(Offset=-5, Length=1 << 60)),
]


class Given(Wire):
    """These bytes, then the end; what is answered is counted."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self.answered = 0
        self.ended = False

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        return self._pieces.pop(0) if self._pieces else b""

    async def write(self, data: bytes) -> None:
        self.answered += len(data)

    def end(self) -> None:
        self.ended = True


class Pipe(Wire):
    """One end of a connection in memory."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[bytes] = asyncio.Queue()
        self.other: Pipe

    async def read(self) -> bytes:
        return await self._came.get()

    async def write(self, data: bytes) -> None:
        self.other._came.put_nowait(data)

    def end(self) -> None:
        self.other._came.put_nowait(b"")
        self._came.put_nowait(b"")


class Door:
    """The calls of one engine, which all connections share."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.jobs, self.sessions = Jobs(), Sessions()

    def services(self) -> list[Any]:
        past = Past(self.engine, self.jobs)
        return [
            Control(self.engine, self.jobs, self.sessions, past),
            Bridge(self.engine, self.jobs, self.sessions),
            past,
        ]

    async def takes(self, pieces: list[bytes]) -> Given:
        given = Given(pieces)
        await asyncio.wait_for(serve(given, self.services()), 30)
        assert given.ended
        return given

    async def answers(self) -> bool:
        ours, theirs = Pipe(), Pipe()
        ours.other, theirs.other = theirs, ours
        serving = asyncio.create_task(serve(theirs, self.services()))
        channel = WireChannel(ours)
        running = asyncio.create_task(channel.run())
        method = UnaryUnaryMethod(channel, f"{CONTROL}Info", wire.InfoRequest, wire.InfoResponse)
        said = await method(wire.InfoRequest(), timeout=20)
        channel.close()
        await asyncio.gather(running, serving)
        return bool(said.buildkitVersion.version)


def calls(dice: random.Random) -> bytes:
    """A conversation as a client would lead it, but for what it says."""
    client = H2Connection(config=H2Configuration(client_side=True, header_encoding="utf-8"))
    client.initiate_connection()
    for _ in range(dice.randint(1, 4)):
        stream = client.get_next_available_stream_id()
        headers = [
            (":method", "POST"), (":scheme", "http"), (":path", dice.choice(METHODS)), (":authority", "x"),
            ("te", "trailers"), ("content-type", dice.choice(["application/grpc", "application/grpc+proto", "text/x"])),
            ("buildkit-controlapi-buildid", dice.choice(["r", "", "x" * 100])),
        ]  # fmt: skip
        if dice.random() < 0.2:
            headers.append(("grpc-timeout", dice.choice(["1m", "0n", "junk", "99999999H"])))
        client.send_headers(stream, headers)
        body = damaged(dice, dice.choice(SAMPLES).SerializeToString())
        length = dice.choice([len(body), len(body), len(body), 0, len(body) + 7, 0xFFFFFFFF])
        head = bytes([dice.choice([0, 0, 0, 0, 1, 7])]) + length.to_bytes(4, "big")
        client.send_data(stream, head + body, end_stream=dice.random() < 0.8)
        if dice.random() < 0.2:
            client.reset_stream(stream, dice.randrange(14))
    return bytes(client.data_to_send())


def damaged(dice: random.Random, data: bytes) -> bytes:
    """A few bytes other, fewer or more; or none."""
    made = bytearray(data)
    for _ in range(dice.choice([0, 0, 1, 2, 8])):
        where = dice.randrange(len(made) + 1)
        deed = dice.randrange(3)
        if deed == 0:
            made[where:where] = dice.randbytes(dice.randint(1, 5))
        elif made:
            where = min(where, len(made) - 1)
            made[where : where + dice.randint(1, 3)] = b"" if deed == 1 else dice.randbytes(1)
    return bytes(made)


def frames(dice: random.Random) -> bytes:
    """Frames of any kind, flags and stream, each as long as it says."""
    made = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"")
    for _ in range(dice.randint(1, 12)):
        payload = dice.randbytes(dice.choice([0, 1, 4, 5, 6, 8, 17, 60]))
        made += _frame(dice.randrange(14), dice.randrange(256), dice.choice([0, 1, 2, 3, 5, 1 << 30]), payload)
    return made


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randint(0, 300))


def hurt_calls(dice: random.Random) -> bytes:
    return damaged(dice, calls(dice))


def transfer(dice: random.Random, root: Path) -> None:
    """What a session may say of a directory; nothing is written outside of ours."""
    names = ["a", "a/b", "..", "a/../..", "/etc", "b", "a//b", "\0", "x" * 300, "a/b/c", ".", "ä", "b/c"]
    (root / "here").mkdir(exist_ok=True)
    receiver = Receiver(root / "here")
    try:
        for _ in range(dice.randint(1, 12)):
            packet = wire.Packet(type=dice.randrange(6), ID=dice.randrange(4), data=dice.randbytes(dice.randrange(40)))
            if packet.type == 0 and dice.random() < 0.9:
                packet.stat.path = dice.choice(names)
                packet.stat.mode = dice.choice(
                    [0o644, 1 << 31 | 0o755, 1 << 27 | 0o777, 1 << 26, dice.randrange(1 << 32)]
                )
                packet.stat.linkname = dice.choice(["", "", "a", "../../x", "b"])
                packet.stat.size = dice.choice([0, 5, -1, 1 << 62])
                packet.stat.modTime = dice.choice([0, 1, -1, 1 << 62])
            data = damaged(dice, packet.SerializeToString()) if dice.random() < 0.1 else packet.SerializeToString()
            receiver.take(wire.Packet.FromString(data))
    except (GRPCError, DecodeError, OSError):
        pass
    finally:
        receiver.close()


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "calls": calls, "hurt calls": hurt_calls, "frames": frames, "noise": noise,
}  # fmt: skip


async def run(count: int, seed: int, root: Path) -> Counter[str]:
    dice = random.Random(seed)
    door, tried = Door(), Counter[str]()
    (root / "outside").write_text("untouched")
    for number in range(count):
        if number % 5 == 4:
            await asyncio.to_thread(transfer, dice, root)
            tried["transfers"] += 1
        else:
            kind = dice.choice(list(KINDS))
            data = KINDS[kind](dice)
            cut = dice.randrange(len(data) + 1)
            await door.takes([data[:cut], data[cut:]])
            tried[kind] += 1
        if number % 1000 == 999:
            assert await door.answers()
            door = Door() if number % 10_000 == 9999 else door
    assert await door.answers()
    assert set(os.listdir(root)) == {"here", "outside"}
    assert (root / "outside").read_text() == "untouched"
    return tried


async def test_whatever_arrives_ends_its_own_connection_and_nothing_else(tmp_path: Path) -> None:
    assert (await run(400, 20, tmp_path)).total() == 400


async def main(count: int) -> None:
    faults: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: faults.append(f"{record.getMessage()} {record.exc_info}")  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    begun, seed = time.monotonic(), random.randrange(1 << 30)
    with tempfile.TemporaryDirectory() as place:
        tried = await run(count, seed, Path(place))
    sys.stdout.write(f"seed {seed}: {tried.total()} inputs in {time.monotonic() - begun:.0f} s: {dict(tried)}\n")
    sys.stdout.write(f"logged as faults: {Counter(faults).most_common(5) or 'nothing'}\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
