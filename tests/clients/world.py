"""What a case works with: a set of clients, a directory of its own, the socket of an engine, a registry."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 180.0
DOCKERFILE = """\
#
ARG V=1
FROM scratch AS base
ADD root /
ENV PATH=/bin
FROM base AS work
ARG V
RUN echo hello $V; echo err >&2
FROM base AS sec
RUN --mount=type=secret,id=tok cat /run/secrets/tok > /tok
FROM base AS named
COPY --from=nctx note /note
FROM base AS fail
RUN echo before; \\
    ls /nonexistent
FROM work AS last
COPY Dockerfile /Dockerfile
WORKDIR /w
"""


@dataclass(frozen=True)
class Clients:
    """Programs of one time."""

    name: str
    docker: Path
    buildx: Path
    compose: Path
    linked: bool = True
    """Whether its compose builds through bake, whose targets may name each other."""


@dataclass
class Said:
    code: int
    out: str
    """Both streams, as they came."""
    stdout: str = ""


@dataclass
class World:
    """One case's surroundings."""

    clients: Clients
    place: Path
    socket: Path
    registry: str
    guarded: str
    """A registry behind a password: me, secret."""
    is_peer: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.place / "work"

    def prepare(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        root = self.work / "root/bin"
        root.mkdir(parents=True)
        shutil.copy("/usr/bin/busybox", root / "busybox")
        for name in ("sh", "ls", "cat", "echo", "sleep", "true", "false", "test", "wc", "ulimit", "df"):
            (root / name).symlink_to("busybox")
        (self.work / "root/tmp").mkdir()
        (self.work / "Dockerfile").write_text(DOCKERFILE)
        plugins = self.place / "config/cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-buildx").symlink_to(self.clients.buildx)
        (plugins / "docker-compose").symlink_to(self.clients.compose)
        self.environment = {
            "PATH": f"{self.clients.docker.parent}:/usr/bin:/bin",
            "HOME": str(self.place),
            "DOCKER_CONFIG": str(self.place / "config"),
            "BUILDX_CONFIG": str(self.place / "buildx"),
            "DOCKER_HOST": f"unix://{self.socket}",
            "LANG": "C.UTF-8",
        }

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    async def run(self, *argv: str, input: bytes = b"", code: int | None = 0, **environment: str) -> Said:
        process = await self.start(*argv, **environment)
        try:
            out, err = await asyncio.wait_for(process.communicate(input), _SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = Said(process.returncode or 0, (out + err).decode(errors="replace"), out.decode(errors="replace"))
        if code is not None and said.code != code:
            raise AssertionError(f"exit {said.code}, not {code}: {said.out[-1500:]}")
        return said

    async def start(self, *argv: str, **environment: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *argv,
            env={**self.environment, **environment},
            cwd=self.work,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def docker(self, *words: str, input: bytes = b"", code: int | None = 0, **environment: str) -> Said:
        return await self.run(str(self.clients.docker), *words, input=input, code=code, **environment)

    async def build(self, *words: str, input: bytes = b"", code: int | None = 0, **environment: str) -> str:
        """`docker build --progress plain`; all it said."""
        words = ("build", "--progress", "plain", *words)
        return (await self.docker(*words, input=input, code=code, **environment)).out

    async def bare(self, recipe: str, *words: str, code: int = 0) -> str:
        """A Dockerfile from the pipe, on the usual context."""
        return await self.build("-f", "-", *words, ".", input=recipe.encode(), code=code)

    async def image(self, name: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((await self.docker("image", "inspect", name)).stdout)[0]
        return found


def has(text: str, *wanted: str) -> None:
    for each in wanted:
        if each not in text:
            raise AssertionError(f"{each!r} is not in: {text[-1500:]}")


def clients_in(place: Path) -> list[Clients]:
    """The sets that `packaging/fetch-clients` unpacked."""
    sets = []
    for name in ("26", "28"):
        root = place / name
        plugins = root / "usr/libexec/docker/cli-plugins"
        old = name == "26"
        sets.append(
            Clients(name, root / "usr/bin/docker", plugins / "docker-buildx", plugins / "docker-compose", not old)
        )
    five = place / "compose-5/docker-compose"
    if five.exists():
        sets.append(Clients("28+compose5", sets[-1].docker, sets[-1].buildx, five))
    return [each for each in sets if os.access(each.docker, os.X_OK)]
