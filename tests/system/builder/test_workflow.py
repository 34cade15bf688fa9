"""The whole way of a service, on loopback only: write, build, push, pull elsewhere, run, fetch the page."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from engine.types.builds import BuildImage
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping
from engine.types.images import PullImage, PushImage, RegistrySettings
from tests.support.engine import opened_engine
from tests.support.python_image import package_index, python_archive, wheel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.facade import Engine
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp

DOCKERFILE = """FROM {registry}/python:3
WORKDIR /app
COPY requirements.txt .
RUN python3 $(ls /usr/share/python-wheels/pip-*.whl)/pip install --no-cache-dir --break-system-packages \\
    --index-url {index} --target /app/lib -r requirements.txt
COPY . .
ENV PYTHONPATH=/app/lib
EXPOSE 8000
CMD ["python3", "serve.py"]
"""
SERVE = """import greeting, http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(greeting.TEXT.encode())
http.server.HTTPServer(("", 8000), Page).serve_forever()
"""


async def fetch_page(engine: Engine, image: str) -> str:
    """Run it, ask it, remove it."""
    spec = ContainerSpec(image=image, ports=(PortMapping(container_port=8000),))
    container = await engine.containers.create(CreateContainer(spec=spec))
    try:
        container = await engine.containers.start(container.id)
        url = f"http://127.0.0.1:{container.ports[0].host_port}/"
        async with asyncio.timeout(20):
            while True:
                try:
                    return await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=5).read().decode())
                except (OSError, urllib.error.URLError):
                    await asyncio.sleep(0.05)
    finally:
        await engine.containers.remove(container.id, force=True)


async def use_registry(engine: Engine, registry: Registry) -> None:
    await engine.images.set_registry_settings([RegistrySettings(host=registry.host, insecure=True)])


async def test_write_build_push_pull_run(
    make_short_tmp: Callable[[], ShortTmp], registry: Registry, tmp_path: Path
) -> None:
    here, there = make_short_tmp(), make_short_tmp()
    name = f"{registry.host}/greeter:1"
    (tmp_path / "requirements.txt").write_text("greeting==1.0\n")
    (tmp_path / "serve.py").write_text(SERVE)
    greeting = {"greeting-1.0-py3-none-any.whl": wheel("greeting", "1.0", "TEXT = 'hello from a wheel'\n")}
    async with opened_engine(here) as engine:
        await use_registry(engine, registry)

        async def stream() -> AsyncIterator[bytes]:
            yield python_archive(f"{registry.host}/python:3")

        await engine.images.load(stream()).result()
        await engine.images.push(PushImage(reference=f"{registry.host}/python:3")).result()
        await engine.images.remove(f"{registry.host}/python:3")  # FROM has to pull it
        with package_index(greeting) as index:
            text = DOCKERFILE.format(registry=registry.host, index=index)
            request = BuildImage(context=str(tmp_path), dockerfile_text=text, tags=(name,), network="host")
            await engine.builds.build(request).result()
        assert await fetch_page(engine, name) == "hello from a wheel"
        await engine.images.push(PushImage(reference=name)).result()
    async with opened_engine(there) as engine:
        await use_registry(engine, registry)
        await engine.images.pull(PullImage(reference=name)).result()
        assert await fetch_page(engine, name) == "hello from a wheel"
