"""How fast logs are opened, searched and followed, beside grep on the same file.

python -m tests.bench.logs [--size MB] [--lines-per-second N]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.logs.log_service import LogService
from engine.logs.source import LogSource
from engine.types.host import Settings
from engine.types.logs import Level, ReadLogs, SearchLogs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.operations.registry import OperationRegistry

_STAMP = "2026-11-21T%02d:%02d:%02d.%09d+00:00 %s F "
_WRITER = r"""
import os, sys, time
path, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
number, begin = 0, time.time()
while (passed := time.time() - begin) < seconds:
    due = int(passed * rate)
    while number < due:
        ns = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9)) + ".%09d+00:00" % (ns % 10**9)
        count = min(100, due - number)
        numbers = range(number, number + count)
        os.write(fd, b"".join(b"%s stdout F request %d served in 12 ms\n" % (stamp.encode(), n) for n in numbers))
        number += count
    time.sleep(0.0005)
print(number)
"""


class _Sources:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.alive = True

    def log_source(self, container: str) -> LogSource:
        return LogSource(container_id="bench", name="bench", path=self._path, alive=self.alive)

    def live_log_sources(self) -> Sequence[LogSource]:
        return []


def _write_log(path: Path, megabytes: int) -> int:
    """A log of a web server; one line in a thousand has an error, the newest one says so."""
    lines = 0
    with open(path, "wb") as log:
        while log.tell() < megabytes << 20:
            chunk = []
            for _ in range(20_000):
                second = lines // 5000
                head = _STAMP % (second // 3600 % 24, second // 60 % 60, second % 60, lines % 5000 * 200_000, "stdout")
                kind = (
                    f"ERROR upstream timed out after {lines % 977} ms" if lines % 1000 == 999 else "GET /index.html 200"
                )
                chunk.append(f"{head}10.0.0.{lines % 250} {kind} {lines}\n")
                lines += 1
            log.write("".join(chunk).encode())
    return lines


def _grep(arguments: Sequence[str], path: Path) -> tuple[float, int]:
    begin = time.perf_counter()
    answer = subprocess.run(["grep", "-c", *arguments, str(path)], capture_output=True, check=False, text=True)
    return time.perf_counter() - begin, int(answer.stdout)


async def _search(service: LogService, request: SearchLogs) -> tuple[float, int]:
    begin = time.perf_counter()
    matches = 0
    async for progress in service.search("bench", request):
        matches = progress.matches
    return time.perf_counter() - begin, matches


async def _searches(service: LogService, path: Path) -> None:
    questions: list[tuple[str, list[str], SearchLogs]] = [
        ("rare literal", ["-F", "timed out after 976"], SearchLogs(pattern="timed out after 976", case_sensitive=True)),
        ("literal, 1 in 1000", ["-F", "ERROR"], SearchLogs(pattern="ERROR")),
        ("literal, small, any case", ["-iF", "error upstream"], SearchLogs(pattern="error upstream")),
        ("literal, every line", ["-F", "10.0.0."], SearchLogs(pattern="10.0.0.", case_sensitive=True)),
        ("inverse", ["-vF", "GET"], SearchLogs(pattern="GET", inverse=True)),
        ("regex with a word", ["-E", "timed out after [0-9]{3} ms"],
         SearchLogs(pattern="timed out after [0-9]{3} ms", regex=True, case_sensitive=True)),
        ("regex of classes", ["-E", "[A-Z]{5} [a-z]+"], SearchLogs(pattern="[A-Z]{5} [a-z]+", regex=True)),
        ("regex, alternatives", ["-E", "(ERROR|FATAL) up"], SearchLogs(pattern="(ERROR|FATAL) up", regex=True)),
        ("regex, every line", ["-E", "10\\.0\\.0\\.[0-9]+ (GET|ERROR)"],
         SearchLogs(pattern="10\\.0\\.0\\.[0-9]+ (GET|ERROR)", regex=True)),
        ("regex at the end", ["-E", "ms [0-9]*99$"],
         SearchLogs(pattern="ms [0-9]*99$", regex=True, case_sensitive=True)),
    ]  # fmt: skip
    print(f"{'search':28} {'ours':>8} {'grep -c':>8} {'ratio':>6}")
    for name, arguments, request in questions:
        theirs = min(_grep(arguments, path) for _ in range(3))
        ours = min([await _search(service, request) for _ in range(3)])
        same = "" if ours[1] == theirs[1] else f"   {ours[1]} matches, grep {theirs[1]}"
        print(f"{name:28} {ours[0]:7.2f}s {theirs[0]:7.2f}s {ours[0] / theirs[0]:6.2f}{same}")
    seconds, matches = await _search(service, SearchLogs(pattern="", levels=(Level.ERROR,)))
    print(f"{'level error':28} {seconds:7.2f}s   ({matches} lines)")


async def _open_at_tail(service: LogService) -> float:
    begin = time.perf_counter()
    async for batch in service.read("bench", ReadLogs(tail=1000)):
        if len(batch) >= 1:
            break
    await service.summary("bench")
    return (time.perf_counter() - begin) * 1000


async def _follow(path: Path, rate: int, seconds: float) -> None:
    live = path / "live" / "container.log"
    live.parent.mkdir(parents=True)
    live.touch()
    sources = _Sources(live)
    service = _service(sources, live)
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WRITER, str(live), str(rate), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    seen, late, memory = 0, [], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def wait_for_the_writer() -> int:
        written = int((await writer.communicate())[0])
        sources.alive = False
        service.container_changed("bench")
        return written

    end = asyncio.create_task(wait_for_the_writer())
    cpu = time.process_time()
    async for batch in service.read("bench", ReadLogs(follow=True, until_exit=True)):
        late.append((time.time_ns() - batch[-1].time_ns) / 1e6)
        seen += len(batch)
    cpu = time.process_time() - cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    written = await end
    print(
        f"follow: {written / seconds:,.0f} lines/s written, {seen - written:+d} lost, cpu {cpu / seconds:.0%}, "
        f"newest line of a batch {statistics.median(late):.1f} ms old (worst {max(late):.0f}), "
        f"memory +{grown // 1024} MB"
    )
    await service.close()


def _service(sources: _Sources, path: Path) -> LogService:
    operations: OperationRegistry = None  # type: ignore[assignment] # nothing here is an operation
    return LogService(sources, history=path.parent / "history", operations=operations, settings=Settings)


async def run(megabytes: int, rate: int) -> None:
    with tempfile.TemporaryDirectory(prefix="wherry-bench-") as directory:
        path = Path(directory) / "c" / "container.log"
        path.parent.mkdir()
        lines = _write_log(path, megabytes)
        print(f"{path.stat().st_size / 1e9:.2f} GB, {lines:,} lines")
        service = _service(_Sources(path), path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        first = await _open_at_tail(service)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"open at the tail, never seen before: {first:.0f} ms, +{grown // 1024} MB")
        begin = time.perf_counter()
        while not (await service.summary("bench")).indexed:  # noqa: ASYNC110 - a bench may look again and again
            await asyncio.sleep(0.05)
        print(f"indexed after {time.perf_counter() - begin:.1f} s more (in a worker)")
        print(f"open at the tail again: {min([await _open_at_tail(service) for _ in range(5)]):.0f} ms")
        await _searches(service, path)
        await service.close()
        await _follow(Path(directory), rate, 4.0)
        await _follow(Path(directory) / "slow", 50, 2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1000, help="megabytes")
    parser.add_argument("--lines-per-second", type=int, default=200_000)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.size, arguments.lines_per_second))


if __name__ == "__main__":
    main()
