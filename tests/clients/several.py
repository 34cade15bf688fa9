"""Cases 34 to 37 and 40: checks, bake, compose, and the house itself."""

from __future__ import annotations

import json

from tests.clients.cases import case
from tests.clients.world import World, has


async def _asks_by(world: World) -> str:
    return "--call" if "--call" in (await world.docker("build", "--help")).out else "--print"


@case(34, "lint and check")
async def _lint(world: World) -> None:
    if await _asks_by(world) == "--print":
        return  # clients of that time know no check
    recipe = "from scratch as A\nMAINTAINER me\nWORKDIR app\n"
    has(await world.bare(recipe, "--check", code=1), "Check complete", "WorkdirRelativePath")
    has(await world.bare("FROM scratch\nLABEL a=b\n", "--check"), "Check complete, no warnings found")
    has(await world.bare(recipe), "MaintainerDeprecated")


@case(35, "outline and targets")
async def _outline(world: World) -> None:
    ask = await _asks_by(world)
    has(await world.build(f"{ask}=outline", "--target", "sec", ".", BUILDX_EXPERIMENTAL="1"), "SECRET", "tok")
    has(await world.build(f"{ask}=targets", ".", BUILDX_EXPERIMENTAL="1"), "last (default)")


@case(36, "bake, linked")
async def _bake(world: World) -> None:
    world.write(
        "docker-bake.hcl",
        'group "default" { targets = ["a", "b"] }\n'
        'target "a" {\n  dockerfile-inline = "FROM scratch\\nADD root /\\nENV PATH=/bin\\nRUN echo A > /a"\n'
        '  tags = ["baked-a"]\n}\n'
        'target "b" {\n  contexts = { base2 = "target:a" }\n'
        '  dockerfile-inline = "FROM base2\\nRUN cat /a > /b"\n  tags = ["baked-b"]\n}\n',
    )
    await world.docker("buildx", "bake", "--progress", "plain")
    assert (await world.image("baked-b"))["RootFS"]["Layers"][:2] == (  # type: ignore[index]
        (await world.image("baked-a"))["RootFS"]["Layers"]  # type: ignore[index]
    )


@case(37, "compose build")
async def _compose(world: World) -> None:
    world.write("tok", "sesame")
    link = "additional_contexts: {base2: 'service:a'}\n" if world.clients.linked else "target: base\n"
    world.write("c.Dockerfile", "FROM base2\nLABEL c=1\n" if world.clients.linked else "FROM scratch AS base\n")
    world.write(
        "compose.yaml",
        "name: shop\nsecrets: {tok: {file: tok}}\nservices:\n"
        "  a: {build: {context: ., target: base}}\n"
        "  b: {build: {context: ., target: sec, secrets: [tok], ulimits: {nofile: {soft: 100, hard: 200}},"
        " labels: {l: v}}}\n"
        f"  c:\n    build:\n      context: .\n      dockerfile: c.Dockerfile\n      {link}",
    )
    await world.run(str(world.clients.compose), "--progress", "plain", "build")
    assert (await world.image("shop-b"))["Config"]["Labels"]["l"] == "v"  # type: ignore[index]
    await world.image("shop-c")


@case(40, "the house")
async def _house(world: World) -> None:
    await world.build("-t", "t1", ".")
    for words, expected in (
        (("ls",), "running"),
        (("inspect",), "linux/"),
        (("du", "--verbose"), "Total"),
        (("prune", "-f", "--filter", "until=1h"), "Total"),
        (("prune", "-f"), "Total"),
    ):
        has((await world.docker("buildx", *words)).out, expected)
    out = (await world.docker("build", "--progress", "rawjson", ".", code=None)).out
    if "unknown progress" not in out and "0.13" not in (await world.docker("buildx", "version")).out:
        assert any("vertexes" in json.loads(line) for line in out.splitlines() if line.startswith("{")), out
    shown = await world.run("script", "-qec", f"{world.clients.docker} build .", "/dev/null", TERM="xterm")
    has(shown.out, "FINISHED")
