"""What networks cost: joining one, a look-up of a neighbour, questions by the thousand, two hundred members, and bytes
from one member to another; podman's beside them in the same minutes.

python -m tests.bench.networks [--runs N] [--members N] [--seconds N] [--no-podman]

Asked and sent by the host's Python, lent to the containers of both engines.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import time
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.types.containers import ContainerSpec, CreateContainer, Mount, PortMapping
from engine.types.networks import CreateNetwork
from tests.bench.containers import IMAGE, load, made_podman, report, tell
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.embedded import EmbeddedEngine
    from tests.bench.containers import Podman

PODMANS = "wherry-bench"
"""Its networks are the user's, not its store's."""
_LENT = ("/usr", "/lib", "/lib64")
_PYTHON = "/usr/bin/python3"
_ASK = """
import json, socket, struct, sys, time
name, count, pace = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
server = next(line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver"))
ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.settimeout(2)
ask.connect((server, 53))
labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\\0"
spent, begun = [], time.perf_counter()
for number in range(count):
    wait = begun + number * pace - time.perf_counter()
    if wait > 0:
        time.sleep(wait)
    raw = struct.pack("!HHHHHH", number & 65535, 256, 1, 0, 0, 0) + labels + struct.pack("!HH", 1, 1)
    then = time.perf_counter()
    ask.send(raw)
    reply = ask.recv(4096)
    spent.append(time.perf_counter() - then)
    assert reply[:2] == raw[:2] and reply[6:8] != b"\\0\\0", reply
spent.sort()
whole = time.perf_counter() - begun
print(json.dumps({"median": spent[count // 2], "worst": spent[int(count * 0.99)], "whole": whole}))
"""
_TAKE = """
import socket, time
server = socket.create_server(("", 5001))
taken, _ = server.accept()
room, total, begun = bytearray(1 << 20), 0, time.perf_counter()
while got := taken.recv_into(room):
    total += got
print(total / (time.perf_counter() - begun) / 1e9, flush=True)
"""
_SEND = """
import socket, sys, time
until = None
while True:
    try:
        out = socket.create_connection((sys.argv[1], 5001))
        break
    except OSError:
        time.sleep(0.05)
piece, until = bytes(1 << 20), time.perf_counter() + float(sys.argv[2])
while time.perf_counter() < until:
    out.sendall(piece)
"""


def lent() -> tuple[Mount, ...]:
    return tuple(Mount(kind="bind", source=path, target=path, read_only=True) for path in _LENT)


async def run(engine: EmbeddedEngine, *command: str, name: str = "", **options: object) -> tuple[str, float]:
    """Create and start; its id, and the milliseconds both took."""
    spec = ContainerSpec(image=IMAGE, command=command or ("sleep", "100000"), stop_timeout=0.0, **options)  # type: ignore[arg-type]
    begun = time.perf_counter()
    container = await engine.containers.create(CreateContainer(spec=spec, name=name))
    await engine.containers.start(container.id)
    return container.id, (time.perf_counter() - begun) * 1000


async def output(engine: EmbeddedEngine, script: str, *words: str, **options: object) -> str:
    container, _ = await run(engine, _PYTHON, "-c", script, *words, mounts=lent(), **options)
    await engine.containers.wait(container)
    raw = engine.paths.log(container).read_text()
    await engine.containers.remove(container, force=True)
    return "\n".join(line.split(" ", 3)[3] for line in raw.splitlines())


# --- joining ---


async def measure_joining(engine: EmbeddedEngine, podman: Podman | None, runs: int) -> None:
    kinds: dict[str, dict[str, object]] = {
        "start, port published, default network": {"network": "pasta", "ports": (PortMapping(container_port=80),)},
        "start, port published, network of one's own": {"network": "team", "ports": (PortMapping(container_port=80),)},
        "start, internal network": {"network": "inner"},
        "start, no network": {"network": "none"},
    }
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    theirs: dict[str, list[float]] = {"podman run -p": [], "podman run -p --network": []}
    for number in range(runs + 1):
        for name, options in kinds.items():
            container, milliseconds = await run(engine, **options)
            await engine.containers.remove(container, force=True)
            await asyncio.sleep(0.06)  # nobody starts the next within the same breath
            if number:
                spent[name].append(milliseconds)
        if podman is not None:
            theirs["podman run -p"].append(podman.run("-p", f"{42000 + number}:80"))
            theirs["podman run -p --network"].append(podman.run("-p", f"{43000 + number}:80", "--network", PODMANS))
            podman.clear()
    for name, values in spent.items():
        tell(name, values)
    first, second, *_ = (statistics.median(values) for values in spent.values())
    report("    what joining adds", f"{second - first:.1f} ms", "≤ 8 ms")
    for name, values in theirs.items():
        if values:
            tell(name, values)


# --- names ---


def processor_seconds(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def told(text: str) -> dict[str, float]:
    found: dict[str, float] = json.loads(text)
    return found


async def measure_names(engine: EmbeddedEngine) -> None:
    await run(engine, name="neighbour", network="team", network_aliases=("web",))
    pid = engine.networks.names_server_pid
    found = told(await output(engine, _ASK, "web", "2000", "0.001", network="team"))
    report(
        "look-up of a neighbour", f"{found['median'] * 1000:.3f} ms", f"99 %: {found['worst'] * 1000:.2f}   ≤ 0.3 ms"
    )
    before, begun = processor_seconds(pid), time.perf_counter()
    found = told(await output(engine, _ASK, "web", "50000", "0.0001", network="team"))
    spent = processor_seconds(pid) - before
    rate = 50000 / found["whole"]
    report(
        "questions a second",
        f"{rate:.0f}",
        f"{spent / found['whole'] * 100 * 10000 / rate:.1f} % of a core each 10,000",
    )
    report("the names server's memory", f"{resident(pid):.1f} MB", f"{time.perf_counter() - begun:.0f} s later")


def _podmans() -> tuple[str, ...]:
    return ("--cgroups=disabled",) if Path("/sys/fs/cgroup/unified").is_dir() else ()


def podman_output(podman: Podman, script: str, *words: str) -> str:
    volumes = [word for path in _LENT for word in ("-v", f"{path}:{path}:ro")]
    argv = [
        *podman.base,
        "run",
        *_podmans(),
        "--rm",
        "--network",
        PODMANS,
        *volumes,
        IMAGE,
        _PYTHON,
        "-c",
        script,
        *words,
    ]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


async def measure_members(engine: EmbeddedEngine, count: int) -> None:
    begun = time.perf_counter()
    limit = asyncio.Semaphore(8)

    async def one(number: int) -> str:
        async with limit:
            return (await run(engine, name=f"m{number}", network="crowd", network_aliases=("all",)))[0]

    made = await asyncio.gather(*(one(number) for number in range(count)))
    report(f"{count} containers onto one network", f"{time.perf_counter() - begun:.1f} s")
    found = told(await output(engine, _ASK, f"m{count // 2}", "1000", "0.001", network="crowd"))
    report("    look-up of one of them", f"{found['median'] * 1000:.3f} ms", "≤ 0.3 ms")
    members = (await engine.networks.get("crowd")).members
    assert len({each.ip_address for each in members}) == count
    await asyncio.gather(*(engine.containers.remove(each, force=True) for each in made))


# --- bytes ---


async def measure_bytes(engine: EmbeddedEngine, podman: Podman | None, seconds: int) -> None:
    ours, counted, theirs = [], [], []
    for _ in range(3):
        ours.append(await _bytes(engine, seconds))
        async with aclosing(engine.networks.watch_peers()) as readings:  # type: ignore[type-var]
            looking = asyncio.create_task(_read(readings))
            counted.append(await _bytes(engine, seconds))
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        if podman is not None:
            theirs.append(await asyncio.to_thread(podman_bytes, podman, seconds))
    report("from one member to another", f"{statistics.median(ours):.2f} GB/s")
    report("the same while somebody looks at who talks to whom", f"{statistics.median(counted):.2f} GB/s")
    if theirs:
        report("podman's", f"{statistics.median(theirs):.2f} GB/s")
        report("Wherry / podman", f"{statistics.median(ours) / statistics.median(theirs):.2f}", "≥ 0.9")


async def _bytes(engine: EmbeddedEngine, seconds: int) -> float:
    server, _ = await run(engine, _PYTHON, "-c", _TAKE, name="taker", network="team", mounts=lent())
    await output(engine, _SEND, "taker", str(seconds), network="team")
    await engine.containers.wait(server)
    gigabytes = float(engine.paths.log(server).read_text().split()[3])
    await engine.containers.remove(server, force=True)
    return gigabytes


async def _read(readings: AsyncIterator[object]) -> None:
    async for _ in readings:
        pass


def podman_bytes(podman: Podman, seconds: int) -> float:
    volumes = [word for path in _LENT for word in ("-v", f"{path}:{path}:ro")]
    podman.call(
        "run", *_podmans(), "-d", "--name", "taker", "--network", PODMANS, *volumes, IMAGE, _PYTHON, "-c", _TAKE
    )
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    found = subprocess.run(
        [*podman.base, "inspect", "-f", address, "taker"], check=True, capture_output=True, text=True
    )
    podman_output(podman, _SEND, found.stdout.strip(), str(seconds))
    podman.call("wait", "taker")
    logs = subprocess.run([*podman.base, "logs", "taker"], check=True, capture_output=True, text=True).stdout
    podman.clear()
    return float(logs.split()[-1])


async def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--no-podman", action="store_true")
    chosen = parser.parse_args(arguments)
    place = make_short_tmp()
    try:
        engine = await open_engine(place.root, place.run)
        await load(engine)
        for name in ("team", "crowd", "inner"):
            await engine.networks.create(CreateNetwork(name=name, internal=name == "inner"))
        with contextlib.ExitStack() as stack:
            podman = stack.enter_context(made_podman(wanted=not chosen.no_podman))
            if podman is not None:
                podman.call("network", "create", PODMANS)
                stack.callback(podman.call, "network", "rm", "-f", PODMANS)
            await measure_joining(engine, podman, chosen.runs)
            await measure_names(engine)
            await measure_bytes(engine, podman, chosen.seconds)
        if chosen.members:
            await measure_members(engine, chosen.members)
        await engine.close(stop_containers=True)
    finally:
        remove_tree(place.path)


if __name__ == "__main__":
    asyncio.run(main())
