"""A host of the test's own without any network, and what is started on it.

    unshare --user --map-root-user --net --mount python -m tests.system.networks.offline ROOT RUN

What a person would see is told in lines.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from engine.api.server import ApiServer
from engine.embedded import open_engine
from engine.errors import WherryError
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping, RestartPolicy, State
from tests.system.containers.conftest import BUSYBOX, load_busybox, until
from tests.system.networks.moving import ip

LATER = "192.0.2.9"
PORT = PortMapping(container_port=80, host_ip=LATER, host_port=8099)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def wherry(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine.cli", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    tell(f"wherry {words[0]}: {process.returncode}, warned: {b'WARNING' in errors and b'no network' in errors}")


async def main() -> None:
    root, runtime = (Path(each) for each in sys.argv[1:3])
    ip("link set lo up")
    engine = await open_engine(root, runtime)
    os.environ.update(WHERRY_ROOT=str(root), WHERRY_RUN=str(runtime))
    server = ApiServer(engine, runtime / "docker.sock")
    await server.start()
    try:
        await load_busybox(engine)
        await wherry("run", "-d", "--name", "web", BUSYBOX, "sleep", "1000")
        await wherry("stop", "-t", "0", "web")
        await wherry("start", "web")
        spec = ContainerSpec(
            image=BUSYBOX, command=("sleep", "1000"), ports=(PORT,), restart=RestartPolicy(name="always")
        )
        for name in ("wanted", "unwanted"):
            if name == "unwanted":
                spec = ContainerSpec(image=BUSYBOX, command=("sleep", "1000"), ports=(PORT,))
            await engine.containers.create(CreateContainer(spec=spec, name=name))
            try:
                await engine.containers.start(name)
            except WherryError as error:
                tell(f"{name}: {error.title}")
        await server.close()
        await engine.close()
        engine = await open_engine(root, runtime)
        server = ApiServer(engine, runtime / "docker.sock")
        await server.start()
        for name in ("wanted", "unwanted"):
            tell(f"{name}, after a restart: {[*(await engine.containers.get(name)).warnings]}")
        ip("link add cable0 type veth peer name far0")
        ip(f"address add {LATER}/24 dev cable0")
        ip("link set cable0 up")
        ip("link set far0 up")
        ip("route add default via 192.0.2.1")

        async def all_is_well() -> bool:
            web, wanted = await engine.containers.get("web"), await engine.containers.get("wanted")
            return wanted.state is State.RUNNING and not wanted.warnings and not web.offline

        await until(all_is_well)
        for name in ("web", "wanted", "unwanted"):
            found = await engine.containers.get(name)
            tell(f"{name}: {found.state}, {len(found.warnings)} warnings")
        await wherry("start", "web")
    finally:
        await server.close()
        await engine.close(stop_containers=True)


if __name__ == "__main__":
    asyncio.run(main())
