"""Pods: containers with one network, one host name and one place for shared memory, and no process that only waits."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from engine.embedded import open_engine
from engine.errors import Conflict, InvalidRequest, NotFound, RuntimeFailure
from engine.types.containers import Exec, PortMapping, RestartPolicy, State
from engine.types.networks import CreateNetwork
from engine.types.pods import INIT_LABEL, CreatePod, PodState
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, output, run, until
from tests.system.containers.test_networks import SERVER, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from engine.facade import Engine
    from tests.support.stores import ShortTmp


async def exec_text(engine: Engine, container: str, *command: str) -> str:
    session = await engine.containers.exec(container, Exec(command=command))
    text = b""
    while (piece := await session.read()) is not None:
        text += piece[1]
    await session.close()
    return text.decode()


async def test_containers_of_a_pod_share_network_host_name_and_memory(loaded: EmbeddedEngine) -> None:
    pod = await loaded.pods.create(CreatePod(name="shop", ports=(PortMapping(container_port=80),)))
    web = await create(loaded, *SERVER, name="shop-web", network="pod:shop")
    side = await create(loaded, name="shop-side", network="pod:shop")

    started = await loaded.pods.start("shop")

    assert pod.state is PodState.CREATED
    assert started.state is PodState.RUNNING
    assert [each.name for each in started.containers] == ["shop-web", "shop-side"]
    (port,) = started.ports
    assert "here I am" in await fetch(port.host_port)
    assert (await loaded.containers.get(web.id)).ports == started.ports
    assert "here I am" in await exec_text(loaded, side.id, "wget", "-qO-", "http://127.0.0.1")
    assert await exec_text(loaded, side.id, "hostname") == "shop\n"
    assert await exec_text(loaded, web.id, "sh", "-c", "echo seen > /dev/shm/note") == ""
    assert await exec_text(loaded, side.id, "cat", "/dev/shm/note") == "seen\n"
    same = [os.readlink(f"/proc/{(await loaded.containers.get(each)).pid}/ns/ipc") for each in (web.id, side.id)]
    assert same[0] == same[1]
    assert "shop" in await exec_text(loaded, side.id, "cat", "/etc/hosts")
    assert not await loaded.host.check_store(), "what a pod stands on belongs to somebody"


async def test_a_pod_stops_starts_and_goes_as_one(loaded: EmbeddedEngine) -> None:
    await loaded.pods.create(CreatePod(name="pair", network="none"))
    for name in ("pair-a", "pair-b"):
        await create(loaded, name=name, network="pod:pair")
    await loaded.pods.start("pair")

    with pytest.raises(Conflict, match="run"):
        await loaded.pods.remove("pair")
    await loaded.pods.pause("pair")
    assert (await loaded.pods.get("pair")).state is PodState.PAUSED
    await loaded.pods.unpause("pair")
    stopped = await loaded.pods.stop("pair")
    assert stopped.state is PodState.EXITED
    assert (await loaded.pods.restart("pair")).state is PodState.RUNNING
    await loaded.containers.stop("pair-a")
    assert (await loaded.pods.get("pair")).state is PodState.DEGRADED
    await loaded.pods.remove("pair", force=True)

    assert not await loaded.containers.list()
    with pytest.raises(NotFound):
        await loaded.pods.get("pair")


async def test_what_a_pod_stands_on_goes_with_its_last_container(loaded: EmbeddedEngine) -> None:
    await loaded.pods.create(CreatePod(name="brief", ports=(PortMapping(container_port=80),)))
    await create(loaded, "true", name="brief-job", network="pod:brief")

    await loaded.pods.start("brief")
    await loaded.containers.wait("brief-job")

    async def rests() -> bool:
        return not (await loaded.pods.get("brief")).ports

    await until(rests)
    again = await loaded.pods.start("brief")
    assert again.recipe.ports


async def test_what_prepares_a_pod_runs_first_and_in_order(loaded: EmbeddedEngine) -> None:
    await loaded.pods.create(CreatePod(name="ready", network="none"))
    write = "echo {} >> /dev/shm/order"
    for number, word in ((2, "second"), (1, "first")):
        await create(
            loaded, "sh", "-c", write.format(word), name=f"ready-{word}", network="pod:ready",
            labels={INIT_LABEL: str(number)},
        )  # fmt: skip
    main = await create(loaded, name="ready-main", network="pod:ready")

    pod = await loaded.pods.start("ready")

    assert pod.state is PodState.RUNNING
    assert await exec_text(loaded, main.id, "cat", "/dev/shm/order") == "first\nsecond\n"


async def test_a_pod_whose_preparation_fails_does_not_start(loaded: EmbeddedEngine) -> None:
    await loaded.pods.create(CreatePod(name="stuck", network="none"))
    await create(loaded, "sh", "-c", "exit 3", name="stuck-init", network="pod:stuck", labels={INIT_LABEL: "1"})
    main = await create(loaded, name="stuck-main", network="pod:stuck")

    with pytest.raises(RuntimeFailure, match="ended with 3"):
        await loaded.pods.start("stuck")

    assert (await loaded.containers.get(main.id)).state is State.CREATED


async def test_a_pod_is_found_by_name_on_a_network(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="town"))
    await loaded.pods.create(CreatePod(name="shop", network="town", network_aliases=("store",)))
    await create(loaded, *SERVER, name="shop-web", network="pod:shop")
    pod = await loaded.pods.start("shop")

    assert pod.ip_address
    for name in ("shop", "store"):
        code, text = await output(loaded, "wget", "-q", "-O", "-", f"http://{name}/", network="town")
        assert (code, "here I am" in text) == (0, True), text
    with pytest.raises(Conflict, match="in use"):
        await loaded.networks.remove("town")


async def test_a_pods_container_that_falls_comes_back_into_the_pod(loaded: EmbeddedEngine) -> None:
    await loaded.pods.create(CreatePod(name="firm", ports=(PortMapping(container_port=80),)))
    web = await create(
        loaded, *SERVER, name="firm-web", network="pod:firm", restart=RestartPolicy(name="always"), init=True
    )
    pod = await loaded.pods.start("firm")
    os.kill((await loaded.containers.get(web.id)).pid, signal.SIGKILL)

    async def back() -> bool:
        found = await loaded.containers.get(web.id)
        return found.state is State.RUNNING and found.restart_count > 0

    await until(back)
    assert (await loaded.pods.get("firm")).ports == pod.ports
    assert "here I am" in await fetch(pod.ports[0].host_port)


async def test_a_pod_goes_on_under_the_next_engine(make_short_tmp: Callable[[], ShortTmp]) -> None:
    place = make_short_tmp()
    first = await open_engine(place.root, place.run)
    await load_busybox(first)
    await first.pods.create(CreatePod(name="long", ports=(PortMapping(container_port=80),)))
    await run(first, *SERVER, name="long-web", network="pod:long")
    (port,) = (await first.pods.get("long")).ports
    await first.close()
    async with opened_engine(place) as second:
        pod = await second.pods.get("long")
        assert pod.state is PodState.RUNNING
        assert pod.ports == (port,)
        assert "here I am" in await fetch(port.host_port)
        side = await run(second, name="long-side", network="pod:long")
        assert "here I am" in await exec_text(second, side.id, "wget", "-qO-", "http://127.0.0.1")


async def test_ports_of_a_pod_are_said_to_the_pod(loaded: EmbeddedEngine) -> None:
    await loaded.pods.create(CreatePod(name="shut"))

    with pytest.raises(InvalidRequest, match="cannot be published"):
        await create(loaded, network="pod:shut", ports=(PortMapping(container_port=80),))
    with pytest.raises(NotFound, match="No such pod"):
        await create(loaded, network="pod:nobody")
    with pytest.raises(Conflict, match="already"):
        await loaded.pods.create(CreatePod(name="shut"))
