"""Cases 1 to 8: what a build is given, and what it says."""

from __future__ import annotations

import json

from tests.clients.cases import case
from tests.clients.world import World, has


@case(1, "plain")
async def _plain(world: World) -> None:
    has(await world.build("-t", "t1", "."), "naming to docker.io/library/t1:latest", "done")
    has((await world.docker("run", "--rm", "t1", "echo", "it runs")).out, "it runs")


@case(2, "cached")
async def _cached(world: World) -> None:
    await world.build("-t", "t1", "--iidfile", "1", ".")
    has(await world.build("-t", "t1", "--iidfile", "2", "."), "CACHED")
    assert (world.work / "1").read_text() == (world.work / "2").read_text()


@case(3, "quiet")
async def _quiet(world: World) -> None:
    said = (await world.docker("build", "-q", ".")).stdout
    assert said.strip() == said.removesuffix("\n"), said
    has(said, "sha256:")


@case(4, "iidfile")
async def _iidfile(world: World) -> None:
    await world.build("--iidfile", "i", "-t", "t4", ".")
    text = (world.work / "i").read_text()
    assert "\n" not in text
    assert (await world.image("t4"))["Id"] == text


@case(5, "metadata")
async def _metadata(world: World) -> None:
    await world.build("--metadata-file", "m", "-t", "t1", ".")
    said = json.loads((world.work / "m").read_text())
    assert said["containerimage.digest"] == said["containerimage.config.digest"], said
    has(said["image.name"], "docker.io/library/t1")
    assert said["buildx.build.ref"]


@case(6, "arguments")
async def _arguments(world: World) -> None:
    has(await world.build("--build-arg", "V=9", "--target", "work", "."), "hello 9")


@case(7, "many flags")
async def _many(world: World) -> None:
    recipe = "FROM scratch\nADD root /\nENV PATH=/bin\nRUN ulimit -n; ulimit -Hn; df -k /dev/shm; cat /etc/hosts\n"
    out = await world.bare(
        recipe, "--label", "x=y", "--add-host", "a:1.2.3.4", "--add-host", "b=host-gateway", "--shm-size", "65m",
        "--ulimit", "nofile=1000:2000", "--no-cache", "--pull", "--network", "none", "-t", "a/b:c", "-t", "d",
    )  # fmt: skip
    assert out.count("naming to") >= 2, out
    has(out, " 1000\n", " 2000\n", "66560", "1.2.3.4")


@case(8, "no-cache-filter")
async def _filter(world: World) -> None:
    await world.build(".")
    has(await world.build("--no-cache-filter", "work", "."), "hello 1", "CACHED")
