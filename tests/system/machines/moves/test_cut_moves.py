"""A move whose line or engine ends in the middle: what is here counts until the other runs, nothing is doubled."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from engine.errors import Conflict, MachineError, NotFound, WherryError
from engine.types.containers import ContainerSpec, CreateContainer, State
from engine.types.files import Place
from engine.types.machines import Moved
from tests.support.engine import opened_engine
from tests.support.moved import FAR, IMAGE, another_machine, marks, run, service
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.facade import Engine
    from tests.support.moved import There
    from tests.support.stores import ShortTmp


MOVE = Moved(kind="container", name="shop", target=FAR, move=True)


async def moved_whole(near: Engine, far: Engine) -> None:
    """There and nowhere else, once."""
    assert [(each.name, each.state) for each in await far.containers.list()] == [("shop", State.RUNNING)]
    assert [each.name for each in await far.volumes.list()] == ["shop-data"]
    names = sorted(tag for image in await far.images.list() for tag in (image.tags or ("nameless",)))
    assert [name for name in names if "moved/" not in name] == [IMAGE], names
    assert len(names) == 2, names
    assert not await near.containers.list()
    assert not await near.volumes.list()
    assert not await near.machines.kept()


@pytest.mark.parametrize("request_to", ["/containers/create", "/containers/start"])
async def test_a_line_that_breaks_off_in_the_change_over_leaves_one_that_runs(
    near: Engine, there: There, request_to: str
) -> None:
    """It was done there, and nobody is told."""
    await service(near)
    blob = await run(near, "shop", "sha256sum", "/data/blob", "/etc/own")
    there.door.begin(request=request_to)
    with pytest.raises(WherryError):
        await near.machines.carry_out(MOVE).result()
    assert (await near.containers.get("shop")).state is State.RUNNING
    assert not await near.machines.kept()
    there.door.mend()
    await near.machines.carry_out(MOVE).result()
    assert await run(there.engine, "shop", "sha256sum", "/data/blob", "/etc/own") == blob
    await moved_whole(near, there.engine)


async def test_a_volume_cut_off_in_the_middle_goes_on_where_it_was(near: Engine, there: There) -> None:
    await service(near)
    await near.containers.stop("shop", timeout=0)
    before = await marks(near, "shop-data")
    await near.machines.carry_out(Moved(kind="image", name=IMAGE, target=FAR)).result()
    there.door.begin(limit=1_500_000)
    with pytest.raises(WherryError):
        await near.machines.carry_out(MOVE).result()
    assert await marks(near, "shop-data") == before
    assert (await near.containers.get("shop")).state is State.EXITED
    there.door.mend()
    await near.machines.carry_out(MOVE).result()
    assert await marks(there.engine, "shop-data") == before
    assert not await near.containers.list()
    assert [(each.name, each.state) for each in await there.engine.containers.list()] == [("shop", State.CREATED)]


async def test_what_a_service_writes_as_it_ends_goes_along(near: Engine, there: There) -> None:
    words = "trap 'echo end > /etc/last; exit 0' TERM; while :; do sleep 0.05; done"
    made = await near.containers.create(
        CreateContainer(spec=ContainerSpec(image=IMAGE, command=("sh", "-c", words)), name="shop")
    )
    await near.containers.start(made.id)
    await run(near, "shop", "touch", "/etc/first")
    await near.machines.carry_out(MOVE).result()
    assert await run(there.engine, "shop", "cat", "/etc/last") == b"end\n"


async def test_what_came_before_and_was_written_to_there_is_not_overwritten(near: Engine, there: There) -> None:
    await service(near)
    copy = Moved(kind="container", name="shop", target=FAR)
    await near.machines.carry_out(copy).result()
    await run(there.engine, "shop", "sh", "-c", "echo there > /data/mine")
    await there.engine.containers.remove("shop", force=True)
    with pytest.raises(Conflict, match="came there before and may have changed"):
        await near.machines.carry_out(MOVE).result()
    with pytest.raises(Conflict, match="came there before and may have changed"):
        await near.machines.carry_out(Moved(kind="volume", name="shop-data", target=FAR)).result()
    assert (
        "The volume “shop-data” came there before, and is used as it is there."
        in (await near.machines.plan(copy)).warnings
    )
    await near.machines.carry_out(copy).result()
    place = Place(kind="volume", id="shop-data")
    assert await there.engine.files.read(place, "/mine") == b"there\n"


async def test_the_same_move_twice_at_once_is_one_move(near: Engine, there: There) -> None:
    await service(near)
    first, second = near.machines.carry_out(MOVE), near.machines.carry_out(MOVE)
    ended = await asyncio.gather(first.result(), second.result(), return_exceptions=True)
    [refused] = [each for each in ended if isinstance(each, Conflict)]
    assert "on its way there already" in refused.title
    await moved_whole(near, there.engine)


@pytest.mark.parametrize("word", ["stopped", "started", "over"])
async def test_an_engine_killed_in_a_move_finds_it_again(
    short_tmp: ShortTmp, make_short_tmp: Callable[[], ShortTmp], word: str
) -> None:
    """The move writes its record before each step. Killed there, the next engine knows what ran, and goes on."""
    nth = {"stopped": 3, "started": 6, "over": 0}[word]
    async with opened_engine(short_tmp) as near, another_machine(near, make_short_tmp()) as there:
        await load_busybox(near)
        await service(near)
        blob = await run(near, "shop", "sha256sum", "/data/blob", "/etc/own")
        await near.close()
        dying = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.dying_move", str(short_tmp.root), str(short_tmp.run), "shop", str(nth)
        )
        assert await dying.wait() == -signal.SIGKILL
        async with opened_engine(short_tmp) as again:
            if word != "over":
                async with asyncio.timeout(30):
                    while (await again.containers.get("shop")).state is not State.RUNNING:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                with pytest.raises((Conflict, NotFound)):
                    await again.machines.finish("shop")
            kept = ["shop"] if word in ("started", "over") else []
            assert [each.name for each in await again.machines.kept()] == kept
            await again.machines.carry_out(MOVE).result()
            assert await run(there.engine, "shop", "sha256sum", "/data/blob", "/etc/own") == blob
            await moved_whole(again, there.engine)


async def test_an_image_cut_off_in_the_middle_is_told_as_that(near: Engine, there: There) -> None:
    there.door.begin(limit=700_000)
    with pytest.raises(MachineError, match="broke off"):
        await near.machines.carry_out(Moved(kind="image", name=IMAGE, target=FAR)).result()
    there.door.mend()
    await near.machines.carry_out(Moved(kind="image", name=IMAGE, target=FAR)).result()
    assert (await there.engine.images.get(IMAGE)).id == (await near.images.get(IMAGE)).id
