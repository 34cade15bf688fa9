"""`wherry tour`: the main job, without a window. A service from the demo image runs, answers, is shown and taken away.

Everything happens in a store of its own that is removed at the end, so a tour never meets the user's containers.
Exit code: 0 every stop was reached, 1 one was not (what failed and what to do is printed), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from engine.cli.printed.paper import say
from engine.embedded import open_engine
from engine.errors import WherryError
from engine.processes.ask import ask
from engine.types.containers import Container, ContainerSpec, CreateContainer, PortMapping, State
from engine.types.logs import ReadLogs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from engine.facade import Engine
    from engine.types.logs import LogLine

_NAME = "tour"
_ANSWER_SECONDS = 20.0
_WINDOW_SECONDS = 180.0


class _Stopped(Exception):
    """A stop of the tour was not reached; the words are for people."""


@dataclass(frozen=True)
class _Place:
    """Where this tour's store is."""

    root: Path
    run: Path


def run(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    pictures = Path(options.pictures or _for_pictures()).absolute()
    try:
        with _place() as place:
            asyncio.run(_Tour(place, pictures, window=not options.no_window).take())
    except (WherryError, _Stopped) as error:
        say(f"\nThe tour ended early: {error}", file=sys.stderr)
        if details := getattr(error, "details", ""):
            say(details, file=sys.stderr)
        say("See what this machine lacks: wherry doctor", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nThe tour was interrupted; everything it made is gone.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wherry tour", description="Run the demo service in a temporary store, look at it, and clean up."
    )
    parser.add_argument("--pictures", metavar="DIR", help="where screenshots of the window go")
    parser.add_argument("--no-window", action="store_true", help="take no screenshots")
    return parser


class _Tour:
    """The stops, in order. Each prints one line with what it found and how long it took."""

    def __init__(self, place: _Place, pictures: Path, *, window: bool) -> None:
        self._place = place
        self._pictures = pictures
        self._window = window
        self._began = time.monotonic()
        self._opened = False

    async def take(self) -> None:
        async with AsyncExitStack() as leaving:
            # Registered before anything is made, so it happens whatever goes wrong.
            leaving.push_async_callback(self._leave)
            async with self._engine() as engine:
                await self._introduce(engine)
                image = await self._load(engine)
                container = await self._start(engine, image)
                await self._fetch(container)
                await self._read_logs(engine, container)
                await self._read_stats(engine, container)
            if self._window:
                await self._take_pictures()
            async with self._engine() as engine:
                await self._find_again(engine, container)
        self._say("cleaned up", "container, image and store are gone")
        say(f"\nThat was Wherry, in {time.monotonic() - self._began:.1f} s.")

    # --- the stops ---

    async def _introduce(self, engine: Engine) -> None:
        facts = await engine.host.facts()
        words = f"{facts.driver}, control groups {facts.cgroup_mode}"
        self._say("engine open", f"Wherry {facts.version}, rootless, {words}")

    async def _load(self, engine: Engine) -> str:
        reference = (await engine.images.load_demo().result()).split()[0]
        image = await engine.images.get(reference)
        words = f"{reference}, {image.size / 1e6:.1f} MB in {_count(len(image.layers), 'layer')}"
        self._say("demo image made", words)
        return reference

    async def _start(self, engine: Engine, reference: str) -> Container:
        image = await engine.images.get(reference)
        exposed = [int(port.partition("/")[0]) for port in image.config.exposed_ports if not port.endswith("/udp")]
        if not exposed:
            raise _Stopped(f"the image {reference} exposes no port.")
        spec = ContainerSpec(image=reference, ports=(PortMapping(container_port=exposed[0], host_ip="127.0.0.1"),))
        created = await engine.containers.create(CreateContainer(spec=spec, name=_NAME))
        started = time.monotonic()
        container = await engine.containers.start(created.id)
        port = container.ports[0]
        words = f"“{container.name}”, port {port.container_port} published on http://127.0.0.1:{port.host_port}"
        self._say("service started", f"{words}, in {(time.monotonic() - started) * 1000:.0f} ms")
        return container

    async def _fetch(self, container: Container, what: str = "page fetched") -> None:
        url = f"http://127.0.0.1:{container.ports[0].host_port}/"
        deadline = time.monotonic() + _ANSWER_SECONDS
        trouble = "no answer"
        # The way to the container is open before the service in it listens: only an answer counts.
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while time.monotonic() < deadline:
                try:
                    async with session.get(url) as response:
                        page = await response.text(errors="replace")
                        if response.status == 200:
                            self._say(what, f"{len(page)} characters: {_title(page)}")
                            return
                        trouble = f"status {response.status}"
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    trouble = str(error) or type(error).__name__
                await asyncio.sleep(0.02)
        raise _Stopped(f"{url} did not answer within {_ANSWER_SECONDS:.0f} s ({trouble}).")

    async def _read_logs(self, engine: Engine, container: Container) -> None:
        lines: list[LogLine] = []
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not lines and time.monotonic() < deadline:
            async for batch in engine.logs.read(container.id, ReadLogs(tail=3)):
                lines += batch
            await asyncio.sleep(0.02)
        if not lines:
            raise _Stopped("the service answered a request but logged nothing.")
        self._say("log read", "the last lines are")
        for line in lines[-3:]:
            say(f"      {line.text}")

    async def _read_stats(self, engine: Engine, container: Container) -> None:
        sample = await engine.stats.sample(container.id)
        estimated = f" (estimated: {', '.join(sample.estimated)})" if sample.estimated else ""
        words = f"{sample.memory / 1e6:.1f} MB of memory, {sample.cpu_usage_us / 1000:.0f} ms of CPU"
        words += f", {_count(sample.pids, 'process', 'processes')}{estimated}"
        if not sample.pids:
            raise _Stopped("the service runs, but no process of it was counted.")
        self._say("stats read", words)

    async def _take_pictures(self) -> None:
        """The window opens the same store after the engine left it, and finds the service still running."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "WHERRY_ROOT": str(self._place.root),
            "WHERRY_RUN": str(self._place.run),
            "QT_QPA_PLATFORM": "offscreen",
            # The look of the user's own window is neither read nor changed.
            "XDG_CONFIG_HOME": str(self._place.root.parent / "config"),
        }
        argv = [sys.executable, "-P", "-m", "gui", "--screenshots", str(self._pictures)]
        began = time.time()
        answer = await asyncio.to_thread(ask, argv, timeout=_WINDOW_SECONDS, env=environment)
        if answer.code:
            raise _Stopped(f"the window could not be pictured: {answer.words}\n{answer.errors[-3000:]}")
        taken = sorted(p for p in self._pictures.glob("*.png") if p.stat().st_mtime >= began - 1)
        if not taken:
            raise _Stopped("the window was opened but no picture of it was saved.")
        self._say("window pictured", f"{_count(len(taken), 'screenshot')} of the service in it, in {self._pictures}")
        for picture in taken:
            say(f"      {picture.name}")

    async def _find_again(self, engine: Engine, container: Container) -> None:
        """Engines came and went since the service was started; it must have noticed nothing."""
        found = await engine.containers.get(container.id)
        if found.state is not State.RUNNING or found.pid != container.pid:
            reason = f": {found.exit.error}" if found.exit and found.exit.error else ""
            raise _Stopped(f"the service did not outlive the engine that started it ({found.state}{reason}).")
        await self._fetch(found, "still answers")

    async def _leave(self) -> None:
        """Take the container away, whatever state the tour ended in; nothing may outlive it."""
        if not self._opened:
            return
        async with self._engine() as engine:
            for container in await engine.containers.list():
                await engine.containers.remove(container.id, force=True, volumes=True)
            await engine.images.prune(all_unused=True)

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[Engine]:
        engine = await open_engine(self._place.root, self._place.run)
        self._opened = True
        try:
            yield engine
        finally:
            await engine.close()

    def _say(self, what: str, found: str) -> None:
        say(f"{time.monotonic() - self._began:5.1f} s  {what}: {found}", flush=True)


def _title(page: str) -> str:
    """What a browser would show on the tab, or the page's beginning."""
    head, found, rest = page.partition("<title>")
    return rest.partition("</title>")[0].strip() if found else head[:60].strip()


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


# --- the place ---


def _for_pictures() -> Path:
    """One's own: in /tmp anybody could have made the directory first, with links in it for what is written there."""
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wherry-tour"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="wherry-tour-"))
    return place


@contextmanager
def _place() -> Iterator[_Place]:
    """On a disk, not in memory as /tmp may be; and with paths short enough for sockets."""
    base = Path(tempfile.mkdtemp(prefix="wherry-tour-", dir=_disk()))
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if os.getuid() == 0:
        # A container's root is then somebody else, who must be able to walk to both places.
        base.chmod(0o711)
        runtime = str(base)
    usable = runtime and os.access(runtime, os.W_OK)
    run_directory = Path(tempfile.mkdtemp(prefix="wherry-tour-", dir=runtime if usable else None))
    run_directory.chmod(0o711)
    try:
        yield _Place(base / "root", run_directory / "run")
    finally:
        for directory in (run_directory, base):
            _remove(directory)


def _disk() -> Path | None:
    """Below the home where that can be: AppArmor keeps pasta from writing its pid file elsewhere."""
    if chosen := os.environ.get("TMPDIR"):
        return Path(chosen)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if os.getuid():
        with suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
    # Root's home is closed to the containers' root.
    places = [cache, Path("/var/tmp")] if os.getuid() else [Path("/var/tmp")]
    return next((place for place in places if os.access(place, os.W_OK | os.X_OK)), None)


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    if directory.exists() and os.getuid():
        # What is left belongs to ids of containers; only a namespace that has them may remove it.
        ask(["unshare", "--map-root-user", "--map-auto", "rm", "-rf", "--one-file-system", str(directory)], timeout=60)
    if directory.exists():
        say(f"Could not remove {directory}; it may be deleted by hand.", file=sys.stderr)
