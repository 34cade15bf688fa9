"""A thing in one file: packed whole or not at all, and taken out of it again."""

from __future__ import annotations

import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure, StorageError
from engine.moving import archive
from engine.moving.parts import PROJECT_LABEL
from engine.types.containers import Container, State
from engine.types.files import Place
from engine.types.machines import Moved
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from tests.support.played_engine import IMAGE, create, start
from tests.unit.moving.test_carrying import broken, contents, furnish, states, volumes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.moving.conftest import Ends


@pytest.fixture(autouse=True)
async def held_still(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The machine in memory holds nothing still: it is only asked to."""
    asked: list[str] = []

    async def pause(container: str) -> Container:
        asked.append("pause")
        return await ends.here.containers.get(container)

    async def unpause(container: str) -> Container:
        asked.append("unpause")
        return await ends.here.containers.get(container)

    monkeypatch.setattr(ends.here.containers, "pause", pause)
    monkeypatch.setattr(ends.here.containers, "unpause", unpause)
    return asked


def out(place: Path, kind: str = "container", name: str = "web") -> Moved:
    return Moved(kind=kind, name=name, target=f"archive:{place}")  # type: ignore[arg-type]


def into(place: Path, **more: Any) -> Moved:
    return Moved(kind="container", name=more.pop("name", ""), source=f"archive:{place}", target="far", **more)


async def test_a_container_goes_into_a_file_and_out_of_it(ends: Ends, tmp_path: Path, held_still: list[str]) -> None:
    one = await furnish(ends.here)
    place = tmp_path / "web.tar"
    plan = await ends.moving.plan(out(place))
    assert [(each.kind, each.there) for each in plan.parts] == [
        ("image", False), ("volume", False), ("container", False),
    ]  # fmt: skip
    handle = ends.moving.carry_out(out(place))
    assert await handle.result() == str(place)
    assert held_still == ["pause", "unpause"]
    assert await states(ends.here) == {"web": State.RUNNING}
    assert 0 < handle.snapshot.done <= place.stat().st_size
    assert os.listdir(tmp_path) == ["web.tar"]
    with tarfile.open(place) as packed:
        assert packed.getnames() == ["wherry.json", "images.tar", "volumes/data.tar", "done"]
        manifest = packed.extractfile("wherry.json")
        assert manifest is not None
        told = json.load(manifest)
    assert (told["kind"], told["name"], told["running"], told["images"]) == (
        "container", "web", [one.id], {one.image_id: [IMAGE]},
    )  # fmt: skip

    with pytest.raises(Conflict, match=r"web\.tar is there already") as taken:
        await ends.carry(out(place))
    assert (taken.value.code, taken.value.subject) == (Code.NAME_TAKEN, str(place))

    await ends.there.images.remove(IMAGE, force=True)
    plan = await ends.moving.plan(into(place))
    assert plan.request.name == "web"
    assert [(each.kind, each.name) for each in plan.parts] == [
        ("image", IMAGE), ("volume", "data"), ("container", "web"),
    ]  # fmt: skip
    assert plan.parts[1].size > 0
    assert await ends.carry(into(place)) == "Unpacked web"
    assert await contents(ends.there) == await contents(ends.here)
    assert await states(ends.there) == {"web": State.RUNNING}
    assert (await ends.there.volumes.get("data")).labels == {"a": "b"}
    assert (await ends.there.containers.get("web")).image == IMAGE
    # Once it is there, it is in its own way.
    plan = await ends.moving.plan(into(place, name="other"))
    assert plan.problems == ("There is a container “web” already.", "There is a volume “data” already.")
    assert plan.request.name == "other"
    with pytest.raises(Conflict, match=r"web\.tar cannot be unpacked there") as refused:
        await ends.carry(into(place))
    assert refused.value.explanation == " ".join(plan.problems)


async def test_own_files_and_networks_go_along(ends: Ends, tmp_path: Path) -> None:
    labels = {PROJECT_LABEL: "shop"}
    await ends.here.networks.create(CreateNetwork(name="shop_back"))
    one = await create(ends.here, "shop-web-1", labels=labels, network="shop_back")
    await ends.here.files.write(Place(kind="container", id=one.id), "/data/hello", b"changed")
    place = tmp_path / "shop.tar"
    await ends.carry(out(place, "project", "shop"))
    assert not [each for each in await ends.here.images.list() if "moved" in str(each.tags)]
    plan = await ends.moving.plan(into(place))
    assert ("network", "shop_back") in [(each.kind, each.name) for each in plan.parts]
    await ends.carry(into(place))
    [moved] = await ends.there.containers.list()
    assert (moved.state, moved.image) == (State.CREATED, f"localhost/moved/shop-web-1:{one.id[:12]}")
    assert await ends.there.files.read(Place(kind="container", id=moved.id), "/data/hello") == b"changed"
    assert moved.spec.network == "shop_back"
    assert "shop_back" in [each.name for each in await ends.there.networks.list()]


async def test_images_and_volumes_by_themselves(ends: Ends, tmp_path: Path) -> None:
    await furnish(ends.here, running=False)
    await ends.carry(out(tmp_path / "i.tar", "image", IMAGE))
    await ends.carry(out(tmp_path / "v.tar", "volume", "data"))
    await ends.there.images.remove(IMAGE, force=True)
    await ends.carry(into(tmp_path / "i.tar"))
    await ends.carry(into(tmp_path / "v.tar"))
    assert [each.tags for each in await ends.there.images.list()] == [(IMAGE,)]
    assert await contents(ends.there) == await contents(ends.here)


async def test_a_name_that_another_image_has_there_stays_its(ends: Ends, tmp_path: Path) -> None:
    from tests.unit.moving.test_carrying import _another_image

    await start(ends.here, "web")
    await ends.carry(out(tmp_path / "a.tar"))
    other = await _another_image(ends.there)
    await ends.there.images.remove(IMAGE, force=True)
    await ends.there.images.tag(other, IMAGE)
    await ends.carry(into(tmp_path / "a.tar"))
    assert (await ends.there.images.get(IMAGE)).id == other
    [made] = await ends.there.containers.list()
    assert made.image_id != other


# --- what fails leaves nothing ---


async def test_a_file_that_cannot_be_written_leaves_nothing(
    ends: Ends, tmp_path: Path, held_still: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(ends.here)
    with pytest.raises(StorageError, match="cannot be written") as refused:
        await ends.carry(out(tmp_path / "no" / "a.tar"))
    assert refused.value.subject == str(tmp_path / "no" / "a.tar")
    broken(ends.here, "containers", "changes", monkeypatch)
    with pytest.raises(RuntimeFailure):
        await ends.carry(out(tmp_path / "a.tar"))
    assert os.listdir(tmp_path) == []
    assert held_still == ["pause", "unpause"] * 2, "whatever happens it goes on"
    with pytest.raises(NotFound):
        await ends.carry(out(tmp_path / "a.tar", name="nosuch"))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
async def test_a_file_that_is_cut_off_is_refused(ends: Ends, tmp_path: Path, share: float) -> None:
    await furnish(ends.here)
    place = tmp_path / "a.tar"
    await ends.carry(out(place))
    whole = place.read_bytes()
    end = whole.rindex(b"done\0")
    place.write_bytes(whole[: int(end * share)])
    for deed in (lambda: ends.moving.plan(into(place)), lambda: ends.carry(into(place))):
        with pytest.raises(StorageError, match="is no whole archive of Wherry") as refused:
            await deed()
        assert (refused.value.code, refused.value.subject) == (Code.BAD_ARCHIVE, str(place))
    assert (await states(ends.there), await volumes(ends.there)) == ({}, [])


async def test_a_file_that_is_none_is_refused(ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"nothing of a tar" * 100)
    for name in ("a.tar", "nosuch.tar"):
        with pytest.raises(StorageError, match="is no whole archive of Wherry"):
            await ends.moving.plan(into(tmp_path / name))


async def test_a_part_that_is_not_what_it_was_takes_all_back(ends: Ends, tmp_path: Path) -> None:
    await furnish(ends.here)
    place = tmp_path / "a.tar"
    await ends.carry(out(place))
    whole = place.read_bytes()
    place.write_bytes(whole.replace(b"hello", b"hallo"))
    with pytest.raises(StorageError, match="The archive is damaged") as refused:
        await ends.carry(into(place))
    assert refused.value.code is Code.DIGEST_MISMATCH
    assert (await states(ends.there), await volumes(ends.there)) == ({}, [])


async def test_what_fails_there_takes_all_back(ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(ends.here)
    await ends.carry(out(tmp_path / "a.tar"))
    broken(ends.there, "containers", "start", monkeypatch)
    with pytest.raises(RuntimeFailure, match="It is broken"):
        await ends.carry(into(tmp_path / "a.tar"))
    assert (await states(ends.there), await volumes(ends.there)) == ({}, [])


async def test_a_name_that_is_too_long_is_refused(ends: Ends, tmp_path: Path) -> None:
    name = "v" * 120
    await ends.here.volumes.create(CreateVolume(name=name))
    with pytest.raises(InvalidRequest, match="too long a name for an archive") as refused:
        await ends.carry(out(tmp_path / "a.tar", "volume", name))
    assert refused.value.subject == f"volumes/{name}.tar"
    assert os.listdir(tmp_path) == []


async def test_parts_of_any_length_stand_where_they_are_looked_for(
    ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ends.here.volumes.create(CreateVolume(name="data"))
    for size in (0, 511, 512, 513):
        data = b"x" * size

        async def download(_: Place, __: str, data: bytes = data) -> AsyncIterator[bytes]:
            for begin in range(0, len(data), 100):
                yield data[begin : begin + 100]

        monkeypatch.setattr(ends.here.files, "download", download)
        place = tmp_path / f"{size}.tar"
        await ends.carry(out(place, "volume", "data"))
        with tarfile.open(place) as packed:
            found = packed.extractfile("volumes/data.tar")
            assert found is not None
            assert found.read() == data
            assert packed.getmember("done").mode == 0o600
        assert place.stat().st_size % 512 == 0
        opened = archive._Opened(str(place))
        assert b"".join([piece async for piece in opened.stream("volumes/data.tar")]) == data
        opened.close()
