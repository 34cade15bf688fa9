"""Another Wherry: its facade spoken over a socket, its changes mirrored here."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Cancelled, Code, Conflict, MachineError, NotFound, Unsupported
from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from engine.spoken import packing
from engine.types.builds import BuildImage
from engine.types.containers import Exec, ListContainers
from engine.types.data import Freed, now
from engine.types.events import EngineSnapshot, Event
from engine.types.images import PullImage, Removed
from engine.types.machines import NO_SWARM, Link
from engine.types.operations import Operation, OperationState
from tests.fakes.store import fake_digest
from tests.fakes.world import make_image
from tests.support.scripted_docker import Answer, ScriptedDocker, held, until
from tests.unit.api.serving import Played, pieces, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores import ShortTmp
    from tests.unit.api.serving import Served

WEB = fake_digest("shop-web-1")[7:]
MOMENT = now()


@pytest.fixture
async def there(short_tmp: ShortTmp) -> AsyncIterator[Served]:
    async with serving(short_tmp.run) as served:
        yield served


@pytest.fixture
async def engine(there: Served, short_tmp: ShortTmp) -> AsyncIterator[RemoteEngine]:
    entry = Entry("there", f"unix://{short_tmp.run}/docker.sock")
    made = RemoteEngine(entry, run=short_tmp.run, store=short_tmp.path, told=lambda: None)
    made.begin()
    try:
        assert await made.connected(20.0), made.condition
        await until(lambda: WEB in made.bus.objects("container"))
        yield made
    finally:
        await made.close()


async def test_all_that_is_there_is_here_and_what_changes_too(there: Served, engine: RemoteEngine) -> None:
    store = there.engine.store
    for kind in ("container", "image", "volume", "network"):
        assert dict(engine.bus.objects(kind)) == dict(store.bus.objects(kind)), kind
    assert (engine.condition.kind, engine.condition.link) == ("wherry", Link.CONNECTED)
    async with engine.watch() as changes:
        found = there.engine.store.container(WEB)
        store.put("volume", store.volumes[min(store.volumes)], "mount")
        change = await anext(aiter(changes))
        assert (change.kind, change.event.action) == ("volume", "mount")  # type: ignore[union-attr]
    store.drop("container", found.id, "destroy")
    await until(lambda: WEB not in engine.bus.objects("container"))


async def test_a_question_goes_there_and_its_value_comes_back(there: Served, engine: RemoteEngine) -> None:
    heard = there.hear("containers.list")
    running = ListContainers(running_only=True)
    assert await engine.containers.list(running) == await there.engine.containers.list(running)
    assert heard[0] == {"request": ListContainers(running_only=True)}
    heard = there.hear("containers.stop", there.engine.store.container(WEB))
    assert await engine.containers.stop("shop-web-1", timeout=3.5, signal="HUP") == there.engine.store.container(WEB)
    assert heard == [{"container": "shop-web-1", "timeout": 3.5, "signal": "HUP"}]
    heard = there.hear("volumes.remove", Freed(ids=("data",), bytes=7))
    assert await engine.volumes.remove("data", force=True) == Freed(ids=("data",), bytes=7)
    heard = there.hear("images.remove", Removed(untagged=("a",)))
    assert await engine.images.remove("a", prune_parents=False) == Removed(untagged=("a",))
    assert heard[0]["prune_parents"] is False
    with pytest.raises(AttributeError):
        engine.images.no_such_method()  # type: ignore[attr-defined]


async def test_errors_come_as_what_they_are(there: Served, engine: RemoteEngine) -> None:
    said = Conflict("In use", "By web.", code=Code.IN_USE, hint="Stop it.", details="d", subject="s", docker="in use")
    there.hear("volumes.remove", said)
    with pytest.raises(Conflict) as refused:
        await engine.volumes.remove("data")
    names = ("title", "explanation", "code", "hint", "details", "subject", "docker")
    assert all(getattr(refused.value, name) == getattr(said, name) for name in names)


async def test_streams_come_item_by_item(there: Served, engine: RemoteEngine) -> None:
    there.hear("containers.export", pieces(b"raw", b"\xff"))
    assert [piece async for piece in engine.containers.export(WEB)] == [b"raw", b"\xff"]
    there.hear("images.find", pieces())
    assert [item async for item in engine.images.find("x")] == []
    async with contextlib.aclosing(there.engine.stats.watch(interval=0.1)) as rounds:  # type: ignore[type-var]
        rates = await anext(rounds)
    there.hear("stats.watch", pieces(rates, rates))
    assert [item async for item in engine.stats.watch()] == [rates, rates]


def operation(state: OperationState, **more: Any) -> Operation:
    return Operation(id="x", kind="pull", title="Pull", subject="a", state=state, started=MOMENT, **more)


async def test_an_operation_there_is_held_from_here(there: Served, engine: RemoteEngine) -> None:
    heard = there.hear(
        "images.pull",
        Played(operation(OperationState.RUNNING, done=3), operation(OperationState.SUCCEEDED, result="id")),
    )
    handle = engine.images.pull(PullImage(reference="a"))
    assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.state) == (
        "pull", "images.pull", OperationState.RUNNING,
    )  # fmt: skip
    seen = [each async for each in handle.watch()]
    assert (seen[-1].state, handle.snapshot.result) == (OperationState.SUCCEEDED, "id")
    assert await handle.result() == "id"
    assert heard == [{"request": PullImage(reference="a")}]

    there.hear("images.pull", Played(operation(OperationState.FAILED), ends=NotFound("No such image", subject="b")))
    failed = engine.images.pull(PullImage(reference="b"))
    with pytest.raises(NotFound, match="No such image"):
        await failed.result()


async def test_an_operation_there_is_cancelled_from_here_by_its_name(there: Served, engine: RemoteEngine) -> None:
    played = Played(operation(OperationState.RUNNING), ends=None)
    there.hear("images.pull", played)
    heard = there.hear("operations.cancel", None)
    handle = engine.images.pull(PullImage(reference="a"))
    handle.cancel()
    await until(lambda: bool(heard))
    assert heard == [{"operation": handle.id}]
    assert len(handle.id) == 16
    played.cancel()
    with pytest.raises(Cancelled):
        await handle.result()


async def test_archives_trees_and_contexts_are_sent_there(
    there: Served, engine: RemoteEngine, short_tmp: ShortTmp
) -> None:
    taken: list[tuple[str, bytes, Any]] = []

    def listen(room: Any, verb: str, *, at: int) -> None:
        def hears(*values: Any, **named: Any) -> Any:
            async def work(_: Any) -> str:
                source = values[at] if len(values) > at else named[("source", "context")[at]]
                taken.append(
                    (verb, b"".join([piece async for piece in source]), (values[:at], values[at + 1 :], named))
                )
                return "made"

            store = there.engine.store
            return store.operations.start(kind=verb, title=verb, subject="", work=work)

        setattr(room, verb, hears)

    listen(there.engine.images, "load", at=0)
    listen(there.engine.images, "import_tree", at=0)
    listen(there.engine.builds, "build", at=1)
    (short_tmp.path / "a.tar").write_bytes(b"file")
    assert await engine.images.load(str(short_tmp.path / "a.tar")).result() == "made"
    assert await engine.images.load(pieces(b"str", b"eam")).result() == "made"
    await engine.images.import_tree(pieces(b"tree"), "a:1", message="m", changes=["CMD x"]).result()
    (short_tmp.path / "c").mkdir()
    (short_tmp.path / "c" / "Dockerfile").write_text("FROM x")
    assert await engine.builds.build(BuildImage(context=str(short_tmp.path / "c"))).result() == "made"
    assert [each[:2] for each in taken[:3]] == [("load", b"file"), ("load", b"stream"), ("import_tree", b"tree")]
    assert repr(taken[2][2]).count("'a:1'") == 1
    assert "'m'" in repr(taken[2][2])
    assert "CMD x" in repr(taken[2][2])
    assert b"FROM x" in taken[3][1]
    with pytest.raises(Unsupported, match="machine that builds"):
        await engine.builds.context_place("x")


async def test_what_takes_or_gives_files_does_so_here(there: Served, engine: RemoteEngine, short_tmp: ShortTmp) -> None:
    there.hear("images.save", pieces(b"arch", b"ive"))
    place = str(short_tmp.path / "saved.tar")
    assert await engine.images.save_to(["a"], place).result() == place
    assert (short_tmp.path / "saved.tar").read_bytes() == b"archive"
    there.hear("files.download", pieces(b"tar"))
    await engine.volumes.backup("data", place).result()
    assert (short_tmp.path / "saved.tar").read_bytes() == b"tar"
    assert [each.kind for each in await engine.operations.list()][-2:] == ["save", "backup"]
    mine = (await engine.operations.list())[-1]
    assert await engine.operations.get(mine.id) == mine
    heard = there.hear("operations.get", operation(OperationState.SUCCEEDED))
    assert await engine.operations.get("x") == operation(OperationState.SUCCEEDED)
    assert heard == [{"operation": "x"}]
    heard = there.hear("operations.clear_finished", None)
    await engine.operations.clear_finished()
    assert heard == [{}]
    assert not await engine.operations.list()
    heard = there.hear("operations.cancel", None)
    await engine.operations.cancel("y")
    assert heard == [{"operation": "y"}]


async def test_past_events_are_asked_for_there(there: Served, engine: RemoteEngine) -> None:
    there.engine.store.event_log[:] = [
        Event(time_ns=at, kind="container", action=f"a{at}", id="c", name="") for at in (5, 10, 20)
    ]
    assert [each.action for each in await engine.event_log(since_ns=6, until_ns=15)] == ["a10"]
    assert [each.action for each in await engine.event_log()] == ["a5", "a10", "a20"]


async def test_a_line_to_a_process_is_dockers(there: Served, engine: RemoteEngine) -> None:
    heard = there.hear("containers.exec")
    line = await engine.containers.exec(WEB, Exec(command=("true",)))
    assert heard[0]["request"].command == ("true",)
    await line.close()
    attached = await engine.containers.attach(WEB)
    await attached.close()


async def test_a_swarm_is_not_its_and_its_settings_are_its_own(engine: RemoteEngine) -> None:
    assert engine.capabilities.why_not("swarm.look") == NO_SWARM["swarm.look"]
    assert engine.capabilities.why_not("host.change_settings").startswith("They are the settings of that machine")
    with pytest.raises(Unsupported):
        await engine.swarm.look()


# --- a Wherry that says other things ---


def framed(*said: tuple[bytes, bytes]) -> bytes:
    return b"".join(packing.frame(kind, data) for kind, data in said)


def snapshot(**more: Any) -> EngineSnapshot:
    return EngineSnapshot(revision=1, containers=(), images=(), volumes=(), networks=(), operations=(), builds=(),
                          **more)  # fmt: skip


class Scripted(ScriptedDocker):
    """A Wherry of which the answers are written down."""

    def __init__(self, *changes: bytes, methods: list[str] | None = None) -> None:
        super().__init__(Platform={"Name": "Wherry"}, Version="9")
        said = framed((packing.VALUE, packing.pack_change(snapshot())), *((packing.VALUE, each) for each in changes))
        self.says("GET /wherry/facade/watch", Answer((said,), then="hold"))
        from engine.spoken.signatures import methods as all_methods

        self.says("GET /wherry/facade", {"methods": sorted(all_methods()) if methods is None else methods})


def opened(docker: ScriptedDocker, place: ShortTmp) -> contextlib.AbstractAsyncContextManager[RemoteEngine]:
    return held(docker, place.run, follows="/wherry/facade/watch")


async def test_an_older_one_lacks_what_it_does_not_know(short_tmp: ShortTmp) -> None:
    async with opened(Scripted(methods=["containers.list"]), short_tmp) as engine:
        assert (engine.condition.kind, engine.condition.version) == ("wherry", "9")
        await until(lambda: bool(engine.capabilities.why_not("containers.start")))
        assert engine.capabilities.why_not("containers.start") == "The Wherry there is older and does not know this."
        assert engine.capabilities.why_not("containers.list") == ""
        assert engine.capabilities.why_not("swarm.look") == NO_SWARM["swarm.look"]


async def test_a_kind_of_thing_that_is_not_known_yet_is_passed_over(short_tmp: ShortTmp) -> None:
    image = make_image("a:1")
    new = packing.pack(["comet", "x", packing.pack({"a": 1}), b""])
    known = packing.pack(["image", image.id, packing.pack(image), b""])
    async with opened(Scripted(new, known), short_tmp) as engine:
        await until(lambda: image.id in engine.bus.objects("image"))
        assert engine.condition.link is Link.CONNECTED


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (framed((packing.VALUE, b"")), MachineError, "broke off"),
        (framed((packing.FAILURE, packing.pack_error(NotFound("No such thing")))), NotFound, "No such thing"),
        (b"v\xff\xff\xff\xff", Exception, "cannot be read"),
    ],
)
async def test_an_answer_without_its_end_is_none(
    short_tmp: ShortTmp, answer: bytes, kind: type[Exception], words: str
) -> None:
    docker = Scripted()
    docker.says("POST /wherry/facade/containers/export", answer)
    async with opened(docker, short_tmp) as engine:
        with pytest.raises(kind, match=words):
            async for _ in engine.containers.export("x"):
                pass
    asked = docker.last("POST /wherry/facade/containers/export")
    assert (asked.query, asked.headers["Content-Type"]) == ("", packing.MEDIA_TYPE)
    assert asked.body == packing.pack_arguments({"container": "x"})


async def test_signs_of_life_between_values_are_no_values(short_tmp: ShortTmp) -> None:
    docker = Scripted()
    said = framed(
        (packing.BEAT, b""), (packing.VALUE, b"a"), (packing.BEAT, b""), (packing.END, b""), (packing.VALUE, b"b")
    )
    docker.says("POST /wherry/facade/containers/export", said)
    async with opened(docker, short_tmp) as engine:
        assert [each async for each in engine.containers.export("x")] == [b"a"]


async def test_what_is_of_the_moment_is_shown_and_not_kept(short_tmp: ShortTmp) -> None:
    image = make_image("a:1")
    whole = EngineSnapshot(revision=1, containers=(), images=(image,), volumes=(), networks=(),
                           operations=(operation(OperationState.RUNNING),), builds=())  # fmt: skip
    docker = Scripted()
    said = framed((packing.VALUE, packing.pack_change(whole)))
    docker.says("GET /wherry/facade/watch", Answer((said,), then="hold"))
    async with opened(docker, short_tmp) as engine:
        await until(lambda: "x" in engine.bus.objects("operation"))
        await until(lambda: image.id in engine.bus.objects("image"))
    entry = Entry("there", f"unix://{short_tmp.run}/none", kind="wherry")
    again = RemoteEngine(entry, run=short_tmp.run, store=short_tmp.run, told=lambda: None)
    assert set(again.bus.objects("image")) == {image.id}
    assert not again.bus.objects("operation")
    assert again.capabilities.kind == "wherry"
    await again.close()
