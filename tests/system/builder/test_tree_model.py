"""Random changes by RUN and by commit, images pushed, pulled, saved and loaded between: always a plain tree's contents.

`tests/run only tests/system/builder/test_tree_model.py --sequences 1200 -o timeout=0` plays a hundred on each driver.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from engine.sandbox.keeper.asked.steps import MakeDirectory
from engine.types.builds import BuildImage
from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.images import CommitContainer, PullImage, PushImage
from tests.support.python_image import python_archive
from tests.support.tree_model import asked, differences, steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine
    from tests.support.registry import Registry

BASE = "localhost/python:latest"
OF_TWELVE = 12
"""One in so many of what the storage room's own model plays: a step here is a whole build or container."""


class Play:
    """One image that goes through hands, beside a plain directory."""

    def __init__(
        self, engine: EmbeddedEngine, number: int, driver: Literal["overlay", "fuse-overlayfs"], place: Path, host: str
    ) -> None:
        self.engine = engine
        self.chance = random.Random(number)
        self.driver = driver
        self.place = place
        self.name = f"{host}/tree{number}-{driver}:1"
        self.plain = str(engine.paths.staging / f"plain{number}")
        self.story: list[Any] = []

    async def ask(self, *questions: tuple[Any, ...]) -> list[Any]:
        done = await self.engine.keeper.run(asked(*questions))
        assert done.code == 0, f"{self.story} {done.stderr.decode()}"
        answer: list[Any] = json.loads(done.stdout)
        return answer

    async def play(self) -> None:
        await self.engine.keeper.execute([MakeDirectory(path=Path(self.plain) / "a")])
        await self.build(["mkdir", "-p", "/w/a"], BASE)
        for _ in range(self.chance.randrange(2, 5)):
            changes = steps(self.chance, self.chance.randrange(4, 16), links=self.driver == "overlay")
            way = self.chance.choice(("RUN", "commit"))
            self.story.append((way, changes))
            rename = self.driver == "overlay"
            await self.ask(("unlinked", self.plain), ("change", self.plain, changes, rename))
            command = asked(("change", "/w", changes, rename))
            await (self.build(command, self.name) if way == "RUN" else self.commit(command))
            await self.through(self.chance.choice(("here", "saved and loaded", "pushed and pulled")))
            await self.compare()
        await self.engine.images.remove(self.name, force=True)
        await self.engine.keeper.run(["rm", "-rf", self.plain])

    async def build(self, command: list[str], base: str) -> None:
        text = f"FROM {base}\nRUN {json.dumps(command)}\n"
        request = BuildImage(context=str(self.place), dockerfile_text=text, tags=(self.name,))
        await self.engine.builds.build(request).result()

    async def commit(self, command: list[str]) -> None:
        spec = ContainerSpec(image=self.name, command=tuple(command), network="none", driver=self.driver)
        made = await self.engine.containers.create(CreateContainer(spec=spec))
        await self.engine.containers.start(made.id)
        assert (await self.engine.containers.wait(made.id)).exit_code == 0
        await self.engine.images.commit(CommitContainer(container=made.id, reference=self.name)).result()
        await self.engine.containers.remove(made.id)

    async def through(self, way: str) -> None:
        self.story.append(way)
        images = self.engine.images
        if way == "saved and loaded":
            pieces = [piece async for piece in images.save([self.name])]
            await self.forget()
            await images.load(_stream(pieces)).result()
        elif way == "pushed and pulled":
            await images.push(PushImage(reference=self.name)).result()
            await self.forget()
            await images.pull(PullImage(reference=self.name)).result()

    async def forget(self) -> None:
        """The image, and with the builds' steps its layers: they must really come again."""
        await self.engine.images.remove(self.name, force=True)
        await self.engine.builds.prune_cache(all_unused=True)

    async def compare(self) -> None:
        plain, *_ = await self.ask(("look", self.plain))
        layers = self.engine.images.catalogue.resolve(self.name).diff_ids
        root = await self.engine.rootfs.mount_scratch("compared", layers, driver=self.driver)
        found, *_ = await self.ask(("look", str(root / "w")))
        await self.engine.rootfs.remove_scratch("compared")
        assert not (told := differences(plain, found)), f"{self.story} {told}"


async def _stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.timeout(300)
@pytest.mark.parametrize("driver", ["overlay", "fuse-overlayfs"])
async def test_images_that_go_through_hands_stay_what_they_are(
    engine: EmbeddedEngine,
    driver: Literal["overlay", "fuse-overlayfs"],
    tmp_path: Path,
    shared_registry: Registry,
    request: pytest.FixtureRequest,
) -> None:
    await engine.images.load(_stream([python_archive(BASE)])).result()
    await engine.rootfs.open(driver)
    first = request.config.getoption("--first-sequence")
    for number in range(first, first + max(1, request.config.getoption("--sequences") // OF_TWELVE)):
        try:
            await Play(engine, number, driver, tmp_path, shared_registry.host).play()
        except AssertionError as error:
            raise AssertionError(f"sequence {number}") from error
