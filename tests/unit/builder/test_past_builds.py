"""Builds that are over, and those that never began: what is kept of them, and what an engine opened again knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Cancelled, Conflict, NotFound, WherryError
from engine.types.builds import BuildImage, BuildSecret
from engine.types.images import Login
from tests.support.played_engine import IMAGE

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.builds import Build
    from tests.support.played_engine import PlayedStore

LINES = (f"FROM {IMAGE}", "RUN write one 1", "RUN nothing", "RUN write two 2")


@pytest.fixture(autouse=True)
def _commands(played: PlayedStore) -> None:
    played.machine.commands |= {"write": lambda root, words: "hello\n", "nothing": lambda root, words: ""}


async def build(engine: EmbeddedEngine, place: Path, **options: Any) -> Build:
    request = BuildImage(context=str(place), dockerfile_text="\n".join(LINES), network="none", **options)
    handle = engine.builds.build(request)
    await handle.result()
    return await engine.builds.get(handle.id)


async def test_builds_are_kept_with_what_they_said_until_they_are_forgotten(
    played: PlayedStore, tmp_path: Path
) -> None:
    (tmp_path / "context").mkdir()
    async with played.engine() as engine:
        built = await build(engine, tmp_path / "context", tags=("localhost/kept:1",))
        played.machine.commands.pop("nothing")
        with pytest.raises(WherryError):
            await build(engine, tmp_path / "context", no_cache=True)
        failed = (await engine.builds.list())[-1]
        assert (failed.failure is not None, failed.error_line, failed.request is not None) == (True, 3, True)
        assert failed.failed_step == next(step.id for step in failed.steps if "nothing" in step.instruction)
    async with played.engine() as engine:
        assert [each.id for each in await engine.builds.list()] == [built.id, failed.id]
        kept = await engine.builds.get(built.id)
        assert (kept.tags, kept.image_id, kept.ended) == (("localhost/kept:1",), built.image_id, built.ended)
        said = [line.text async for lines in engine.builds.output(built.id) for line in lines]
        assert "hello" in said
        await engine.builds.forget(built.id)
        with pytest.raises(NotFound) as caught:
            await engine.builds.get(built.id)
        assert caught.value.subject == built.id
        with pytest.raises(NotFound):
            _ = [lines async for lines in engine.builds.output(built.id)]
    async with played.engine() as engine:
        assert [each.id for each in await engine.builds.list()] == [failed.id]


async def test_a_request_is_kept_without_what_is_secret(played: PlayedStore, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    secret, login = BuildSecret(id="k", value=b"hidden"), Login(server="r", username="u", password="hidden")
    async with played.engine() as engine:
        built = await build(
            engine, tmp_path / "context", secrets=(secret,), logins=(login,), named_later=("localhost/later:1",)
        )
        assert built.request is not None
        assert (built.request.secrets, built.request.logins, built.request.named_later) == ((), (), ())
        assert (built.tags, built.request.tags) == (("localhost/later:1",), ("localhost/later:1",))


async def test_only_so_many_builds_are_kept(
    played: PlayedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.builder.build_service._MOST_BUILDS", 2)
    (tmp_path / "context").mkdir()
    async with played.engine() as engine:
        built = [(await build(engine, tmp_path / "context")).id for _ in range(3)]
        assert [each.id for each in await engine.builds.list()] == built[1:]


async def test_a_build_that_is_called_off_before_it_began_is_over(played: PlayedStore, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    async with played.engine() as engine:
        handle = engine.builds.build(BuildImage(context=str(tmp_path / "context"), dockerfile_text="\n".join(LINES)))
        with pytest.raises(Conflict) as caught:
            await engine.builds.forget(handle.id)
        assert caught.value.subject == handle.id
        handle.cancel()
        with pytest.raises(Cancelled):
            await handle.result()
        over = await engine.builds.get(handle.id)
        assert over.ended is not None
        assert over.failure is not None


async def test_a_place_for_a_context_that_is_sent_is_its_own_and_fresh(played: PlayedStore, tmp_path: Path) -> None:
    async with played.engine() as engine:
        place = Path(await engine.builds.context_place("mine"))
        old = Path(await engine.builds.context_place("old"))
        (place / "file").touch()
        assert os.stat(place).st_mode & 0o777 == 0o700
        for each in (place, old):
            os.utime(each, (1, 1))
        assert Path(await engine.builds.context_place("mine")) == place
        assert os.stat(place).st_mtime > 1
    async with played.engine():
        assert os.listdir(place.parent) == ["mine"]
