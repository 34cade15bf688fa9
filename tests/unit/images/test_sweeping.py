"""What a crash left over goes, what somebody may still need stays; pulls that have not ended; stores of before."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.errors import InvalidRequest, NotFound, StorageError, WherryError
from engine.images.known.unfinished import Unfinished
from engine.types.images import Login, ProxySettings, RegistrySettings
from tests.support.images import File, layer_tar
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.played_engine import IMAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.played_engine import PlayedStore

TAR = layer_tar([File("f", b"1" * 3000)])


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_what_nobody_needs_is_swept_and_counted(played_engine: EmbeddedEngine) -> None:
    images, paths = played_engine.images, played_engine.paths
    await images.intake.add(None, pieces(TAR))
    blobs = {name: f"sha256:{name * 64}" for name in "abc"}
    for digest in blobs.values():
        paths.blob(digest).write_bytes(b"1" * 500)
    await images._unfinished.begin([blobs["b"]])
    (paths.partial_blobs / "new-1").touch()
    paths.build_output.mkdir(exist_ok=True)
    (paths.build_output / f"{'9' * 64}.index").write_text("[]")
    kept = images.restoring.archives()

    freed = await images.sweep()

    assert digest_of(TAR) not in played_engine.layers.diff_ids()
    assert images.blob_digests() == {blobs["b"], *kept.values()}
    assert not (paths.partial_blobs / "new-1").exists()
    assert not (paths.build_output / f"{'9' * 64}.index").exists()
    assert freed == 3000 + 2 * 500
    assert await images.read_file(IMAGE, "/data/hello") == b"hello\n"
    assert await images.sweep() == 0


async def test_a_layer_on_record_that_no_image_has_goes_with_its_form(played_engine: EmbeddedEngine) -> None:
    from contextlib import ExitStack

    images = played_engine.images
    with ExitStack() as pins:
        async with images.archives.sink() as sink:
            added = await images.intake.add(None, pieces(TAR), sink=sink)
            record = await images.archives.recorded(added, sink, images.intake, pins)
        await images.catalogue.put_layers([record])
        assert await images.sweep() == 0, "somebody holds it"
        assert record.diff_id in played_engine.layers.diff_ids()
    assert record.archive is not None
    assert await images.sweep() == 3000 + record.archive.size
    assert record.diff_id not in images.catalogue.layers
    assert not images.archives.has(record)


# --- pulls that have not ended ---


async def test_what_belongs_to_a_pull_is_known_after_a_restart_for_a_week(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, now = played_engine.images._database, time.time()
    first = Unfinished(database)
    await first.open()
    monkeypatch.setattr("engine.images.known.unfinished.time.time", lambda: now - 7 * 86400 - 1)
    await first.begin(["old"])
    monkeypatch.setattr("engine.images.known.unfinished.time.time", lambda: now)
    await first.begin(["a", "b", "c"])
    await first.end(["b", "never"])
    assert first.digests == {"old", "a", "c"}

    second = Unfinished(database)
    await second.open()
    assert second.digests == {"a", "c"}
    await second.begin(["old"])
    assert second.digests == {"a", "c", "old"}


async def test_a_pull_that_has_ended_is_not_undone_by_a_note(played_engine: EmbeddedEngine) -> None:
    class Full:
        async def execute(self, *_: object) -> None:
            raise StorageError("The disk is full")

        async def fetch_one(self, *_: object) -> None:
            return None

    noted = Unfinished(Full())  # type: ignore[arg-type]
    await noted.open()
    with pytest.raises(StorageError):
        await noted.begin(["a"])
    await noted.end(["a"])
    assert noted.digests == frozenset()


async def test_nothing_is_forgotten_while_a_pull_is_under_way(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, digest = played_engine.images, f"sha256:{'a' * 64}"
    played_engine.paths.blob(digest).write_bytes(b"1")
    await images._unfinished.begin([digest])
    monkeypatch.setattr(images._puller, "_under_way", 1)
    await images.forget_unfinished([digest])
    assert images.unfinished_blobs() == {digest}
    monkeypatch.setattr(images._puller, "_under_way", 0)
    await images.forget_unfinished(["sha256:other"])
    assert images.unfinished_blobs() == {digest}
    await images.forget_unfinished([digest])
    assert images.unfinished_blobs() == set()
    assert images.blob_digests() == set(images.restoring.archives().values())


# --- settings of registries ---


async def test_settings_of_a_store_of_before_become_a_file_once(played: PlayedStore) -> None:
    kept = [RegistrySettings(host="registry.local", insecure=True)]
    insert = "INSERT INTO settings(name, body) VALUES (?, ?)"
    async with played.engine() as engine:
        await engine.images._database.execute(insert, ("images.registries", msgspec.json.encode(kept)))
    async with played.engine() as engine:
        assert list(await engine.images.registry_settings()) == kept
        assert engine.paths.registries.exists()
        query = "SELECT body FROM settings WHERE name = ?"
        assert await engine.images._database.fetch_one(query, ("images.registries",)) is None
        await engine.images._database.execute(
            "INSERT INTO settings(name, body) VALUES (?, ?)", ("images.registries", b"[]")
        )
    async with played.engine() as engine:
        assert list(await engine.images.registry_settings()) == kept, "the file counts"


async def test_settings_count_at_once_and_stay_beside_each_other(played_engine: EmbeddedEngine) -> None:
    images, one = played_engine.images, RegistrySettings(host="registry.local", insecure=True)
    await images.set_registry_settings([one])
    await images.set_proxy_settings(ProxySettings(http="http://proxy:1", no_proxy="localhost"))
    assert list(await images.registry_settings()) == [one]
    assert (await images.proxy_settings()).http == "http://proxy:1"
    text = played_engine.paths.registries.read_text()
    played_engine.paths.registries.write_text(text.replace("registry.local", "registry.other"))
    assert [each.host for each in await images.registry_settings()] == ["registry.other"]


# --- logins ---


async def test_a_login_is_asked_for_kept_and_forgotten(
    played_engine: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    from aiohttp import web

    images, asked = played_engine.images, list[str]()

    async def guard(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization", ""))
        wanted = {"WWW-Authenticate": 'Basic realm="here"'}
        return web.Response(status=200 if asked[-1].startswith("Basic ") else 401, headers=wanted)

    async with serve_nastily() as server:
        server.routes["/v2/"] = guard
        login = Login(server=f"https://{server.host}/v1/", username="me", password="secret")
        assert await images.login(login, keep=False) == ""
        assert list(await images.logins()) == []
        assert await images.login(login)
        (kept,) = await images.logins()
        assert (kept.server, kept.username, kept.password) == (server.host, "me", "")
        found = await images.login_for(f"{server.host}/app@sha256:{'0' * 64}")
        assert found is not None
        assert found.password == "secret"
        with pytest.raises(InvalidRequest, match="needs a user name") as caught:
            await images.login(Login(server=server.host, username="", password="x"))
        assert caught.value.subject == server.host
        await images.logout(server.host)
        with pytest.raises(NotFound, match=f"Not logged in to {server.host}"):
            await images.logout(f"https://{server.host}")
        server.routes["/v2/"] = server.hang
    assert await images.login_for("localhost/none") is None


async def test_tags_at_a_registry_are_listed(played_engine: EmbeddedEngine) -> None:
    from tests.support.registry_in_memory import RegistryInMemory

    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        for tag in ("2", "1"):
            registry.image("app", tag, [TAR])
        assert await played_engine.images.remote_tags(f"{server.host}/app:2") == ["1", "2"]
        with pytest.raises(WherryError):
            await played_engine.images.remote_image(f"{server.host}/none")


async def test_a_config_is_given_as_it_is(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    raw = await played_engine.images.raw_config(IMAGE)
    assert digest_of(raw) == (await played_engine.images.get(IMAGE)).id
    assert json.loads(raw)["os"] == "linux"
    assert os.listdir(tmp_path) == []
