"""What containers survive: the end of the engine, of the keeper, of conmon, of pasta and of the fuse mount."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import WherryError
from engine.types.containers import Mount, PortMapping, Resources, RestartPolicy, State, UpdateContainer
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, output, read_log, run, until
from tests.system.containers.test_networks import SERVER, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from engine.facade import Engine
    from engine.types.containers import Container
    from tests.support.stores import ShortTmp

_KILLED_ENGINE = """
import asyncio, json, os, signal, sys
from pathlib import Path
from engine.embedded import open_engine
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping, RestartPolicy
from tests.system.containers.conftest import BUSYBOX, load_busybox

async def main():
    engine = await open_engine(Path(sys.argv[1]), Path(sys.argv[2]))
    await load_busybox(engine)
    made = {}
    for name, options in json.loads(sys.argv[3]).items():
        policy = RestartPolicy(name=options.pop("restart", "no"))
        ports = tuple(PortMapping(container_port=port) for port in options.pop("ports", ()))
        spec = ContainerSpec(image=BUSYBOX, restart=policy, ports=ports, stop_timeout=0.2, **options)
        container = await engine.containers.create(CreateContainer(spec=spec, name=name))
        container = await engine.containers.start(container.id)
        made[name] = {"id": container.id, "pid": container.pid, "ports": [p.host_port for p in container.ports]}
    print(json.dumps(made), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def killed_engine(store: ShortTmp, **containers: dict[str, object]) -> dict[str, dict[str, object]]:
    """Another process opens the store, starts these, and is killed on the spot."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED_ENGINE, str(store.root), str(store.run), json.dumps(containers),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == -signal.SIGKILL, err.decode()
    made: dict[str, dict[str, object]] = json.loads(out)
    return made


async def test_containers_outlive_a_killed_engine(short_tmp: ShortTmp) -> None:
    made = await killed_engine(
        short_tmp,
        web={"command": SERVER, "network": "pasta", "ports": [80]},
        talker={"command": ["sh", "-c", "while :; do echo tick; sleep 0.02; done"], "network": "none"},
        brief={"command": ["sh", "-c", "sleep 0.3; exit 5"], "network": "none"},
    )
    await until(lambda: _is_gone(made["brief"]["pid"]))
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        web = await engine.containers.get("web")
        assert (web.state, web.pid) == (State.RUNNING, made["web"]["pid"])
        await fetch(web.ports[0].host_port)
        brief = await engine.containers.get("brief")
        assert brief.state is State.EXITED
        assert brief.exit is not None
        assert brief.exit.code == 5
        before = read_log(engine, made["talker"]["id"]).count("tick")  # type: ignore[arg-type]
        assert before > 0
        await until(lambda: read_log(engine, made["talker"]["id"]).count("tick") > before)  # type: ignore[arg-type]
        assert (await engine.containers.stop("talker")).exit is not None
        await engine.containers.remove("web", force=True)
        assert await engine.host.check_store() == []


@pytest.mark.also_as_root
async def test_a_policy_is_obeyed_while_no_engine_runs(short_tmp: ShortTmp) -> None:
    made = await killed_engine(
        short_tmp,
        phoenix={"command": SERVER, "network": "pasta", "ports": [80], "restart": "always"},
        mortal={"command": ["sleep", "1000"], "network": "none"},
    )
    for each in made.values():
        await kill_inside(str(each["id"]))
    run_dir = short_tmp.run / "containers" / str(made["phoenix"]["id"])
    old = made["phoenix"]["pid"]
    await until(lambda: _number(run_dir / "pid") not in (0, old))
    await fetch(made["phoenix"]["ports"][0])  # type: ignore[index]
    async with opened_engine(short_tmp) as engine:
        phoenix = await engine.containers.get("phoenix")
        assert phoenix.state is State.RUNNING
        assert phoenix.restart_count == 1
        assert phoenix.pid == _number(run_dir / "pid")
        assert _groups_of(phoenix.pid) == {phoenix.id[:32]}
        mortal = await engine.containers.get("mortal")
        assert mortal.state is State.EXITED
        await engine.containers.stop("phoenix")
        assert (await engine.containers.get("phoenix")).state is State.EXITED


@pytest.mark.also_as_root
async def test_a_restart_that_waits_when_the_engine_closes_keeps_its_limits(short_tmp: ShortTmp) -> None:
    from engine.embedded import open_engine

    fails_six_times = "echo >> /runs; [ $(wc -l < /runs) -gt 6 ] && exec sleep 1000; exit 1"
    first = await open_engine(short_tmp.root, short_tmp.run)
    await load_busybox(first)
    container = await run(
        first, "sh", "-c", fails_six_times, restart=RestartPolicy(name="always"), resources=Resources(pids=77)
    )
    entry = first.containers.book.find(container.id)
    await until(lambda: entry.state is State.RESTARTING and entry.record.failures == 6)
    pid_file = first.paths.container_run(container.id) / "pid"
    old = _number(pid_file)
    await first.close()
    await until(lambda: _number(pid_file) not in (0, old) and _groups_of(_number(pid_file)) == {container.id[:32]})
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        assert (await engine.containers.get(container.id)).state is State.RUNNING
        limits = engine.cgroups.group(container.id).directory("pids")
        assert limits is not None
        assert (limits / "pids.max").read_text().strip() == "77"
        await engine.containers.stop(container.id)
        assert await engine.host.check_store() == []


@pytest.mark.also_as_root
async def test_a_container_whose_groups_are_gone_waits_for_the_next_engine(short_tmp: ShortTmp) -> None:
    """Outside of them it would have no limits, and nobody could stop it."""
    made = await killed_engine(
        short_tmp, phoenix={"command": ["sleep", "1000"], "network": "none", "restart": "always"}
    )
    container_id = str(made["phoenix"]["id"])
    document = short_tmp.run / "containers" / container_id / "restart.json"
    told = json.loads(document.read_text())
    told["cgroups"].append(str(short_tmp.path / "no-such-group"))
    document.write_text(json.dumps(told))
    os.kill(int(str(made["phoenix"]["pid"])), signal.SIGKILL)
    log = document.with_name("restart.log")
    await until(lambda: log.exists() and "cannot be entered" in log.read_text())
    assert json.loads(document.read_text())["restarts"] == 0
    async with opened_engine(short_tmp) as engine:
        await until(lambda: _is_running(engine, container_id))
        await engine.containers.stop(container_id, timeout=0.2)
        assert await engine.host.check_store() == []


async def test_a_policy_that_came_while_it_ran_is_obeyed_and_an_end_without_one_starts_no_program(
    short_tmp: ShortTmp,
) -> None:
    """What conmon is to start at the end is not there while there would be nothing for it to do."""
    from engine.embedded import open_engine

    first = await open_engine(short_tmp.root, short_tmp.run)
    await load_busybox(first)
    late = await run(first, "sleep", "1000")
    standing_in = short_tmp.run / "containers" / late.id / "sh"
    conmon = first.containers.book.find(late.id).record.run.conmon_pid
    assert str(standing_in).encode() in _command_line(conmon)
    assert not standing_in.is_symlink()
    await first.containers.update(late.id, UpdateContainer(restart=RestartPolicy(name="always")))
    await first.close()
    await kill_inside(late.id)
    await until(lambda: _number(standing_in.with_name("pid")) not in (0, late.pid))
    async with opened_engine(short_tmp) as engine:
        assert (await engine.containers.get(late.id)).restart_count == 1
        await engine.containers.stop(late.id, timeout=0.2)
        assert not standing_in.is_symlink()


async def _is_running(engine: Engine, container_id: str) -> bool:
    return (await engine.containers.get(container_id)).state is State.RUNNING


def _groups_of(pid: int) -> set[str]:
    """By the last part of their names, in every hierarchy that has groups of containers."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return set()
    return {line.rsplit("/", 1)[1] for line in lines if "/wherry-" in line}


async def kill_inside(container_id: str) -> None:
    """End a container's processes as an accident would: through its control group, with no engine there."""
    (kill,) = await asyncio.to_thread(lambda: list(Path("/sys/fs/cgroup").glob(f"**/{container_id[:32]}/cgroup.kill")))
    await asyncio.to_thread(kill.write_text, "1")


def _command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _number(path: Path) -> int:
    try:
        return int(path.read_text() or "0")
    except (OSError, ValueError):
        return 0


async def test_a_closed_engine_leaves_containers_and_finds_them_again(short_tmp: ShortTmp) -> None:
    from engine.embedded import open_engine

    first = await open_engine(short_tmp.root, short_tmp.run)
    await load_busybox(first)
    running = await run(first, name="stays")
    await first.containers.pause("stays")
    await create(first, name="rests")
    await first.close()
    async with opened_engine(short_tmp) as engine:
        found = await engine.containers.get("stays")
        assert (found.state, found.pid) == (State.PAUSED, running.pid)
        await engine.containers.unpause("stays")
        assert (await engine.containers.get("rests")).state is State.CREATED


async def test_a_killed_keeper_is_replaced(loaded: EmbeddedEngine, expect_log: Callable[[str], None]) -> None:
    expect_log("the keeper died")
    container = await run(loaded)
    os.kill(loaded.keeper.pid, signal.SIGKILL)
    await loaded.containers.pause(container.id)
    await loaded.containers.unpause(container.id)
    other = await run(loaded)
    assert (await loaded.containers.stop(container.id)).state is State.EXITED
    assert (await loaded.containers.stop(other.id)).state is State.EXITED


async def test_a_killed_conmon_is_an_end_the_policy_answers(loaded: EmbeddedEngine) -> None:
    mortal = await run(loaded)
    phoenix = await run(loaded, restart=RestartPolicy(name="on-failure"))
    for container in (mortal, phoenix):
        os.kill(loaded.containers.book.find(container.id).record.run.conmon_pid, signal.SIGKILL)
    entry = loaded.containers.book.find(phoenix.id)
    await entry.until(lambda: entry.state is State.RUNNING and entry.container.pid != phoenix.pid)
    ended = await loaded.containers.wait(mortal.id)
    assert ended.exit_code == 137
    assert "conmon" in ended.error
    assert _is_gone(mortal.pid)


def _is_gone(pid: object) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _kill_by_words(*words: bytes) -> int:
    killed = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if all(word in line for word in words):
            os.kill(int(path.parent.name), signal.SIGKILL)
            killed += 1
    return killed


async def test_a_killed_fuse_mount_does_not_stop_the_next_start(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, driver="fuse-overlayfs")
    await loaded.containers.stop(container.id)
    started = await loaded.containers.start(container.id)
    assert _kill_by_words(b"fuse-overlayfs", container.id.encode())
    await loaded.containers.remove(started.id, force=True)
    again = await run(loaded, "cat", "/data/hello", driver="fuse-overlayfs")
    await loaded.containers.wait(again.id)
    assert read_log(loaded, again.id) == "hello\n"


ROUNDS = int(os.environ.get("WHERRY_CHAOS_ROUNDS", "20"))


@pytest.mark.timeout(60 + 6 * ROUNDS)
async def test_rounds_of_kills_at_random_moments(loaded: EmbeddedEngine, expect_log: Callable[[str], None]) -> None:
    """Rounds of create, start, stop, remove, with something killed somewhere in each: nothing lost or left.

    Twenty of them, or as many as WHERRY_CHAOS_ROUNDS says.
    """
    expect_log("the keeper died")
    expect_log("could not be")
    dice = random.Random(ROUNDS)
    ids: set[str] = set()
    spoilt: Counter[str] = Counter()
    for number in range(ROUNDS):
        victim = dice.choice(["keeper", "conmon", "pasta", "fuse", "nobody"])
        container = await _ledger_writer(loaded, number, "fuse-overlayfs" if victim == "fuse" else "")
        assert container.id not in ids
        ids.add(container.id)
        killing = asyncio.create_task(_kill_soon(loaded, container.id, victim, dice.random() * 0.1))
        try:
            await loaded.containers.start(container.id)
        except WherryError:
            spoilt[victim] += 1
            await killing
            # A killed helper may spoil the start; then a second one works.
            await loaded.containers.start(container.id)
        await killing
        await until(lambda cid=container.id: _has_said_or_ended(loaded, cid))  # type: ignore[misc]
        if "said" not in read_log(loaded, container.id):
            await loaded.containers.start(container.id)  # its root file system went away under it
            await until(lambda cid=container.id: "said" in read_log(loaded, cid))  # type: ignore[misc]
        if dice.random() < 0.3:
            await loaded.containers.stop(container.id)
        await loaded.containers.remove(container.id, force=True)
    sys.stdout.write(f"{ROUNDS} rounds; starts spoilt: {dict(spoilt)}\n")
    code, text = await output(
        loaded, "cat", "/ledger/lines", mounts=(Mount(kind="volume", source="ledger", target="/ledger"),)
    )
    assert code == 0
    assert sorted({int(word) for word in text.split()}) == list(range(ROUNDS))
    assert await loaded.host.check_store() == []


async def _ledger_writer(engine: EmbeddedEngine, number: int, driver: str) -> Container:
    mount = Mount(kind="volume", source="ledger", target="/ledger")
    line = f"echo {number} >> /ledger/lines; echo said; exec sleep 1000"
    port = PortMapping(container_port=80)
    return await create(engine, "sh", "-c", line, network="pasta", ports=(port,), mounts=(mount,), driver=driver)


def _has_said_or_ended(engine: EmbeddedEngine, container_id: str) -> bool:
    return "said" in read_log(engine, container_id) or not engine.containers.book.find(container_id).alive


async def _kill_soon(engine: EmbeddedEngine, container_id: str, victim: str, seconds: float) -> None:
    await asyncio.sleep(seconds)
    if victim == "fuse":
        _kill_by_words(b"fuse-overlayfs", container_id.encode())
        return
    run_of = engine.containers.book.find(container_id).record.run
    pid = {"keeper": engine.keeper.pid, "conmon": run_of.conmon_pid, "pasta": run_of.pasta_pid, "nobody": 0}[victim]
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


_KILLED_REMOVAL = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.embedded import open_engine
from engine.types.containers import Mount
from tests.system.containers.conftest import load_busybox, run

async def main():
    engine = await open_engine(Path(sys.argv[1]), Path(sys.argv[2]))
    await load_busybox(engine)
    container = await run(engine, name="half", mounts=(Mount(kind="volume", target="/own"),))
    print(container.mounts[0].source, flush=True)
    engine.containers.book.remove = lambda entry: os.kill(os.getpid(), signal.SIGKILL)
    await engine.containers.remove("half", force=True, volumes=True)

asyncio.run(main())
"""


async def test_a_removal_that_was_cut_off_is_finished(short_tmp: ShortTmp) -> None:
    """Its files are gone and its row is not: that is no container any more."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED_REMOVAL, str(short_tmp.root), str(short_tmp.run), stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    async with opened_engine(short_tmp) as engine:
        await until(lambda: _is_gone_from(engine))
        await until(lambda: _has_no_volume(engine, out.decode().strip()))
        assert await engine.host.check_store() == []


async def _is_gone_from(engine: Engine) -> bool:
    return await engine.containers.list() == []


async def _has_no_volume(engine: Engine, name: str) -> bool:
    return name not in [each.name for each in await engine.volumes.list()]
