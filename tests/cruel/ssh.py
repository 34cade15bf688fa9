"""ssh to another machine, killed or frozen in the middle of everything: told in a sentence, found again, nothing twice.

A real sshd of this user with another store's `wherry` behind it; held as a Wherry, and read as a Docker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MachineError, WherryError
from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from engine.types.containers import ContainerSpec, CreateContainer, Exec, Mount
from engine.types.files import Place
from engine.types.logs import ReadLogs
from engine.types.machines import Link
from engine.types.volumes import CreateVolume
from tests.support.images import busybox_archive
from tests.support.sshd import far_machine
from tests.support.stores import ShortTmp, make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.remote.docker.engine import DockerPeer
    from engine.remote.wherry_engine import WherryPeer
    from tests.support.sshd import FarMachine

IMAGE = "localhost/busybox:latest"
_STALL_SECONDS = 0.05
_TOLD_SECONDS = 100.0
_BLOB = os.urandom(1 << 20)
_BLOBS = 48


@dataclass
class Figures:
    cuts: int = 0
    told: Counter[str] = field(default_factory=Counter)
    slowest_word: float = 0.0
    slowest_return: float = 0.0
    longest_stall: float = 0.0
    faults: list[str] = field(default_factory=list)


class AsDocker(RemoteEngine):
    def choose(self, *, wherry: bool) -> WherryPeer | DockerPeer:
        del wherry
        return super().choose(wherry=False)


class LostLines:
    """Or, `slow`, one that is only far away and bad: then all must succeed."""

    def __init__(self, *, slow: bool = False) -> None:
        self.figures = Figures()
        self._slow = slow

    async def run(self) -> None:
        near, there = make_short_tmp(), make_short_tmp()
        path = os.environ["PATH"]
        with tempfile.TemporaryDirectory(prefix="ws-") as place:
            try:
                with far_machine(Path(place) / "far", there) as far:
                    if self._slow:
                        far.slow_down()
                    os.environ["PATH"] = f"{far.path}:{path}"
                    for kind in (RemoteEngine, AsDocker):
                        await self._kind(kind, far, near)
            finally:
                os.environ["PATH"] = path
                end_of_server(there)
                for store in (near, there):
                    remove_tree(store.path)

    async def _kind(self, kind: type[RemoteEngine], far: FarMachine, store: ShortTmp) -> None:
        engine = kind(Entry("far", f"ssh://{far.host}"), run=store.run, store=store.root, told=lambda: None)
        engine.begin()
        ticking = asyncio.create_task(self._tick())
        try:
            assert await engine.connected(30.0), engine.condition
            await engine.images.load(_once(busybox_archive())).result()
            await self._prepare(engine)
            for act in (_left_alone,) if self._slow else (killed, _frozen_for_a_moment, _asleep):
                for work in (_listing, _log, _command, _image, _volume, _upload):
                    await self._cut(engine, far, act, work)
        finally:
            with contextlib.suppress(WherryError):
                for each in await engine.containers.list():
                    await engine.containers.remove(each.id, force=True)
            ticking.cancel()
            await engine.close()

    @staticmethod
    async def _prepare(engine: RemoteEngine) -> None:
        await engine.volumes.create(CreateVolume(name="data"))
        mounts = (Mount(kind="volume", source="data", target="/data"),)
        words = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done"
        spec = ContainerSpec(image=IMAGE, command=("sh", "-c", words), mounts=mounts, stop_timeout=0.0)
        made = await engine.containers.create(CreateContainer(spec=spec, name="talks"))
        await engine.containers.start(made.id)
        for number in range(_BLOBS):
            await engine.files.write(Place(kind="volume", id="data"), f"/blob{number}", _BLOB)

    async def _tick(self) -> None:
        """What the window would feel."""
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0.01)
            self.figures.longest_stall = max(self.figures.longest_stall, time.monotonic() - begun - 0.01)

    async def _cut(self, engine: RemoteEngine, far: FarMachine, act: _Act, work: _Work) -> None:
        what = f"{type(engine).__name__} {act.__name__} {work.__name__}"
        self.figures.cuts += 1
        before = (await engine.containers.list(), await engine.volumes.list())
        under_way = asyncio.Event()
        task = asyncio.ensure_future(work(engine, under_way))
        word = "nothing"
        try:
            waiting = asyncio.ensure_future(under_way.wait())
            await asyncio.wait((waiting, task), timeout=30.0, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            begun = time.monotonic()
            may_fail = await act(engine, far)
            try:
                async with asyncio.timeout(_TOLD_SECONDS):
                    await task
                word = "done"
            except WherryError as error:
                word = error.title
                if not may_fail:
                    self.figures.faults.append(f"{what}: {error.title}. {error.explanation}")
            self.figures.slowest_word = max(self.figures.slowest_word, time.monotonic() - begun)
        except Exception as error:
            self.figures.faults.append(f"{what}: {error!r}")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.figures.told[word] += 1
        while any(_stands_still(pid) for pid in self._sleeping(far)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(_TOLD_SECONDS):
                await self._again(engine, work)
        except Exception as error:
            self.figures.faults.append(f"{what}, again: {error!r} {engine.condition}")
        self.figures.slowest_return = max(self.figures.slowest_return, time.monotonic() - begun)
        after = (await engine.containers.list(), await engine.volumes.list())
        names = [[each.name for each in some] for some in (*before, *after)]
        if names[:2] != names[2:]:
            self.figures.faults.append(f"{what}: {names[:2]} became {names[2:]}")
        print(f"{what:50} {word:50.50} {time.monotonic() - begun:5.1f} s", flush=True)

    @staticmethod
    def _sleeping(far: FarMachine) -> list[int]:
        return [far.process.pid] if far.process is not None else []

    @staticmethod
    async def _again(engine: RemoteEngine, work: _Work) -> None:
        """As soon as it says that it is there; where it only seemed to be, once more."""
        while True:
            while engine.condition.link is not Link.CONNECTED:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            with contextlib.suppress(MachineError):
                await work(engine, asyncio.Event())
                return
            await asyncio.sleep(0.2)


_Act = "Callable[[RemoteEngine, FarMachine], Awaitable[bool]]"
_Work = "Callable[[RemoteEngine, asyncio.Event], Awaitable[None]]"


# --- what happens to the line ---


def _own_programs(engine: RemoteEngine) -> list[int]:
    """Every ssh that has to do with this machine, the kept one too."""
    mark = str(engine.link.dialer.control_directory).encode()
    found: list[int] = []
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdigit() and mark in (each / "cmdline").read_bytes():
                found.append(int(each.name))
    return found


def _stands_still(pid: int) -> bool:
    return "(stopped)" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def killed(engine: RemoteEngine, _far: FarMachine) -> bool:
    _signal(_own_programs(engine), signal.SIGKILL)
    return True


async def _frozen_for_a_moment(engine: RemoteEngine, _far: FarMachine) -> bool:
    """Shorter than any time-out: nobody notices."""
    pids = _own_programs(engine)
    _signal(pids, signal.SIGSTOP)
    await asyncio.sleep(3.0)
    _signal(pids, signal.SIGCONT)
    return False


async def _asleep(_engine: RemoteEngine, far: FarMachine) -> bool:
    """The other machine, for longer than a minute, in which nothing of it answers."""
    assert far.process is not None
    from tests.support.sshd import descendants

    pids = [far.process.pid, *descendants(far.process.pid)]
    _signal(pids, signal.SIGSTOP)
    asyncio.get_running_loop().call_later(65.0, _signal, pids, signal.SIGCONT)
    return True


async def _left_alone(engine: RemoteEngine, far: FarMachine) -> bool:
    del engine, far
    return False


# --- what is under way ---


async def _listing(engine: RemoteEngine, under_way: asyncio.Event) -> None:
    under_way.set()
    for _ in range(3):
        assert "talks" in (await engine.containers.get("talks")).name
        await asyncio.sleep(0.05)


async def _log(engine: RemoteEngine, under_way: asyncio.Event) -> None:
    """Followed until it has said some more than it had; no line twice, none missed."""
    last, first = -1, -1
    async with contextlib.aclosing(engine.logs.read("talks", ReadLogs(follow=True))) as batches:  # type: ignore[type-var]
        async for batch in batches:
            for line in batch:
                assert last in (-1, line.number - 1), (last, line.number)
                last = line.number
                first = line.number if first < 0 else first
            under_way.set()
            if last - first > 600:
                return


async def _command(engine: RemoteEngine, under_way: asyncio.Event) -> None:
    words = ("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done; exit 3")
    session = await engine.containers.exec("talks", Exec(command=words))
    try:
        said = b""
        while (piece := await session.read()) is not None:
            said += piece[1]
            under_way.set()
        code = await session.exit_code()
        assert (code, said.split()[-1:]) == (3, [b"8"]), (code, said)
    finally:
        await session.close()


async def _image(engine: RemoteEngine, under_way: asyncio.Event) -> None:
    got = b""
    async for piece in engine.images.save([IMAGE]):
        got += piece
        under_way.set()
    assert b"manifest.json" in got


async def _volume(engine: RemoteEngine, under_way: asyncio.Event) -> None:
    got = 0
    async with contextlib.aclosing(engine.files.download(Place(kind="volume", id="data"), "/")) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            got += len(piece)
            under_way.set()
            await asyncio.sleep(0.002)
    assert got >= _BLOBS * len(_BLOB), got


async def _upload(engine: RemoteEngine, under_way: asyncio.Event) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        import io
        import tarfile

        for number in range(_BLOBS):
            packed, info = io.BytesIO(), tarfile.TarInfo(f"blob{number}")
            info.size = len(_BLOB)
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.addfile(info, io.BytesIO(_BLOB))
            yield packed.getvalue()[: 512 + len(_BLOB)]
            under_way.set()
        yield bytes(1024)

    await engine.files.upload(Place(kind="volume", id="data"), "/", pieces())


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def end_of_server(store: ShortTmp) -> None:
    """The `wherry serve` that the first call there started."""
    mark = f"WHERRY_RUN={store.run}".encode()
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdigit() and mark in (each / "environ").read_bytes().split(b"\0"):
                os.kill(int(each.name), signal.SIGTERM)
