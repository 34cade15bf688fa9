"""A move whose line breaks off after any number of bytes: at each request and a byte before and after it, and anywhere
between. Then again: it goes on, all is there, what was here counts until then, nothing is there twice."""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.types.containers import State
from engine.types.machines import Moved
from tests.support.engine import opened_engine
from tests.support.images import busybox_archive
from tests.support.moved import FAR, IMAGE, another_machine, marks, run, service
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine
    from tests.support.moved import There

_MOVE = Moved(kind="container", name="shop", target=FAR, move=True)


@dataclass
class Figures:
    cuts: int = 0
    through: int = 0
    """The line held: fewer bytes than the limit went over it."""
    faults: list[str] = field(default_factory=list)


class Cuts:
    def __init__(self, seed: int, random_cuts: int) -> None:
        self._dice = random.Random(seed)
        self._random_cuts = random_cuts
        self.figures = Figures()

    async def run(self, minutes: float) -> None:
        store, far = make_short_tmp(), make_short_tmp()
        begun = time.monotonic()
        try:
            async with opened_engine(store) as near, another_machine(near, far) as there:
                await near.images.load(_once(busybox_archive())).result()
                for limit in await self._limits(near, there):
                    if time.monotonic() - begun > minutes * 60:
                        return
                    try:
                        await self._cut(near, there, limit)
                    except (AssertionError, WherryError) as error:
                        self.figures.faults.append(f"{limit}: {error!r}")
                    await self._clear(near, there)
        finally:
            for each in (store, far):
                remove_tree(each.path)

    async def _limits(self, near: Engine, there: There) -> list[int]:
        """One that is whole tells where its requests begin."""
        await service(near)
        there.door.begin()
        await near.machines.carry_out(_MOVE).result()
        starts, length = [at for at, _path in there.door.requests], there.door.passed
        await self._clear(near, there)
        edges = [at + step for at in starts for step in (-1, 0, 1) if at + step > 0]
        anywhere = [self._dice.randrange(1, length) for _ in range(self._random_cuts)]
        found = sorted({*edges, *anywhere})
        self._dice.shuffle(found)
        return found

    async def _cut(self, near: Engine, there: There, limit: int) -> None:
        await service(near)
        said = await run(near, "shop", "sha256sum", "/data/blob", "/etc/own")
        there.door.begin(limit=limit)
        self.figures.cuts += 1
        try:
            await near.machines.carry_out(_MOVE).result()
            self.figures.through += 1
        except WherryError:
            assert (await near.containers.get("shop")).state is State.RUNNING, "it does not run here again"
            assert await run(near, "shop", "sha256sum", "/data/blob", "/etc/own") == said, "it is not as it was here"
            there.door.mend()
            await near.machines.carry_out(_MOVE).result()
        assert await run(there.engine, "shop", "sha256sum", "/data/blob", "/etc/own") == said, "it is not as it was"
        assert [each.name for each in await there.engine.containers.list()] == ["shop"]
        assert [each.name for each in await there.engine.volumes.list()] == ["shop-data"]
        assert len(await marks(there.engine, "shop-data")) >= 4
        names = sorted(tag for each in await there.engine.images.list() for tag in each.tags or ("nameless",))
        assert [name for name in names if "localhost/moved/" not in name] == [IMAGE], names
        assert len(names) == 2, names
        assert not await near.containers.list(), "it is here still"
        assert not await near.volumes.list(), "its volume is here still"
        assert not await near.machines.kept()

    async def _clear(self, near: Engine, there: There) -> None:
        there.door.mend()
        for engine in (near, there.engine):
            for container in await engine.containers.list():
                await engine.containers.remove(container.id, force=True)
            for volume in await engine.volumes.list():
                await engine.volumes.remove(volume.name)
        for image in await there.engine.images.list():
            with contextlib.suppress(WherryError):
                await there.engine.images.remove(image.id, force=True)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
