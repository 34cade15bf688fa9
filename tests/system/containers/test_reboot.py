"""A reboot, as far as a test can have one: every process, mount and group is gone, the run directory is empty, and the
kernel goes by another name. Then the command of the user unit runs."""

from __future__ import annotations

import asyncio
import configparser
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.containers.run.runtime import boot_id
from engine.storage.paths import Paths
from engine.types.containers import PortMapping, RestartPolicy, State
from engine.types.pods import CreatePod, PodState
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, until
from tests.system.containers.test_networks import SERVER, fetch
from tests.system.containers.test_survival import killed_engine

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

UNIT = Path(__file__).parents[3] / "packaging" / "wherry.service"


async def test_what_shall_come_back_after_a_reboot_does(short_tmp: ShortTmp) -> None:
    talker = {"command": ["sh", "-c", "echo up; exec sleep 1000"], "network": "none"}
    made = await killed_engine(
        short_tmp,
        web={"command": SERVER, "network": "pasta", "ports": [80], "restart": "always"},
        talker=talker | {"restart": "unless-stopped"},
        stopped=talker | {"restart": "unless-stopped"},
        single=dict(talker),
    )
    async with opened_engine_that_leaves(short_tmp) as engine:
        await engine.containers.stop("stopped")
    await asyncio.to_thread(reboot, short_tmp)

    serving = await asyncio.create_subprocess_exec(*unit_command(), env=environment(short_tmp), cwd=UNIT.parents[1])
    try:
        socket = short_tmp.run / "docker.sock"
        await until(lambda: _running(socket, {"web", "talker"}), 20)
        await fetch(made["web"]["ports"][0])  # type: ignore[index]
    finally:
        serving.send_signal(signal.SIGTERM)
        assert await serving.wait() == 0
    async with opened_engine(short_tmp) as engine:
        single, stopped = await engine.containers.get("single"), await engine.containers.get("stopped")
        assert (single.state, stopped.state) == (State.EXITED, State.EXITED)
        assert single.exit is not None
        assert "restarted" in single.exit.error
        assert (await engine.containers.get("talker")).state is State.RUNNING
        assert await engine.host.check_store() == []


async def test_a_pod_that_always_runs_is_whole_again_after_a_reboot(short_tmp: ShortTmp) -> None:
    """One that is asked for in the other's network, and by its port from outside."""
    always = RestartPolicy(name="always")
    async with opened_engine_that_leaves(short_tmp) as engine:
        await load_busybox(engine)
        await engine.pods.create(CreatePod(name="firm", ports=(PortMapping(container_port=80),)))
        looks = ("sh", "-c", "until wget -q -O /dev/null http://localhost/; do sleep 0.1; done; exec sleep 1000")
        for name, command in (("web", SERVER), ("looks", looks)):
            await create(engine, *command, name=name, network="pod:firm", restart=always, init=True)
        port = (await engine.pods.start("firm")).ports[0].host_port
        await fetch(port)
    await asyncio.to_thread(reboot, short_tmp)

    serving = await asyncio.create_subprocess_exec(*unit_command(), env=environment(short_tmp), cwd=UNIT.parents[1])
    try:
        await until(lambda: _running(short_tmp.run / "docker.sock", {"web", "looks"}), 20)
    finally:
        serving.send_signal(signal.SIGTERM)
        assert await serving.wait() == 0
    async with opened_engine(short_tmp) as engine:
        found = await engine.pods.get("firm")
        assert found.state is PodState.RUNNING
        assert await fetch(found.ports[0].host_port)
        assert await engine.host.check_store() == []


@contextlib.asynccontextmanager
async def opened_engine_that_leaves(store: ShortTmp) -> Any:
    from engine.embedded import open_engine

    engine = await open_engine(store.root, store.run)
    try:
        yield engine
    finally:
        await engine.close()


def unit_command() -> list[str]:
    """What systemd would start, from this checkout."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)
    program, *words = unit["Service"]["ExecStart"].split()
    assert program == "/usr/bin/wherry"
    return [sys.executable, "-P", "-m", "engine.cli", *words]


def environment(store: ShortTmp) -> dict[str, str]:
    return os.environ | {
        "WHERRY_ROOT": str(store.root),
        "WHERRY_RUN": str(store.run),
        "PYTHONPATH": str(UNIT.parents[1]),
    }


def reboot(store: ShortTmp) -> None:
    paths = Paths(store.root, store.run)
    namespace = json.loads(paths.namespaces.read_text())["mount"]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "ns" / "mnt").stat().st_ino == namespace or os.fsencode(store.path) in (
                process / "cmdline"
            ).read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
    for container in paths.containers.iterdir():
        for kill in Path("/sys/fs/cgroup").glob(f"**/{container.name[:32]}/cgroup.kill"):
            kill.write_text("1")
    for name in paths.network_namespaces.iterdir():
        if paths.netns_owner(name.name):
            name.unlink()
    for left in store.run.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    with contextlib.closing(sqlite3.connect(paths.database)) as database:
        # The rows were written in an earlier life of the kernel.
        database.execute("UPDATE containers SET body = CAST(replace(body, ?, 'an earlier boot') AS BLOB)", (boot_id(),))
        database.commit()


async def _running(socket: Path, wanted: set[str]) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    writer.write(b"GET /containers/json HTTP/1.0\r\nHost: d\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    rows = json.loads(answer.partition(b"\r\n\r\n")[2])
    return {row["Names"][0].removeprefix("/") for row in rows} == wanted
