"""Pulling for real: a keeper that unpacks, a docker-registry, and one that misbehaves. All or nothing, and resumed."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard
from aiohttp import web

from engine.errors import Cancelled, Code, StorageError, WherryError
from engine.images.known.manifest import OCI_INDEX, OCI_LAYER
from engine.storage.layers import LayerStore
from engine.types.images import LayerPhase, Login, PullImage, PushImage
from tests.support.image_engine import opened_images
from tests.support.images import File, busybox_archive, layer_tar, symlink
from tests.support.made_images import made_image, made_index, offer
from tests.support.nasty_registry import answer, blob, digest_of, in_turn, serve_nastily, strict_blob
from tests.support.registry import serve_registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.images.image_service import ImageService
    from engine.sandbox.keeper.asked.trees import Unpacked
    from tests.support.nasty_registry import Handler, NastyRegistry
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp

FILES = [File("etc/motd", b"hello\n"), File("srv/data", bytes(range(256)) * 400)]
BCRYPT_OF_SECRET = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"


async def pull(images: ImageService, name: str, **options: object) -> str:
    return await images.pull(PullImage(reference=name, **options)).result()  # type: ignore[arg-type]


async def failure(images: ImageService, name: str, **options: object) -> WherryError:
    with pytest.raises(WherryError) as caught:
        await pull(images, name, **options)
    return caught.value


def left_in(store: ShortTmp) -> set[str]:
    """What a failed pull must not leave: blobs, layers and half-made things."""
    places = ("blobs/sha256", "blobs/partial", "layers", "staging")
    return {f"{place}/{name}" for place in places for name in os.listdir(store.root / place)}


async def stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def put_in(registry: Registry, store: ShortTmp, name: str, archive: bytes) -> str:
    """Load an archive into a store of its own and push it; gives the image's id."""
    async with opened_images(store.root, store.run) as images:
        (loaded,) = (await images.load(stream(archive)).result()).splitlines()
        await images.tag(loaded, name)
        await images.push(PushImage(reference=name)).result()
        return (await images.get(name)).id


async def test_what_was_pushed_comes_back_the_same(
    make_short_tmp: Callable[[], ShortTmp], shared_registry: Registry
) -> None:
    name = f"{shared_registry.host}/pull/same:1"
    pushed = await put_in(shared_registry, make_short_tmp(), name, busybox_archive(FILES))
    store = make_short_tmp()

    async with opened_images(store.root, store.run) as images:
        assert await pull(images, name) == pushed
        assert await images.read_file(name, "/etc/motd") == b"hello\n"
        assert (await images.get(name)).tags == (name,)
        again = images.pull(PullImage(reference=name))
        await again.result()

        assert [layer.phase for layer in again.snapshot.layers] == [LayerPhase.PRESENT] * 2
        assert "up to date" in again.snapshot.status


async def test_of_two_pulls_that_bring_a_layer_at_once_one_keeps_its_form(images: ImageService) -> None:
    """Each registry may have compressed it in its own way; what is kept is what a push needs."""
    shared = layer_tar(FILES)
    gates = {"one": asyncio.Event(), "two": asyncio.Event()}
    pulls = {}

    def gated(handler: Handler, gate: asyncio.Event) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            await gate.wait()
            return await handler(request)

        return handle

    async with serve_nastily() as registry:
        for level, name in enumerate(gates, 1):
            own = layer_tar([File(name, b"own")])
            image = made_image([shared, own], compressed=[gzip.compress(shared, level, mtime=0), gzip.compress(own)])
            offer(registry, image, name=name)
            path = f"/v2/{name}/blobs/{digest_of(image.layers[1])}"
            registry.routes[path] = gated(registry.routes[path], gates[name])
            pulls[name] = images.pull(PullImage(reference=f"{registry.host}/{name}:1"))
            came = LayerPhase.DONE if name == "one" else LayerPhase.PRESENT
            async with asyncio.timeout(20):
                async for operation in pulls[name].watch():
                    if came in {layer.phase for layer in operation.layers}:
                        break
        for name, gate in gates.items():
            gate.set()
            await pulls[name].result()

    assert [images.archives.has(each) for each in images.catalogue.layers.values()] == [True] * 3


async def test_podman_and_skopeo_see_the_same_image(
    make_short_tmp: Callable[[], ShortTmp], shared_registry: Registry
) -> None:
    name = f"{shared_registry.host}/pull/peers:1"
    pushed = await put_in(shared_registry, make_short_tmp(), name, busybox_archive(FILES))

    argv = ["skopeo", "inspect", "--config", "--raw", "--tls-verify=false", f"docker://{name}"]
    seen = await asyncio.to_thread(subprocess.run, argv, capture_output=True, check=True)

    store = make_short_tmp()
    async with opened_images(store.root, store.run) as images:
        assert await pull(images, name) == pushed
        assert await images.raw_config(name) == seen.stdout


@pytest.mark.parametrize(
    ("compress", "suffix"),
    [
        (lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:]), "+gzip"),
        (zstandard.ZstdCompressor().compress, "+zstd"),
        (bytes, ""),
    ],
    ids=["gzip of two members", "zstd", "plain"],
)
async def test_each_compression(images: ImageService, compress: Callable[[bytes], bytes], suffix: str) -> None:
    tar = layer_tar(FILES)
    image = made_image([tar], compressed=[compress(tar)], media_type=OCI_LAYER + suffix)
    async with serve_nastily() as registry:
        offer(registry, image)
        await pull(images, f"{registry.host}/app:1")

    assert await images.read_file(image.id, "/etc/motd") == b"hello\n"


def _bad_layers() -> dict[str, tuple[bytes, bytes | None, Code]]:
    """Name → the tar the config speaks of, what the registry serves (None: its gzip), the code."""
    good = layer_tar(FILES)
    zeros = gzip.compress(bytes(1 << 24), 9) * 150
    return {
        "another layer than the config says": (good, gzip.compress(layer_tar(FILES[:1])), Code.DIGEST_MISMATCH),
        "truncated gzip": (good, gzip.compress(good)[:-100], Code.BAD_ARCHIVE),
        "no archive at all": (b"hello" * 300, None, Code.BAD_ARCHIVE),
        "gzip bomb": (good, zeros, Code.BAD_ARCHIVE),
        "zstd bomb": (good, zstandard.ZstdCompressor().compress(bytes(1 << 24)) * 150, Code.BAD_ARCHIVE),
        "a path that climbs": (layer_tar([File("../../evil", b"x")]), None, Code.BAD_ARCHIVE),
        "a hard link out": (layer_tar([File("a", link="../../../etc/passwd", kind=b"1")]), None, Code.BAD_ARCHIVE),
    }


@pytest.mark.parametrize("case", _bad_layers())
async def test_a_bad_layer_fails_clearly_and_leaves_nothing(
    images: ImageService, short_tmp: ShortTmp, case: str
) -> None:
    tar, served, code = _bad_layers()[case]
    first = layer_tar([File("first", b"good")])
    image = made_image([first, tar], compressed=[gzip.compress(first), served or gzip.compress(tar)])
    before = left_in(short_tmp)
    async with serve_nastily() as registry:
        offer(registry, image)
        error = await failure(images, f"{registry.host}/app:1")

    assert error.code is code, error
    assert await images.list() == []
    assert left_in(short_tmp) == before


async def test_a_symlink_in_the_way_leads_nowhere(images: ImageService, tmp_path: Path) -> None:
    tar = layer_tar([symlink("link", str(tmp_path)), File("link/planted", b"x")])
    image = made_image([tar])
    async with serve_nastily() as registry:
        offer(registry, image)
        # Refused, or unpacked with the link replaced: either is well, if only nothing lands outside.
        with contextlib.suppress(StorageError):
            await pull(images, f"{registry.host}/app:1")

    assert os.listdir(tmp_path) == []


async def test_wrong_bytes_are_noticed_by_their_digest(images: ImageService, short_tmp: ShortTmp) -> None:
    image = made_image([layer_tar(FILES)])
    wrong = bytearray(image.layers[0])
    wrong[len(wrong) // 2] ^= 1
    async with serve_nastily() as registry:
        offer(registry, image)
        (digest,) = [one for one in image.blobs if one != image.id]
        registry.routes[f"/v2/app/blobs/{digest}"] = blob(bytes(wrong))
        error = await failure(images, f"{registry.host}/app:1")

    assert error.code is Code.DIGEST_MISMATCH
    assert not [name for name in left_in(short_tmp) if name.startswith(("layers", "blobs"))]


# --- platforms ---


async def test_the_platform_is_chosen_or_its_absence_explained(images: ImageService) -> None:
    arm = made_image([layer_tar([File("arm", b"1")])], architecture="arm64")
    amd = made_image([layer_tar([File("amd", b"1")])], architecture="amd64")
    async with serve_nastily() as registry:
        offer(registry, arm)
        offer(registry, amd)
        index = made_index([("linux/arm64/v8", arm), ("linux/amd64", amd), ("unknown/unknown", amd)])
        registry.routes["/v2/app/manifests/1"] = answer(index, Content_Type=OCI_INDEX)
        name = f"{registry.host}/app:1"

        assert await pull(images, name, platform="linux/arm64") == arm.id
        assert await pull(images, name, platform="amd64") == amd.id
        error = await failure(images, name, platform="linux/s390x")

    assert error.code is Code.NO_PLATFORM
    assert "linux/amd64, linux/arm64" in error.explanation
    assert "unknown" not in error.explanation


# --- broken off and gone on with ---


async def test_a_cancelled_pull_stops_at_once_and_goes_on_later(images: ImageService, short_tmp: ShortTmp) -> None:
    image = made_image([layer_tar([File("big", os.urandom(3_000_000))])])
    (digest,) = [one for one in image.blobs if one != image.id]
    path = f"/v2/app/blobs/{digest}"
    async with serve_nastily() as registry:
        offer(registry, image)
        registry.routes[path] = _stalling(registry, image.layers[0], 1_500_000)
        handle = images.pull(PullImage(reference=f"{registry.host}/app:1"))
        async for operation in handle.watch():
            if operation.done:
                break
        handle.cancel()
        with pytest.raises(Cancelled):
            await handle.result()

        assert await images.list() == []
        assert [name for name in left_in(short_tmp) if name.startswith("blobs/partial")]
        registry.routes[path] = blob(image.layers[0])
        await pull(images, f"{registry.host}/app:1")
        ranges = [request.headers.get("Range", "") for request in registry.seen(path)]

    assert ranges[0] == ""
    assert ranges[-1].startswith("bytes=")
    assert await images.read_file(image.id, "/big", limit=4_000_000) != b""


def _left(data: bytes) -> dict[str, bytes]:
    """What a kill or a power cut can leave of a download."""
    half = len(data) // 2
    return {
        "nothing": b"",
        "a byte": data[:1],
        "a half": data[:half],
        "all but a byte": data[:-1],
        "every byte": data,
        "more than there is": data + b"more",
        "a half of zeros": bytes(half),
        "a half that ends in zeros": data[: half - 4096] + bytes(4096),
        "all of zeros": bytes(len(data)),
    }


@pytest.mark.parametrize("parts", [True, False])
@pytest.mark.parametrize("state", _left(b""))
async def test_a_pull_goes_on_from_whatever_was_left_of_the_last(
    images: ImageService, short_tmp: ShortTmp, state: str, *, parts: bool
) -> None:
    image = made_image([layer_tar([File("big", os.urandom(60_000))])])
    (digest,) = [one for one in image.blobs if one != image.id]
    data = image.layers[0]
    short_tmp.root.joinpath("blobs/partial", digest.partition(":")[2]).write_bytes(_left(data)[state])
    async with serve_nastily() as registry:
        offer(registry, image)
        registry.routes[f"/v2/app/blobs/{digest}"] = strict_blob(data, parts=parts)
        assert await pull(images, f"{registry.host}/app:1") == image.id
        asked = registry.seen(f"/v2/app/blobs/{digest}")
    assert len(await images.read_file(image.id, "/big", limit=100_000)) == 60_000
    if state == "every byte":
        assert not asked, "it was here already"


async def test_a_blob_that_was_damaged_in_the_store_is_pulled_anew(images: ImageService, short_tmp: ShortTmp) -> None:
    image = made_image([layer_tar(FILES)])
    (digest,) = [one for one in image.blobs if one != image.id]
    wrong = bytearray(image.layers[0])
    wrong[len(wrong) // 2] ^= 1
    short_tmp.root.joinpath("blobs/sha256", digest.partition(":")[2]).write_bytes(wrong)
    async with serve_nastily() as registry:
        offer(registry, image)
        assert await pull(images, f"{registry.host}/app:1") == image.id


async def test_what_a_push_needs_of_a_layer_that_is_here_is_pulled_again(
    images: ImageService, short_tmp: ShortTmp, registry: Registry
) -> None:
    """Its files were packed by somebody else: no packing of ours gives its very bytes."""
    image = made_image([layer_tar(FILES)], compressed=[gzip.compress(layer_tar(FILES), 9, mtime=0)])
    (digest,) = [one for one in image.blobs if one != image.id]
    to = f"{registry.host}/again:1"
    async with serve_nastily() as source:
        offer(source, image)
        name = f"{source.host}/app:1"
        await pull(images, name)
        await images.tag(name, to)
        short_tmp.root.joinpath("blobs/sha256", digest.partition(":")[2]).unlink()
        with pytest.raises(StorageError, match="compressed form"):
            await images.push(PushImage(reference=to)).result()
        await pull(images, name)
    await images.push(PushImage(reference=to)).result()
    await images.remove(name)
    await images.remove(to)
    assert await pull(images, to) == image.id


async def test_a_registry_cannot_give_another_layers_bytes_for_one_that_is_here(images: ImageService) -> None:
    """A push would hand them on in its name."""
    mine, other = layer_tar(FILES), layer_tar([File("other", b"x")])
    true = made_image([mine], compressed=[gzip.compress(mine, 9, mtime=0)])
    async with serve_nastily() as registry:
        offer(registry, true)
        await pull(images, f"{registry.host}/app:1")
        (record,) = images.catalogue.layers.values()
        assert record.archive
        images.archives.path(record).unlink()
        offer(registry, made_image([mine], compressed=[gzip.compress(other)], config={"User": "1"}), name="false")
        await pull(images, f"{registry.host}/false:1")
    (record,) = images.catalogue.layers.values()
    assert not images.archives.has(record)


async def test_a_pull_goes_on_when_the_keeper_is_killed_under_it(
    images: ImageService, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    image = made_image([layer_tar([File("big", os.urandom(3_000_000))])])
    (digest,) = [one for one in image.blobs if one != image.id]
    path = f"/v2/app/blobs/{digest}"
    async with serve_nastily() as registry:
        offer(registry, image)
        registry.routes[path] = in_turn(_stalling(registry, image.layers[0], 1_500_000), blob(image.layers[0]))
        handle = images.pull(PullImage(reference=f"{registry.host}/app:1"))
        async for operation in handle.watch():
            if operation.done:
                break
        os.kill(images._layers._keeper.pid, signal.SIGKILL)
        assert await handle.result() == image.id


async def test_a_pull_that_is_stopped_while_its_layer_gets_its_place_leaves_nothing(
    images: ImageService, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = made_image([layer_tar(FILES)])
    placing = asyncio.Event()
    place = LayerStore._place

    async def slowly(self: LayerStore, staged: Path, done: Unpacked) -> None:
        placing.set()
        await asyncio.sleep(0)
        await place(self, staged, done)

    monkeypatch.setattr(LayerStore, "_place", slowly)
    before = left_in(short_tmp)
    async with serve_nastily() as registry:
        offer(registry, image)
        handle = images.pull(PullImage(reference=f"{registry.host}/app:1"))
        await placing.wait()
        handle.cancel()
        with pytest.raises(Cancelled):
            await handle.result()

    assert {name for name in left_in(short_tmp) - before if not name.startswith("blobs")} == set()
    assert await images.list() == []


@pytest.mark.parametrize("sent", [1, 700_000, 2_999_000])
async def test_a_killed_pull_goes_on_at_the_next_start(short_tmp: ShortTmp, sent: int) -> None:
    image = made_image([layer_tar([File("big", os.urandom(3_000_000))])])
    (digest,) = [one for one in image.blobs if one != image.id]
    path = f"/v2/app/blobs/{digest}"
    async with serve_nastily() as registry:
        offer(registry, image)
        registry.routes[path] = _stalling(registry, image.layers[0], sent)
        name = f"{registry.host}/app:1"
        argv = [sys.executable, "-m", "tests.system.images.pulling", str(short_tmp.path), name]
        child = await asyncio.create_subprocess_exec(*argv)
        partial = short_tmp.root / "blobs" / "partial" / digest.removeprefix("sha256:")
        least = max(0, sent - (512 << 10))  # what comes is written down in pieces, each somewhat larger than this
        for _ in range(3000):
            if partial.exists() and partial.stat().st_size >= least:
                break
            await asyncio.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        await child.wait()

        registry.routes[path] = blob(image.layers[0])
        async with opened_images(short_tmp.root, short_tmp.run) as images:
            assert await images.list() == []
            assert not [left for left in left_in(short_tmp) if left.startswith("layers")]
            assert await pull(images, name) == image.id
        ranges = [request.headers.get("Range", "") for request in registry.seen(path)]

    assert ranges[-1].startswith("bytes=" if least else "")


async def _pull_and_die(place: Path, name: str, at: int) -> str:
    """In a process that ends at so many operations on files; what it said."""
    argv = [sys.executable, "-m", "tests.system.images.pulling", str(place), name, str(at)]
    child = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE)
    said, _ = await child.communicate()
    assert child.returncode == (-signal.SIGKILL if at else 0)
    return said.decode()


@pytest.mark.timeout(120)
async def test_killed_at_any_file_it_is_whole_or_nothing(
    short_tmp: ShortTmp, make_short_tmp: Callable[[], ShortTmp]
) -> None:
    image = made_image([layer_tar([File("one", os.urandom(200_000))]), layer_tar(FILES)])
    async with serve_nastily() as registry:
        offer(registry, image)
        name = f"{registry.host}/app:1"
        count = int(await _pull_and_die(make_short_tmp().path, name, 0))
        assert count > 8
        for at in range(1, count, count // 6):
            await _pull_and_die(short_tmp.path, name, at)
            async with opened_images(short_tmp.root, short_tmp.run) as images:
                assert [one.id for one in await images.list()] in ([], [image.id])
                assert await pull(images, name) == image.id
                assert len(await images.read_file(name, "/one", limit=1 << 20)) == 200_000
                await images.remove(name)
                assert await images.list() == []


def _stalling(registry: NastyRegistry, data: bytes, after: int) -> Handler:
    """Send the beginning, then nothing for as long as the client stays."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(data)
        await response.prepare(request)
        await response.write(data[:after])
        return await registry.hang(request)

    return handle


async def test_pulls_of_the_same_layers_share_the_work(images: ImageService) -> None:
    shared = layer_tar([File("shared", os.urandom(500_000))])
    one = made_image([shared, layer_tar([File("one", b"1")])])
    two = made_image([shared, layer_tar([File("two", b"2")])])
    async with serve_nastily() as registry:
        offer(registry, one)
        offer(registry, two, name="other")
        names = [f"{registry.host}/app:1", f"{registry.host}/other:1", f"{registry.host}/app:1"]
        assert await asyncio.gather(*(pull(images, name) for name in names)) == [one.id, two.id, one.id]
        asked = [request.path for request in registry.requests if "/blobs/" in request.path]

    assert sum(digest_of(one.layers[0]) in path for path in asked) == 1
    assert sorted(image.id for image in await images.list()) == sorted([one.id, two.id])


async def test_a_failing_pull_takes_nothing_from_a_good_one(images: ImageService) -> None:
    shared = layer_tar([File("shared", os.urandom(500_000))])
    good = made_image([shared])
    broken = layer_tar([File("x", b"x")])
    bad = made_image([shared, broken], compressed=[gzip.compress(shared, 1, mtime=0), gzip.compress(broken)[:-9]])
    async with serve_nastily() as registry:
        offer(registry, good)
        offer(registry, bad, name="bad")
        results = await asyncio.gather(
            pull(images, f"{registry.host}/bad:1"), pull(images, f"{registry.host}/app:1"), return_exceptions=True
        )

    assert isinstance(results[0], StorageError)
    assert results[1] == good.id
    assert len(await images.read_file(good.id, "/shared", limit=1 << 20)) == 500_000


# --- private registries ---


async def test_a_private_registry_wants_its_login(images: ImageService, tmp_path: Path) -> None:
    with serve_registry(tmp_path, htpasswd=BCRYPT_OF_SECRET, username="me", password="secret") as registry:
        name = f"{registry.host}/private:1"
        error = await failure(images, name)
        assert error.code is Code.UNAUTHORIZED

        with pytest.raises(WherryError) as caught:
            await images.login(Login(server=registry.host, username="me", password="wrong"))
        assert caught.value.code is Code.WRONG_LOGIN

        how = await images.login(Login(server=registry.host, username="me", password="secret"))
        assert "readable by you alone" in how
        assert [(one.server, one.username, one.password) for one in await images.logins()] == [
            (registry.host, "me", "")
        ]
        (loaded,) = (await images.load(stream(busybox_archive())).result()).splitlines()
        await images.tag(loaded, name)
        await images.push(PushImage(reference=name)).result()
        await images.remove(loaded)
        await images.remove(name)
        assert (await images.get(await pull(images, name))).tags == (name,)

        await images.logout(registry.host)
        assert (await failure(images, name)).code is Code.UNAUTHORIZED
