"""Things carried between two engines: what is there afterwards, what is left here, and what a failure leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.errors import Conflict, InvalidRequest, MachineError, NotFound, RuntimeFailure, StorageError
from engine.moving.parts import FROM_LABEL, PROJECT_LABEL, mark_of
from engine.moving.under_way import UnderWay
from engine.types.containers import Container, Mount, State
from engine.types.files import Place
from engine.types.machines import Machine, Moved
from engine.types.networks import CreateNetwork, Endpoint
from engine.types.operations import Failure
from engine.types.volumes import CreateVolume
from tests.support.played_engine import IMAGE, create, start, until_state

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.unit.moving.conftest import Ends

DATA = Place(kind="volume", id="data")
HELD = (Mount(kind="volume", source="data", target="/data"),)


def wanted(kind: str = "container", name: str = "web", **more: Any) -> Moved:
    return Moved(kind=kind, name=name, target="far", **more)  # type: ignore[arg-type]


async def furnish(engine: EmbeddedEngine, *, running: bool = True, **more: Any) -> Container:
    """A service with a volume that has something in it."""
    await engine.volumes.create(CreateVolume(name="data", labels={"a": "b"}))
    await engine.files.write(DATA, "/deep", b"hello", mode=0o640)
    await engine.files.make_directory(DATA, "/dir")
    return await (start if running else create)(engine, "web", mounts=HELD, **more)


async def contents(engine: EmbeddedEngine, volume: str = "data") -> dict[str, tuple[str, int, str]]:
    marks = await engine.files.marks(Place(kind="volume", id=volume))
    return {mark.path: (mark.kind, mark.mode, mark.digest[:6]) for mark in marks}


async def states(engine: EmbeddedEngine) -> dict[str, State]:
    return {each.name: each.state for each in await engine.containers.list()}


async def volumes(engine: EmbeddedEngine) -> list[str]:
    return [each.name for each in await engine.volumes.list()]


# --- containers ---


async def test_a_moved_container_runs_there_with_its_volume_and_is_gone_here(ends: Ends) -> None:
    await furnish(ends.here)
    before = await contents(ends.here)
    handle = ends.moving.carry_out(wanted(move=True))
    assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.subject) == ("move", "Move web to far", "web")
    said = await handle.result()
    assert said.startswith("Moved web: ")
    assert said.endswith(" s nobody answered")
    assert handle.snapshot.done > 0
    assert handle.snapshot.done <= handle.snapshot.total
    assert await contents(ends.there) == before
    assert (await states(ends.there), await states(ends.here)) == ({"web": State.RUNNING}, {})
    assert await volumes(ends.here) == []
    labels = (await ends.there.volumes.get("data")).labels
    assert labels["a"] == "b"
    assert labels[FROM_LABEL].startswith("data@")
    assert await ends.books.under_way.all() == []
    assert await ends.moving.kept() == []
    assert ends.told == 1


async def test_a_copy_leaves_all_here_as_it_was_and_running(ends: Ends) -> None:
    one = await furnish(ends.here)
    said = await ends.carry(wanted(new_name="other"))
    assert said.startswith("Copied web: ")
    assert "nobody answered" not in said
    assert (await states(ends.here), await states(ends.there)) == ({"web": State.RUNNING}, {"other": State.RUNNING})
    assert await contents(ends.there) == await contents(ends.here)
    assert (await ends.here.containers.get("web")).pid == one.pid
    [copied] = await ends.there.containers.list()
    assert (copied.image_id, [each.source for each in copied.mounts]) == (one.image_id, ["data"])


async def test_what_does_not_run_arrives_as_it_is_and_what_is_not_to_start_stands_still(ends: Ends) -> None:
    await furnish(ends.here, running=False)
    assert await ends.carry(wanted(move=True)) == f"Moved web: {ends_sent(ends)} bytes sent"
    assert await states(ends.there) == {"web": State.CREATED}
    await start(ends.here, "two")
    await ends.carry(wanted(name="two", start=False))
    assert (await states(ends.there))["two"] is State.CREATED
    assert await states(ends.here) == {"two": State.RUNNING}


def ends_sent(ends: Ends) -> int:
    return next(iter(ends.operations._bus.objects("operation").values())).done  # type: ignore[union-attr]


async def test_a_source_that_is_kept_stands_still_until_it_is_let_go(ends: Ends) -> None:
    one = await furnish(ends.here)
    said = await ends.carry(wanted(move=True, keep_source=True))
    assert ", the source is stopped and stays, " in said
    assert (await states(ends.here))["web"] is State.EXITED
    [kept] = await ends.moving.kept()
    [moved] = await ends.there.containers.list()
    assert (kept.kind, kept.name, kept.source, kept.target, kept.here, kept.there, kept.running, kept.volumes) == (
        "container", "web", "", "far", {one.id: "web"}, {moved.id: "web"}, (moved.id,), ("data",),
    )  # fmt: skip
    # Not while it runs here again, nor while it does not run there.
    await ends.here.containers.start("web")
    with pytest.raises(Conflict, match="“web” runs again where it was"):
        await ends.moving.finish("web", None)
    await ends.here.containers.stop("web", timeout=0)
    await ends.there.containers.stop("web", timeout=0)
    with pytest.raises(Conflict, match="“web” does not run on far"):
        await ends.moving.finish("web", "")
    await ends.there.containers.start("web")
    with pytest.raises(NotFound, match="No move left “web” anywhere"):
        await ends.moving.finish("web", "elsewhere")
    told = ends.told
    assert (await ends.moving.finish("web", None)).name == "web"
    assert (await states(ends.here), await volumes(ends.here), ends.told) == ({}, [], told + 1)
    assert await ends.moving.kept() == []
    with pytest.raises(NotFound):
        await ends.moving.finish("web", None)


async def test_a_kept_source_whose_other_end_is_gone_stays(ends: Ends) -> None:
    await furnish(ends.here)
    await ends.carry(wanted(move=True, keep_source=True))
    await ends.there.containers.remove("web", force=True)
    with pytest.raises(Conflict, match="“web” is no more on far"):
        await ends.moving.finish("web", None)
    assert list(await states(ends.here)) == ["web"]
    # What somebody removed here by hand is no source any more.
    await ends.here.containers.remove("web")
    assert await ends.moving.kept() == []
    assert await ends.books.kept.all() == []


async def test_a_volume_that_others_use_is_copied_and_stays(ends: Ends) -> None:
    await furnish(ends.here)
    await create(ends.here, "other", mounts=HELD)
    plan = await ends.moving.plan(wanted(move=True))
    assert "A volume is used by other containers too: it is copied, and stays." in plan.warnings
    await ends.carry(wanted(move=True))
    assert (await volumes(ends.here), await volumes(ends.there)) == (["data"], ["data"])


async def test_what_a_container_changed_in_its_own_files_goes_along(ends: Ends) -> None:
    one = await start(ends.here, "Web")
    await ends.here.files.write(Place(kind="container", id=one.id), "/data/hello", b"changed")
    await ends.carry(wanted(name="Web", move=True))
    [moved] = await ends.there.containers.list()
    assert moved.image == f"localhost/moved/web:{one.id[:12]}"
    assert await ends.there.files.read(Place(kind="container", id=moved.id), "/data/hello") == b"changed"
    assert not [each for each in await ends.here.images.list() if "moved" in str(each.tags)], "only for so long"


# --- failures ---


def broken(engine: EmbeddedEngine, room: str, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise RuntimeFailure("It is broken")

    monkeypatch.setattr(getattr(engine, room), verb, fails)


@pytest.mark.parametrize(("room", "verb"), [("containers", "create"), ("containers", "start"), ("files", "marks")])
async def test_a_move_that_fails_there_leaves_all_here_as_it_was(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, room: str, verb: str
) -> None:
    await furnish(ends.here)
    with monkeypatch.context() as patch:
        broken(ends.there, room, verb, patch)
        with pytest.raises(RuntimeFailure, match="It is broken"):
            await ends.carry(wanted(move=True))
    assert await states(ends.here) == {"web": State.RUNNING}
    assert await states(ends.there) == {}
    assert await ends.moving.kept() == []
    [record] = await ends.books.under_way.all()
    assert (record.stopped, record.made, record.makes, record.started) == (False, (), (), ())
    # The next try goes on with what arrived.
    await ends.carry(wanted(move=True))
    assert (await states(ends.there), await states(ends.here)) == ({"web": State.RUNNING}, {})
    assert await ends.books.under_way.all() == []


async def test_what_ends_at_once_there_is_taken_back(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(ends.here)
    really = ends.there.containers.start

    async def ends_at_once(container: str) -> Container:
        await really(container)
        await ends.there.containers.kill(container)
        return await until_state(ends.there, container, State.EXITED)

    monkeypatch.setattr(ends.there.containers, "start", ends_at_once)
    with pytest.raises(RuntimeFailure, match="“web” does not run there") as failed:
        await ends.carry(wanted(move=True))
    assert failed.value.explanation == "It ended with 137; where it came from all is as it was."
    assert (await states(ends.here), await states(ends.there)) == ({"web": State.RUNNING}, {})


async def test_a_volume_that_does_not_arrive_as_it_is_is_no_copy(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(ends.here, running=False)
    really = ends.there.files.marks

    async def otherwise(place: Place) -> Any:
        found = list(await really(place))
        return [*(msgspec.structs.replace(each, digest="x") if each.path == "deep" else each for each in found)]

    monkeypatch.setattr(ends.there.files, "marks", otherwise)
    with pytest.raises(StorageError, match="data did not arrive as it is") as failed:
        await ends.carry(wanted(move=True))
    assert failed.value.explanation == "“deep” differs."
    assert (await states(ends.here), await volumes(ends.here)) == ({"web": State.CREATED}, ["data"])


async def test_what_is_in_the_way_there_is_told_and_nothing_done(ends: Ends) -> None:
    await furnish(ends.here)
    await ends.there.volumes.create(CreateVolume(name="data"))
    await create(ends.there, "web")
    plan = await ends.moving.plan(wanted(move=True))
    assert plan.problems == ("There is a volume “data” already.", "There is a container “web” already.")
    with pytest.raises(Conflict, match="“web” cannot be taken there") as refused:
        await ends.carry(wanted(move=True))
    assert refused.value.explanation == "There is a volume “data” already. There is a container “web” already."
    assert await states(ends.here) == {"web": State.RUNNING}
    assert await ends.books.under_way.all() == []


async def test_what_is_there_already_or_nowhere_is_refused(ends: Ends) -> None:
    with pytest.raises(InvalidRequest, match="It is there already"):
        ends.moving.carry_out(Moved(kind="container", name="web"))
    assert (
        ends.moving.carry_out(Moved(kind="volume", name="x", new_name="y")).snapshot.title == "Copy x to this computer"
    )
    assert ends.moving.carry_out(wanted(kind="image", name="x", move=True)).snapshot.title == "Move x to far"
    to_file = Moved(kind="volume", name="x", target="archive:/tmp/a.tar")
    assert ends.moving.carry_out(to_file).snapshot.title == "Copy x to /tmp/a.tar"
    for kind in ("container", "volume", "image", "project"):
        with pytest.raises(NotFound):
            await ends.carry(wanted(kind=kind, name="nosuch"))


async def test_a_machine_that_is_away_is_no_end(ends: Ends) -> None:
    ends.away = True
    with pytest.raises(MachineError, match="far does not answer") as away:
        await ends.moving.plan(wanted())
    assert away.value.subject == "far"
    problem = Failure(code="connect", title="It is off", explanation="e", hint="h")
    ends.known = [Machine(name="far"), Machine(name="other")]
    with pytest.raises(MachineError, match="far does not answer"):
        await ends.moving.plan(wanted())
    ends.known = [Machine(name="far", problem=problem)]
    with pytest.raises(MachineError, match="It is off") as told:
        await ends.moving.plan(wanted())
    assert (told.value.explanation, told.value.hint, told.value.subject) == ("e", "h", "far")


async def test_one_thing_goes_one_way_at_a_time(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(ends.here)
    second: list[Any] = []
    really = ends.there.containers.create

    async def meanwhile(request: Any) -> Container:
        second.append(ends.moving.carry_out(wanted(move=True)))
        with pytest.raises(Conflict, match="“web” is on its way there already"):
            await second[0].result()
        return await really(request)

    monkeypatch.setattr(ends.there.containers, "create", meanwhile)
    await ends.carry(wanted(move=True))
    assert len(second) == 1


# --- taken up again ---


async def half_done(ends: Ends, **more: Any) -> UnderWay:
    """As an engine that was killed leaves it: what ran is stopped, and that is written down."""
    one = await furnish(ends.here)
    data = await ends.here.volumes.get("data")
    record = UnderWay(request=wanted(move=True), volumes={"data": mark_of(data)}, running=(one.id,), stopped=True)
    record = msgspec.structs.replace(record, **more)
    await ends.books.under_way.add(record)
    await ends.here.containers.stop("web", timeout=0)
    return record


async def test_what_a_killed_engine_had_stopped_runs_again(ends: Ends) -> None:
    await half_done(ends)
    await ends.moving.take_up()
    assert await states(ends.here) == {"web": State.RUNNING}
    [record] = await ends.books.under_way.all()
    assert not record.stopped


async def test_what_stood_still_for_a_copy_goes_on(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    record = await half_done(ends)
    one = await ends.here.containers.get("web")
    still = msgspec.structs.replace(one, state=State.PAUSED)
    woken: list[str] = []

    async def get(_: str) -> Container:
        return still

    async def unpause(container: str) -> Container:
        woken.append(container)
        return one

    monkeypatch.setattr(ends.here.containers, "get", get)
    monkeypatch.setattr(ends.here.containers, "unpause", unpause)
    await ends.moving.take_up()
    assert woken == [one.id]
    assert await ends.books.under_way.all() == [msgspec.structs.replace(record, stopped=False)]
    # What cannot be woken is tried by the next engine.
    await ends.books.under_way.add(record)
    broken(ends.here, "containers", "unpause", monkeypatch)
    await ends.moving.take_up()
    assert await ends.books.under_way.all() == [record]


async def test_a_copy_is_of_one_moment_where_the_engine_can_hold_it(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine in memory holds nothing still: it is only asked to."""
    one = await furnish(ends.here)
    asked: list[str] = []

    async def pause(container: str) -> Container:
        asked.append(f"pause {container}")
        await ends.here.files.write(DATA, "/last", b"before the stop")
        return one

    monkeypatch.setattr(ends.here.containers, "pause", pause)
    [record_then] = [await ends.carry(wanted(new_name="other"))]
    assert record_then.startswith("Copied web")
    assert asked == [f"pause {one.id}"]
    assert "last" in await contents(ends.there), "what came last is levelled"


async def test_what_runs_there_alone_is_not_started_here(ends: Ends) -> None:
    record = await half_done(ends)
    new = await start(ends.there, "web")
    await ends.books.under_way.add(msgspec.structs.replace(record, makes=("web",), made=(new.id,), started=(new.id,)))
    await ends.moving.take_up()
    assert (await states(ends.here))["web"] is State.EXITED
    # The same move only lets go here.
    assert (await ends.carry(wanted(move=True))).startswith("Moved web: 0 bytes sent")
    assert (await states(ends.here), await states(ends.there)) == ({}, {"web": State.RUNNING})
    assert await ends.books.under_way.all() == []


async def test_what_was_started_there_and_stands_still_is_nobodys_to_take_away(ends: Ends) -> None:
    record = await half_done(ends)
    new = await start(ends.there, "web")
    await ends.there.containers.stop("web", timeout=0)
    await ends.books.under_way.add(msgspec.structs.replace(record, makes=("web",), made=(new.id,), started=(new.id,)))
    with pytest.raises(Conflict, match="was started there by an earlier try, and stands still"):
        await ends.carry(wanted(move=True))
    assert list(await states(ends.there)) == ["web"]
    await ends.moving.take_up()
    assert (await states(ends.here))["web"] is State.EXITED


async def test_what_was_made_there_and_never_ran_is_made_anew(ends: Ends) -> None:
    record = await half_done(ends)
    old = await create(ends.there, "web")
    await ends.books.under_way.add(msgspec.structs.replace(record, makes=("web",)))
    await ends.carry(wanted(move=True))
    [new] = await ends.there.containers.list()
    assert (new.id != old.id, new.state) == (True, State.RUNNING)
    assert (await states(ends.here), await volumes(ends.here)) == ({}, [])


async def test_what_is_gone_meanwhile_is_passed_over(ends: Ends) -> None:
    record = await half_done(ends)
    await ends.here.containers.remove("web")
    await ends.moving.take_up()
    [left] = await ends.books.under_way.all()
    assert left == msgspec.structs.replace(record, stopped=False)


# --- volumes and images ---


async def test_a_volume_is_moved_under_another_name(ends: Ends) -> None:
    await furnish(ends.here, running=False)
    await ends.here.containers.remove("web")
    before = await contents(ends.here)
    plan = await ends.moving.plan(wanted("volume", "data", new_name="new"))
    assert [(each.kind, each.name, each.size, each.there) for each in plan.parts] == [("volume", "data", 5, False)]
    said = await ends.carry(wanted("volume", "data", new_name="new", move=True))
    assert said.startswith("Moved data: ")
    assert (await contents(ends.there, "new"), await volumes(ends.here)) == (before, [])
    assert await ends.moving.kept() == []


async def test_a_volume_that_came_before_is_not_overwritten_and_goes_with_a_copy(ends: Ends) -> None:
    await furnish(ends.here)
    await ends.carry(wanted("volume", "data"))
    await ends.there.files.write(DATA, "/there", b"written there")
    plan = await ends.moving.plan(wanted("volume", "data"))
    words = "There is a volume “data” already, which came there before and may have changed since."
    assert (plan.problems, plan.parts[0].there, plan.bytes) == ((words,), True, 0)
    plan = await ends.moving.plan(wanted())
    assert (plan.problems, plan.warnings) == (
        (), ("The volume “data” came there before, and is used as it is there.",),
    )  # fmt: skip
    await ends.carry(wanted())
    assert "there" in await contents(ends.there)
    plan = await ends.moving.plan(wanted(name="web", new_name="second", move=True))
    assert plan.problems == (words,)


async def test_an_image_goes_with_its_names(ends: Ends) -> None:
    await ends.here.images.tag(IMAGE, "localhost/other:1")
    await ends.there.images.remove(IMAGE, force=True)
    plan = await ends.moving.plan(wanted("image", IMAGE))
    [part] = plan.parts
    assert (part.kind, part.name in (IMAGE, "localhost/other:1"), part.there, part.size) == ("image", True, False, 96)
    await ends.carry(wanted("image", IMAGE, new_name="localhost/third:1"))
    names = {tag for each in await ends.there.images.list() for tag in each.tags}
    assert names == {IMAGE, "localhost/other:1", "localhost/third:1"}
    assert (await ends.moving.plan(wanted("image", IMAGE))).parts[0].there
    assert (await ends.carry(wanted("image", IMAGE, move=True))) == f"Moved {IMAGE}: 0 bytes sent"
    assert not await ends.here.images.list()


async def test_a_name_that_another_image_has_there_stays_its(ends: Ends) -> None:
    one = await start(ends.here, "web")
    await ends.there.images.remove(IMAGE, force=True)
    other = await _another_image(ends.there)
    await ends.there.images.tag(other, IMAGE)
    plan = await ends.moving.plan(wanted())
    assert plan.warnings == (f"“{IMAGE}” is another image there, and keeps that name.",)
    await ends.carry(wanted())
    assert (await ends.there.images.get(IMAGE)).id == other
    assert (await ends.there.containers.get("web")).image_id == one.image_id
    # Asked for by itself, it takes the name.
    await ends.carry(wanted("image", IMAGE))
    assert (await ends.there.images.get(IMAGE)).id == one.image_id


async def _another_image(engine: EmbeddedEngine) -> str:
    from tests.support.images import File, docker_archive, layer_tar

    async def stream() -> Any:
        yield docker_archive([layer_tar([File("x", b"x")])], reference="localhost/x:1")

    await engine.images.load(stream()).result()
    return (await engine.images.get("localhost/x:1")).id


# --- projects ---


async def test_a_project_goes_whole_with_its_networks_in_their_order(ends: Ends) -> None:
    labels = {PROJECT_LABEL: "shop", "com.docker.compose.service": "web",
              "com.docker.compose.depends_on": "db:service_started:false"}  # fmt: skip
    await ends.here.networks.create(CreateNetwork(name="shop_back", internal=True))
    front = await ends.here.networks.create(CreateNetwork(name="shop_front"))
    of_db = {PROJECT_LABEL: "shop", "com.docker.compose.service": "db"}
    web = await create(ends.here, "shop-web-1", labels=labels, network="shop_back")
    await create(ends.here, "shop-db-1", labels=of_db, network="shop_back")
    await create(ends.here, "alone")
    await ends.here.networks.connect(front.id, web.id, asked=Endpoint(aliases=("x",)))
    plan = await ends.moving.plan(wanted("project", "shop"))
    assert [(each.kind, each.name) for each in plan.parts] == [
        ("image", IMAGE), ("network", "shop_back"), ("network", "shop_front"), ("container", "shop-db-1"),
        ("container", "shop-web-1"),
    ]  # fmt: skip
    await ends.carry(wanted("project", "shop", move=True))
    made = sorted(await ends.there.containers.list(), key=lambda each: each.created)
    assert [each.name for each in made] == ["shop-db-1", "shop-web-1"]
    there = await ends.there.networks.get("shop_back")
    assert there.internal
    assert {each.spec.network for each in made} == {"shop_back"}
    [member] = (await ends.there.networks.get("shop_front")).members
    assert (member.name, set(member.aliases)) == ("shop-web-1", {"x", "web"})
    assert list(await states(ends.here)) == ["alone"]


async def test_what_will_be_otherwise_is_said_before(ends: Ends) -> None:
    one = await start(ends.here, "one")
    await create(
        ends.here, "two", network=f"container:{one.id}", mounts=(Mount(kind="bind", source="/etc", target="/x"),)
    )
    plan = await ends.moving.plan(wanted(name="two"))
    assert plan.warnings == (
        "“two” works in /etc of this machine: that folder is not taken along.",
        "“two” shares the network of another container, which must be there.",
    )
