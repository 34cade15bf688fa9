"""Cases 43 and 44: the project that everybody has (a database, a cache, and an application of one's own in Python),
built and started by one command, changed, and built and started again. Its bases are stand-ins at a registry on
loopback, its requirements a wheel at an index on loopback."""

from __future__ import annotations

import asyncio
import signal
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.cases import case
from tests.support.images import File, busybox_archive
from tests.support.python_image import package_index, python_archive, wheel

if TYPE_CHECKING:
    from tests.clients.world import World

_PIP = b"""\
#!/bin/sh
PIP_BREAK_SYSTEM_PACKAGES=1 exec python3 $(ls /usr/share/python-wheels/pip-*.whl)/pip "$@"
"""
_STAND_INS = {
    "postgres:16": {
        "serve": b'#!/bin/sh\necho "a row of $POSTGRES_DB" > /var/lib/postgresql/data/row\n'
        b"exec nc -ll -p 5432 -e cat /var/lib/postgresql/data/row\n",
        "pg_isready": b"#!/bin/sh\nnc -w 2 127.0.0.1 5432 < /dev/null | grep -q row\n",
    },
    "redis:7": {
        "serve": b"#!/bin/sh\nexec nc -ll -p 6379 -e /usr/bin/pong\n",
        "pong": b"#!/bin/sh\nread asked\necho +PONG\n",
        "redis-cli": b"#!/bin/sh\necho PING | nc -w 2 127.0.0.1 6379 | grep PONG\n",
    },
}
_COMPOSE = """\
name: trio
services:
  db:
    image: {registry}/postgres:16
    environment: {{POSTGRES_DB: shop, POSTGRES_PASSWORD: example}}
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {{test: ["CMD-SHELL", "pg_isready -U postgres"], interval: 1s, retries: 60}}
    stop_grace_period: 0s
  cache:
    image: {registry}/redis:7
    healthcheck: {{test: ["CMD", "redis-cli", "ping"], interval: 1s, retries: 60}}
    stop_grace_period: 0s
  app:
    build: {{context: ., network: host, args: {{PIP_INDEX_URL: "{index}"}}}}
    ports: ["127.0.0.1::8000"]
    depends_on: {{db: {{condition: service_healthy}}, cache: {{condition: service_healthy}}}}
    stop_grace_period: 0s
volumes: {{data: {{}}}}
"""
_DOCKERFILE = """\
FROM {registry}/python:3-slim
WORKDIR /app
ARG PIP_INDEX_URL
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python3", "app.py"]
"""
_APP = """\
import greeting, http.server, socket

def asked(name, port, words):
    with socket.create_connection((name, port), 20) as line:
        line.sendall(words)
        return line.makefile().readline().strip()

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        said = [greeting.TEXT, asked("db", 5432, b""), asked("cache", 6379, b"PING\\n"), "EDITION"]
        self.wfile.write(", ".join(said).encode())

http.server.HTTPServer(("", 8000), Page).serve_forever()
"""


@case(43, "database, cache, application: compose up --build")
async def _by_compose(world: World) -> None:
    await _example(world, str(world.clients.compose), "--progress", "plain")


@case(44, "the same by wherry compose")
async def _by_wherry(world: World) -> None:
    if world.is_peer:
        return
    world.environment |= {
        "WHERRY_ROOT": str(world.place.parent / "root"),
        "WHERRY_RUN": str(world.socket.parent),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    await _example(world, sys.executable, "-m", "engine.cli", "compose")


async def _example(world: World, *compose: str) -> None:
    """Up, the page, ^C; a change, and the same once more: what is required is not installed a second time."""
    await _stand_ins(world)
    requirement = {"greeting-1.0-py3-none-any.whl": wheel("greeting", "1.0", "TEXT = 'hello from a wheel'\n")}
    with package_index(requirement) as index:
        world.write("compose.yaml", _COMPOSE.format(registry=world.registry, index=index))
        world.write("Dockerfile", _DOCKERFILE.format(registry=world.registry))
        world.write("requirements.txt", "greeting==1.0\n")
        made = []
        try:
            for edition in ("first edition", "second edition"):
                world.write("app.py", _APP.replace("EDITION", edition))
                await _up(world, compose, f"hello from a wheel, a row of shop, +PONG, {edition}")
                made.append((await world.image("trio-app"))["RootFS"]["Layers"])  # type: ignore[index]
            first, second = made
            assert first[:-1] == second[:-1], "what is required was installed again"
            assert first[-1] != second[-1], made
        finally:
            await world.run(*compose, "down", "-v", "--rmi", "all")


async def _up(world: World, compose: tuple[str, ...], expected: str) -> None:
    """`up --build` until the page is as expected, then ^C."""
    process = await world.start("env", "--default-signal=INT", *compose, "up", "--build")  # else none comes from behind
    said = asyncio.create_task(process.communicate())
    try:
        async with asyncio.timeout(240):
            while await _page(world, compose) != expected:
                if said.done():
                    raise AssertionError(f"up ended: {b''.join(said.result()).decode(errors='replace')[-1500:]}")
                await asyncio.sleep(0.3)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(asyncio.shield(said), 60)
    finally:
        if process.returncode is None:
            process.kill()
        await said
    assert process.returncode in (0, 130), process.returncode


async def _page(world: World, compose: tuple[str, ...]) -> str:
    """Nothing as long as there is none."""
    found = await world.run(*compose, "port", "app", "8000", code=None)
    if found.code or not found.stdout.strip() or found.stdout.strip().endswith(":0"):
        return ""

    def fetch() -> str:
        with urllib.request.urlopen(f"http://{found.stdout.strip()}/", timeout=10) as answer:
            return str(answer.read().decode())

    try:
        return await asyncio.to_thread(fetch)
    except OSError:
        return ""


async def _stand_ins(world: World) -> None:
    """At the registry and nowhere else: FROM and `up` have to fetch them."""
    python = f"{world.registry}/python:3-slim"
    archives = {python: python_archive(python, [File("usr/local/bin/pip", _PIP, 0o755)])}
    for short, programs in _STAND_INS.items():
        files = [File(f"usr/bin/{program}", text, 0o755) for program, text in programs.items()]
        name = f"{world.registry}/{short}"
        archives[name] = busybox_archive(
            [*files, File("var/lib/postgresql/data/.keep")], reference=name, config={"Cmd": ["serve"]}
        )
    for name, data in archives.items():
        await world.docker("load", input=data)
        await world.docker("push", name)
        await world.docker("rmi", name)
