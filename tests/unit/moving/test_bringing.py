"""What another engine has that can be brought over; and records that outlive whoever writes them."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.errors import Conflict, NotFound, RuntimeFailure, StorageError
from engine.moving.bringing import things_of
from engine.moving.images import known_layers, reference_there, thinned
from engine.moving.kept import KeptSources, remove_kept, still_there
from engine.moving.parts import PROJECT_LABEL
from engine.moving.under_way import RecordsUnderWay, UnderWay, key_of
from engine.types.containers import Health, HealthStatus, Mount
from engine.types.data import now
from engine.types.files import Place
from engine.types.machines import Capabilities, KeptSource, Moved
from engine.types.volumes import CreateVolume
from tests.support.images import File, layer_tar
from tests.support.played_engine import IMAGE, create, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.moving.conftest import Ends


async def brought(ends: Ends) -> dict[tuple[str, str], tuple[int, bool]]:
    found = await things_of(ends.there, ends.here, "unix:///there")
    assert all((each.source, each.engine) == ("unix:///there", "wherry") for each in found)
    return {(each.kind, each.name): (each.size, each.here) for each in found}


async def test_projects_whole_containers_of_none_and_what_is_left_over(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "other", "loose"):
        await ends.there.volumes.create(CreateVolume(name=name))
        await ends.there.files.write(Place(kind="volume", id=name), "/a", b"x" * 10)
    held = {name: (Mount(kind="volume", source=name, target="/d"),) for name in ("data", "other")}
    await create(ends.there, "shop-web-1", labels={PROJECT_LABEL: "shop"}, mounts=held["data"])
    await create(ends.there, "shop-db-1", labels={PROJECT_LABEL: "shop"}, mounts=held["data"])
    await create(ends.there, "alone", mounts=held["other"])
    await ends.there.images.tag(IMAGE, "localhost/b:1")
    sizes = {part: {item.id: item.bytes for item in (await ends.there.disk.usage((part,))).part(part).items}
             for part in ("volumes", "containers")}  # type: ignore[arg-type] # fmt: skip
    keys = {each.name: each.id for each in await ends.there.containers.list()}
    layers = sizes["containers"]
    alone = sizes["volumes"].get("other", 0) + layers.get(keys["alone"], 0)
    shop = sizes["volumes"].get("data", 0) + sum(layers.get(keys[name], 0) for name in ("shop-web-1", "shop-db-1"))
    found = await brought(ends)
    assert found == {
        ("container", "alone"): (alone, False), ("project", "shop"): (shop, False),
        ("volume", "loose"): (sizes["volumes"].get("loose", 0), False),
    }  # fmt: skip
    # An image counts where it is not here, and alone where nobody takes it along.
    size = (await ends.there.images.get(IMAGE)).size
    await ends.here.images.remove(IMAGE, force=True)
    assert (await brought(ends))["container", "alone"] == (alone + size, False)
    for each in keys.values():
        await ends.there.containers.remove(each)
    found = await brought(ends)
    [image] = [name for kind, name in found if kind == "image"]
    assert found["image", image] == (size, False)
    assert {("volume", name) for name in ("data", "other", "loose")} < set(found)

    # What is here already is said to be.
    await ends.here.volumes.create(CreateVolume(name="data"))
    assert (await brought(ends))["volume", "data"][1]

    async def cannot(*_: object) -> None:
        raise RuntimeFailure("It cannot tell")

    monkeypatch.setattr(ends.there.disk, "usage", cannot)
    assert (await brought(ends))["volume", "data"] == (0, True)


async def test_what_was_brought_before_is_here(ends: Ends) -> None:
    for engine in (ends.here, ends.there):
        await create(engine, "alone")
        await create(engine, "shop-web-1", labels={PROJECT_LABEL: "shop"})
    found = await brought(ends)
    assert (found["container", "alone"][1], found["project", "shop"][1]) == (True, True)


# --- images, without what the other side has ---


async def test_docker_keeps_a_layer_with_all_below_it(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    [image] = await ends.here.images.list()
    wanted = msgspec.structs.replace(image, layers=("a", "b", "c"))
    others = [
        msgspec.structs.replace(image, layers=each) for each in (("a", "x", "c"), ("a", "b", "y"), ("b", "c"), ())
    ]

    async def images() -> list[Any]:
        return others

    monkeypatch.setattr(ends.there.images, "list", images)
    assert await known_layers(ends.there, wanted) == {"a", "b", "c"}
    monkeypatch.setattr(type(ends.there), "capabilities", Capabilities(kind="docker"))
    assert await known_layers(ends.there, wanted) == {"a", "b"}
    others[:] = [msgspec.structs.replace(image, layers=("a", "b", "c", "d"))]
    assert await known_layers(ends.there, wanted) == {"a", "b", "c"}


async def test_an_archive_goes_without_the_layers_that_are_there() -> None:
    one, two = "1" * 64, "2" * 64
    names = [f"{one}/layer.tar", f"blobs/sha256/{two}", f"{'3' * 64}.json", "manifest.json"]
    packed = layer_tar([File(name, b"x") for name in names])

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(packed), 700):
            yield packed[begin : begin + 700]

    told: list[int] = []
    sent = b"".join([piece async for piece in thinned(pieces(), {one, two}, told.append)])
    with tarfile.open(fileobj=io.BytesIO(sent)) as archive:
        assert archive.getnames() == [f"{'3' * 64}.json", "manifest.json"]
    assert sum(told) == len(sent) - 1024


async def test_an_image_is_asked_for_by_its_name_where_that_is_the_same(ends: Ends) -> None:
    one = await create(ends.here, "web")
    assert await reference_there(ends.there, one) == IMAGE
    await ends.there.images.tag(IMAGE, "localhost/x:1")
    await ends.there.images.remove(IMAGE)
    assert await reference_there(ends.there, one) == one.image_id


# --- kept sources ---


async def kept(ends: Ends, *, running: bool) -> KeptSource:
    one, two = await create(ends.here, "web"), await start(ends.there, "web")
    return KeptSource(
        kind="container", name="web", target="far", moved=now(), here={one.id: "web", "gone": "gone"},
        there={two.id: "web"}, running=(two.id,) if running else (), volumes=("nosuch",),
    )  # fmt: skip


async def test_one_that_did_not_run_need_not_run_there(ends: Ends) -> None:
    source = await kept(ends, running=False)
    await ends.there.containers.stop("web", timeout=0)
    await remove_kept(source, ends.here, ends.there)
    assert not await ends.here.containers.list()
    assert not await still_there(source, ends.here)


async def test_one_that_is_not_healthy_there_is_no_reason_to_let_go(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    source = await kept(ends, running=True)
    two = await ends.there.containers.get("web")
    state = Health.STARTING

    async def get(_: str) -> Any:
        return msgspec.structs.replace(two, health=HealthStatus(status=state))

    monkeypatch.setattr(ends.there.containers, "get", get)
    with pytest.raises(Conflict, match="“web” is not healthy on far"):
        await remove_kept(source, ends.here, ends.there)
    there = msgspec.structs.replace(source, target="")
    with pytest.raises(Conflict, match="“web” is not healthy on this computer"):
        await remove_kept(there, ends.here, ends.there)
    state = Health.HEALTHY
    await remove_kept(source, ends.here, ends.there)
    assert not await ends.here.containers.list()


async def test_one_that_has_another_id_there_is_found_by_its_name(ends: Ends) -> None:
    """Its engine may have made it anew."""
    source = await kept(ends, running=False)
    await remove_kept(msgspec.structs.replace(source, there={"other": "web"}), ends.here, ends.there)
    await ends.there.containers.remove("web", force=True)
    with pytest.raises(Conflict, match="“web” is no more on far"):
        await remove_kept(source, ends.here, ends.there)


async def test_an_engine_that_cannot_be_asked_may_have_it_still(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    source = await kept(ends, running=False)
    assert await still_there(source, ends.here)

    async def cannot() -> None:
        raise NotFound("It is away")

    monkeypatch.setattr(ends.here.containers, "list", cannot)
    assert await still_there(source, ends.here)


# --- records ---


def under_way(name: str, **more: Any) -> UnderWay:
    return UnderWay(request=Moved(kind="container", name=name, target="far"), **more)


async def test_records_are_kept_by_their_key_newest_last(tmp_path: Path) -> None:
    file = RecordsUnderWay(tmp_path / "moves.json")
    assert await file.all() == []
    await file.drop(under_way("a"))
    assert os.listdir(tmp_path) == []
    for each in (under_way("a"), under_way("b"), under_way("a", stopped=True)):
        await file.add(each)
    assert await file.all() == [under_way("b"), under_way("a", stopped=True)]
    assert await RecordsUnderWay(tmp_path / "moves.json").of(under_way("a").request) == under_way("a", stopped=True)
    assert await file.of(Moved(kind="container", name="a", target="elsewhere")) is None
    await file.drop(under_way("a"))
    assert await file.all() == [under_way("b")]
    assert os.listdir(tmp_path) == ["moves.json"]
    assert key_of(Moved(kind="volume", name="n", source="s", target="t", new_name="m")) == (
        "volume",
        "n",
        "s",
        "t",
        "m",
    )


async def test_a_file_of_records_that_is_damaged_says_so(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text("[{")
    with pytest.raises(StorageError, match=r"kept\.json cannot be read") as damaged:
        await KeptSources(tmp_path / "kept.json").all()
    assert damaged.value.explanation.endswith("What it names can be removed by hand.")
