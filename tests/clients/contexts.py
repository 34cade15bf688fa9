"""Cases 16 to 26 and 39: where files come from."""

from __future__ import annotations

import os
import tarfile

from tests.clients.cases import case
from tests.clients.world import World, has

_BASE = "FROM scratch\nADD root /\nENV PATH=/bin\n"


@case(16, "Dockerfile from the pipe")
async def _stdin(world: World) -> None:
    await world.bare(_BASE + "RUN true\n")


@case(17, "only a Dockerfile")
async def _bare(world: World) -> None:
    await world.build("-", input=b"FROM scratch\nLABEL a=b\n")


@case(18, "tar from the pipe")
async def _tar(world: World) -> None:
    for kind in ("", "gz"):
        path = world.place / f"context.tar{kind}"
        with tarfile.open(path, f"w:{kind}", format=tarfile.GNU_FORMAT) as archive:
            archive.add(world.work, ".")
        has(await world.build("-", input=path.read_bytes()), "load remote build context")


@case(19, "Dockerfile outside")
async def _outside(world: World) -> None:
    other = world.place / "o"
    other.mkdir()
    (other / "Other").write_text("FROM scratch\nCOPY . /\n")
    (other / "Other.dockerignore").write_text("*\n!Dockerfile\n")
    await world.build("-f", "../o/Other", "-o", "out", ".")
    assert os.listdir(world.work / "out") == ["Dockerfile"]


@case(20, "ignore rules")
async def _ignore(world: World) -> None:
    world.write(".dockerignore", "*\n!root\nroot/bin/sleep\n")
    await world.bare("FROM scratch\nCOPY . /\n", "-o", "out")
    assert os.listdir(world.work / "out") == ["root"]
    left = set(os.listdir(world.work / "out/root/bin"))
    assert left == set(os.listdir(world.work / "root/bin")) - {"sleep"}, left


@case(21, "ignored Dockerfile")
async def _ignored(world: World) -> None:
    world.write(".dockerignore", "Dockerfile\n")
    await world.build("--target", "work", ".")
    has(await world.build(".", code=1), '"/Dockerfile": not found')


@case(22, "secret")
async def _secret(world: World) -> None:
    world.write("f", "sesame")
    await world.build("--target", "sec", "--secret", "id=tok,src=f", "-o", "out", ".")
    assert (world.work / "out/tok").read_text() == "sesame"
    await world.build("--target", "sec", "--secret", "id=tok,env=T", "--no-cache", "-o", "out", ".", T="open")
    assert (world.work / "out/tok").read_text() == "open"


@case(23, "no secret")
async def _no_secret(world: World) -> None:
    has(await world.build("--target", "sec", "--no-cache", ".", code=1), "No such file")
    recipe = _BASE + "RUN --mount=type=secret,id=q,required=true true\n"
    has(await world.bare(recipe, code=1), "secret q: not found")


@case(24, "ssh")
async def _ssh(world: World) -> None:
    await world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
    recipe = _BASE + "RUN --mount=type=ssh,id=k ls -l $SSH_AUTH_SOCK\n"
    out = await world.bare(recipe, "--no-cache", "--ssh", "k=key")
    has(out, "srw-------", "/run/buildkit/ssh_agent.0")


@case(25, "no ssh")
async def _no_ssh(world: World) -> None:
    has(await world.bare(_BASE + "RUN --mount=type=ssh,required=true true\n", code=1), "unset ssh forward key default")


@case(26, "named contexts")
async def _named(world: World) -> None:
    (world.place / "named").mkdir()
    (world.place / "named/note").write_text("a note")
    has(await world.build("--target", "named", "--build-context", "nctx=../named", "."), "load from client")
    await world.build("-t", "t1", "--target", "base", ".")
    out = await world.build("--target", "named", "--build-context", "nctx=docker-image://t1", ".", code=1)
    has(out, '"/note": not found')


@case(39, "big")
async def _big(world: World) -> None:
    data = os.urandom(13_400)
    for number in range(3000):
        world.write(f"many/{number // 100}/{number}", data + str(number).encode())
    recipe = "FROM scratch\nCOPY many /many\n"
    first = await world.bare(recipe)
    has(_sent(first), "MB")
    second = await world.bare(recipe)
    assert "MB" not in _sent(second), _sent(second)
    targets = "".join(f'target "t{n}" {{\n  dockerfile-inline = "FROM scratch\\nLABEL n={n}"\n}}\n' for n in range(160))
    group = ", ".join(f'"t{n}"' for n in range(160))
    world.write("docker-bake.hcl", f'group "default" {{ targets = [{group}] }}\n{targets}')
    await world.docker("buildx", "bake", "--progress", "plain")


def _sent(out: str) -> str:
    return next((line for line in reversed(out.splitlines()) if "transferring context:" in line), "nothing")
