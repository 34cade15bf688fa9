"""What a watched project does for files that changed: into the container, out of it, restarted, run or made anew."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from engine.compose import labels
from engine.compose.reading.watch_rules import Rule
from engine.errors import Conflict, InvalidRequest, NotFound, RuntimeFailure
from engine.projects.reading import read_project
from engine.projects.watching import Watcher, _all_below, _not_below, _packed
from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.files import Place
from engine.types.projects import ReadProject, UpProject
from tests.fakes.engine import open_fake_engine
from tests.fakes.world import make_image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.types.containers import Container
    from engine.types.operations import StepProgress
    from tests.fakes.engine import FakeEngine

WEB = "dev-web-1"


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = await open_fake_engine()
    for reference in ("redis:7-alpine", "nginx:1.27-alpine"):
        engine.store.put("image", make_image(f"docker.io/library/{reference}"))
    try:
        yield engine
    finally:
        await engine.close()


@dataclass
class Watched:
    """A project whose files are in `folder`, and what its watcher told."""

    engine: FakeEngine
    folder: Path
    watcher: Watcher
    remade: list[str] = field(default_factory=list)
    told: asyncio.Queue[tuple[StepProgress, ...]] = field(default_factory=asyncio.Queue)
    last: tuple[StepProgress, ...] = ()

    async def take(self, *names: str) -> list[tuple[str, str, str, str]]:
        """What is told of a batch of changes, each deed as it ended."""
        before = {step.id for step in self.last}
        await self.watcher._take([str(self.folder / name) for name in names])
        while not self.told.empty():
            self.last = self.told.get_nowait()
        new = [step for step in self.last if step.id not in before]
        return [(step.action, step.subject, step.state, step.note) for step in new]

    async def until(self, action: str, state: str) -> StepProgress:
        async with asyncio.timeout(20):
            while True:
                found = [each for each in await self.told.get() if (each.action, each.state) == (action, state)]
                if found:
                    return found[-1]

    async def read(self, path: str, name: str = WEB) -> str:
        place = Place(kind="container", id=(await self.engine.containers.get(name)).id)
        return (await self.engine.files.read(place, path)).decode()


async def watched(engine: FakeEngine, folder: Path, rules: str, *services: str) -> Watched:
    text = f"""
name: dev
services:
  web: {{image: "nginx:1.27-alpine", build: {{dockerfile_inline: FROM x}}, develop: {{watch: [{rules}]}}}}
  other: {{image: "redis:7-alpine"}}
"""
    file = str(folder / "compose.yaml")
    source = ReadProject(files=(file,), texts={file: text})
    await engine.projects.up(UpProject(source=source)).result()
    project, _ = read_project(source)
    made: list[Watched] = []

    async def remake(service: str) -> None:
        made[0].remade.append(service)
        if service == "web" and (folder / "broken").exists():
            raise Conflict("The build failed")

    watcher = Watcher(engine, project, services, lambda steps: made[0].told.put_nowait(steps), remake)
    made.append(Watched(engine, folder, watcher))
    return made[0]


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / "src").mkdir(exist_ok=True)
        (folder / "src" / name).write_text(text)


SYNC = "{path: src, action: sync, target: /app, ignore: [skip]}"


# --- which files ---


def rule(path: Path, action: str = "sync") -> Rule:
    return Rule("web", str(path), action, "/app")  # type: ignore[arg-type]


def test_all_files_of_a_directory_and_a_file_alone(tmp_path: Path) -> None:
    (tmp_path / "deep/.git").mkdir(parents=True)
    for name in ("b", "a", "deep/c"):
        (tmp_path / name).write_text("x")
    assert _all_below(rule(tmp_path)) == [str(tmp_path / name) for name in ("a", "b", "deep/c")]
    assert _all_below(rule(tmp_path / "a")) == [str(tmp_path / "a")]
    assert _all_below(rule(tmp_path / "none")) == []
    (tmp_path / "loose").symlink_to("nowhere")
    assert _all_below(rule(tmp_path / "loose")) == [str(tmp_path / "loose")]


def test_directories_beside_the_rules_are_not_looked_at(tmp_path: Path) -> None:
    assert not _not_below(rule(tmp_path), f"{tmp_path}/below")
    assert _not_below(rule(tmp_path), f"{tmp_path}-too/below")
    assert _not_below(rule(tmp_path), str(tmp_path))


def test_files_are_packed_as_roots_and_what_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "folder").mkdir(mode=0o750)
    (tmp_path / "link").symlink_to("file")
    names = ("gone", "file", "folder", "link", "gone too")
    archive, gone = _packed(rule(tmp_path), [str(tmp_path / name) for name in names])
    assert gone == [str(tmp_path / "gone"), str(tmp_path / "gone too")]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {each.name: each for each in tar}
        content = tar.extractfile("app/file")
        assert content is not None
        assert content.read() == b"text"
    assert list(found) == ["app/file", "app/folder", "app/link"]
    assert {(each.uid, each.gid, each.uname, each.gname) for each in found.values()} == {(0, 0, "", "")}
    assert (found["app/file"].mode, found["app/folder"].isdir(), found["app/link"].linkname) == (0o640, True, "file")


def test_a_socket_is_left_out_and_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "a").write_bytes(b"x" * 10)
    (tmp_path / "b").write_bytes(b"x" * 10)
    both = [str(tmp_path / name) for name in ("fifo", "a", "b")]
    monkeypatch.setattr("engine.projects.watching._LARGEST_BATCH", 20)
    archive, gone = _packed(rule(tmp_path), both)
    assert gone == []
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames() == ["app/a", "app/b"]
    monkeypatch.setattr("engine.projects.watching._LARGEST_BATCH", 19)
    with pytest.raises(RuntimeFailure):
        _packed(rule(tmp_path), both)


# --- what is done ---


async def test_changed_files_come_into_the_container_and_gone_ones_out_of_it(
    engine: FakeEngine, tmp_path: Path
) -> None:
    dev = await watched(engine, tmp_path, SYNC)
    put(tmp_path, page="one", side="two", skip="no")
    assert await dev.take("src/page", "src/side", "src/skip", "elsewhere") == [("sync", "web", "done", "page, side")]
    assert (await dev.read("/app/page"), await dev.read("/app/side")) == ("one", "two")
    with pytest.raises(NotFound):
        await dev.read("/app/skip")
    (tmp_path / "src/page").unlink()
    put(tmp_path, side="three")
    await dev.take("src/never", "src/page", "src/side")
    assert await dev.read("/app/side") == "three"
    with pytest.raises(NotFound):
        await dev.read("/app/page")
    with pytest.raises(NotFound):
        await dev.read("/app/side", "dev-other-1")
    assert await dev.take("elsewhere") == []


async def test_a_deed_is_told_as_it_begins_and_as_it_ends(engine: FakeEngine, tmp_path: Path) -> None:
    dev = await watched(engine, tmp_path, SYNC)
    put(tmp_path, page="x")
    await dev.watcher._take([str(tmp_path / "src/page")])
    told = [dev.told.get_nowait()[0] for _ in range(2)]
    assert [(each.id, each.action, each.subject, each.state, each.note) for each in told] == [
        ("1:sync:web", "sync", "web", "running", "page"), ("1:sync:web", "sync", "web", "done", "page"),
    ]  # fmt: skip


async def test_three_files_are_named_and_the_rest_counted(engine: FakeEngine, tmp_path: Path) -> None:
    dev = await watched(engine, tmp_path, SYNC)
    put(tmp_path, a="", b="", c="", d="", e="")
    ((_, _, _, three),) = await dev.take("src/c", "src/b", "src/a")
    ((_, _, _, five),) = await dev.take(*(f"src/{name}" for name in "abcde"))
    assert (three, five) == ("a, b, c", "a, b, c +2")


async def test_only_what_runs_of_the_service_is_reached(engine: FakeEngine, tmp_path: Path) -> None:
    dev = await watched(engine, tmp_path, SYNC)
    mine = {labels.PROJECT: "dev", labels.SERVICE: "web"}

    async def beside(name: str, said: dict[str, str], *, runs: bool = True) -> Container:
        spec = ContainerSpec(image="redis:7-alpine", labels=said)
        made = await engine.containers.create(CreateContainer(spec=spec, name=name))
        return await engine.containers.start(made.id) if runs else made

    await beside("second", mine)
    await beside("once", {**mine, labels.ONEOFF: "True"})
    await beside("foreign", {**mine, labels.PROJECT: "else"})
    await beside("rests", mine, runs=False)
    found = await dev.watcher._running("web")
    assert sorted(each.name for each in found) == [WEB, "second"]


async def test_restarts_and_commands_follow_the_files(engine: FakeEngine, tmp_path: Path) -> None:
    rules = (
        "{path: src/r, action: restart}, {path: src/s, action: sync+restart, target: /s},"
        " {path: src/x, action: sync+exec, target: /x, exec: {command: [tool, a], user: web, working_dir: /w,"
        " privileged: true, environment: {A: b, C: }}}"
    )
    dev = await watched(engine, tmp_path, rules)
    put(tmp_path, r="r", s="s", x="x")
    before = (await engine.containers.get(WEB)).started
    assert await dev.take("src/r") == [("restart", "web", "done", "r")]
    after = (await engine.containers.get(WEB)).started
    assert before is not None
    assert after is not None
    assert after > before
    assert await dev.take("src/s") == [("sync", "web", "done", "s"), ("restart", "web", "done", "s")]
    asked = []
    real = engine.containers.exec

    async def noted(container: str, request: object) -> object:
        asked.append((container, request))
        return await real(container, request)  # type: ignore[arg-type]

    engine.containers.exec = noted  # type: ignore[method-assign,assignment]
    assert await dev.take("src/x") == [("sync", "web", "done", "x"), ("exec", "web", "done", "x")]
    assert (await dev.read("/s"), await dev.read("/x")) == ("s", "x")
    ((container, request),) = asked
    assert container == (await engine.containers.get(WEB)).id
    assert (request.command, request.user, request.workdir) == (("tool", "a"), "web", "/w")  # type: ignore[attr-defined]
    assert (request.env, request.privileged) == ({"A": "b", "C": ""}, True)  # type: ignore[attr-defined]


async def test_a_command_that_fails_is_told_and_the_watch_goes_on(engine: FakeEngine, tmp_path: Path) -> None:
    dev = await watched(engine, tmp_path, "{path: src, action: sync+exec, target: /x, exec: {command: tool}}")
    put(tmp_path, x="x")
    real, sessions = engine.containers.exec, []

    async def fails(container: str, request: object) -> object:
        session = await real(container, request)  # type: ignore[arg-type]
        session._exit_code = 3
        sessions.append(request)
        return session

    engine.containers.exec = fails  # type: ignore[method-assign,assignment]
    assert (await dev.take("src/x"))[-1] == ("exec", "web", "failed", "The command ended with 3")
    assert [(each.user, each.workdir, each.env, each.privileged) for each in sessions] == [("", "", {}, False)]
    engine.containers.exec = real  # type: ignore[method-assign]
    assert (await dev.take("src/x"))[-1] == ("exec", "web", "done", "x")


async def test_what_is_made_anew_needs_no_more_than_that(engine: FakeEngine, tmp_path: Path) -> None:
    dev = await watched(engine, tmp_path, f"{SYNC}, {{path: src/version, action: rebuild}}")
    put(tmp_path, page="x", version="2")
    done = await dev.take("src/page", "src/version")
    assert [(action, state) for action, _, state, _ in done] == [("rebuild", "done")]
    assert dev.remade == ["web"]
    with pytest.raises(NotFound):
        await dev.read("/app/page")
    (tmp_path / "broken").touch()
    assert [each[2:] for each in await dev.take("src/version")] == [("failed", "The build failed")]
    assert [each[0] for each in await dev.take("src/page")] == ["sync"]


async def test_only_the_last_deeds_are_kept(engine: FakeEngine, tmp_path: Path) -> None:
    dev = await watched(engine, tmp_path, SYNC)
    put(tmp_path, page="x")
    for _ in range(61):
        await dev.take("src/page")
    assert [step.id for step in dev.last] == [f"{number}:sync:web" for number in range(2, 62)]


# --- the watch itself ---


async def test_what_cannot_be_watched_is_refused(engine: FakeEngine, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        await watched(engine, tmp_path, SYNC, "nobody")
    assert caught.value.subject == "nobody"
    with pytest.raises(InvalidRequest):
        await watched(engine, tmp_path, SYNC, "other")
    with pytest.raises(InvalidRequest) as caught_too:
        await watched(engine, tmp_path, "{path: src, action: sync, target: ''}")
    assert "needs a target" in caught_too.value.explanation


async def test_a_watch_begins_with_what_is_there_and_goes_on_with_what_comes(
    engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "src/.git").mkdir(parents=True)
    (tmp_path / "late").mkdir()
    put(tmp_path, page="one")
    (tmp_path / "late/x").write_text("not yet")
    dev = await watched(
        engine, tmp_path, "{path: src, action: sync, target: /app, initial_sync: true},"
        " {path: late, action: sync, target: /late}",
    )  # fmt: skip
    work = asyncio.create_task(dev.watcher.run())
    try:
        told = await dev.until("watch", "done")
        assert (told.id, told.subject, told.note) == (f"watch:web:{tmp_path}/src", "web", str(tmp_path / "src"))
        await dev.until("watch", "done")
        assert await dev.read("/app/page") == "one"
        with pytest.raises(NotFound):
            await dev.read("/late/x")
        (tmp_path / "src/page").write_text("two")
        while await dev.read("/app/page") != "two":
            await dev.until("sync", "done")
        (tmp_path / "late/x").write_text("now")
        while True:
            try:
                assert await dev.read("/late/x") == "now"
                break
            except NotFound:
                await dev.until("sync", "done")
    finally:
        work.cancel()
        await asyncio.wait([work])
    assert work.cancelled()


async def test_after_lost_events_everything_is_brought_again(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    trees = []

    class Lossy:
        def __init__(self, roots: dict[str, None], prunes: object) -> None:
            self.roots, self.overflown, self.closed = list(roots), False, False
            trees.append(self)

        async def changes(self) -> frozenset[str]:
            self.overflown = not batches.empty()
            return await batches.get()

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr("engine.projects.watching.TreeWatch", Lossy)
    put(tmp_path, a="1", b="2")
    dev = await watched(engine, tmp_path, SYNC)
    batches.put_nowait(frozenset())
    work = asyncio.create_task(dev.watcher.run())
    assert (await dev.until("sync", "done")).note == "a, b"
    work.cancel()
    await asyncio.wait([work])
    (tree,) = trees
    assert (tree.roots, tree.overflown, tree.closed) == ([str(tmp_path / "src")], False, True)


async def test_files_the_kernel_will_not_watch_are_a_failure(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.tree_watch._DIRECTORIES_AT_MOST", 0)
    dev = await watched(engine, tmp_path, SYNC)
    with pytest.raises(RuntimeFailure) as caught:
        await dev.watcher.run()
    assert "more than 0 directories" in caught.value.explanation
