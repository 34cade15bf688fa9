"""What is asked of a Docker about images and builds, and their layers as they are looked at from here."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, InvalidRequest, NotFound, RegistryError, RuntimeFailure, StorageError, Unsupported
from engine.remote.docker.images import kept_layers
from engine.remote.docker.images.kept_layers import KeptLayers
from engine.types.builds import BuildImage
from engine.types.data import LabelRule, Platform
from engine.types.images import (
    CommitContainer,
    FileKind,
    LayerPhase,
    LayerProgress,
    Login,
    ProxySettings,
    PullImage,
    PushImage,
    RemoteImage,
    Removed,
    SearchResult,
    StoreUsage,
    TreeChange,
)
from tests.support.images import File, directory, docker_archive, layer_tar, symlink
from tests.support.scripted_docker import Answer, ScriptedDocker, held, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

ID = "sha256:" + "a" * 64
SHOP = "docker.io/library/shop:1"
AT = f"GET /images/{SHOP.replace('/', '%2F')}/json"
LOGIN = Login(server="ours.org", username="me", password="secret")


def image(**more: Any) -> dict[str, Any]:
    return {"Id": ID, "RepoTags": [SHOP], "RootFS": {"Layers": ["l1"]}, **more}


def lines(*found: dict[str, Any]) -> Answer:
    return Answer(tuple(json.dumps(each).encode() + b"\r\n" for each in found))


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def login_of(headers: dict[str, str]) -> Any:
    return json.loads(base64.urlsafe_b64decode(headers["X-Registry-Auth"]))


# --- looking ---


async def test_images_are_known_with_who_uses_them(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    docker.says("GET /containers/json", [{"Id": "c", "ImageID": ID}])
    rows = [{"Id": ID, "RepoTags": [SHOP], "Size": 9, "SharedSize": 2}, {"Id": "b", "Size": 5}]
    docker.says("GET /images/json", rows)
    docker.says("GET /system/df", {"LayersSize": 14}, {})
    async with held(docker, short_tmp.run) as engine:
        assert docker.last("GET /images/json").query == "shared-size=1"
        first, second = await engine.images.list()
        assert (first.id, first.used_by, second.dangling) == (ID, ("c",), True)
        assert await engine.images.usage() == StoreUsage(layers=14, layers_reclaimable=5)
        assert docker.last("GET /system/df").query == "type=image"
        assert (await engine.images.usage()).layers == 0
        assert await engine.images.removal_frees([ID, "sha256:b", "other"]) == 12
        assert await engine.images.removal_frees([ID]) == 7


async def test_an_images_document_is_put_together(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(AT, image(Created="t", Author="me", Architecture="arm64", Os="linux", Config={"Cmd": ["x"]}), image())
    assert json.loads(await engine.images.raw_config(SHOP)) == {
        "created": "t", "author": "me", "architecture": "arm64", "os": "linux", "config": {"Cmd": ["x"]},
        "rootfs": {"type": "layers", "diff_ids": ["l1"]}, "history": [],
    }  # fmt: skip
    assert json.loads(await engine.images.raw_config(SHOP)) == {
        "created": None, "author": "", "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": ["l1"]}, "history": [],
    }  # fmt: skip
    docker.says(AT.replace("/json", "/history"), [{"CreatedBy": "COPY a /", "Size": 4}])
    [step] = await engine.images.history(SHOP)
    assert (step.diff_id, step.size) == ("l1", 4)


# --- registries ---


@pytest.mark.parametrize(
    ("reference", "words", "query"),
    [
        ("shop:1", {}, "fromImage=shop:1"),
        ("shop", {}, "fromImage=shop&tag=latest"),
        ("box:5000/shop", {"platform": "linux/arm64"}, "fromImage=box:5000/shop&platform=linux/arm64&tag=latest"),
        ("shop", {"all_tags": True}, "fromImage=shop"),
        ("shop@sha256:1", {}, "fromImage=shop@sha256:1"),
    ],
)
async def test_what_is_pulled(
    docker: ScriptedDocker, engine: RemoteEngine, reference: str, words: dict[str, Any], query: str
) -> None:
    docker.says("POST /images/create", lines({"status": "Pulling"}))
    docker.says(f"GET /images/{reference.replace('/', '%2F')}/json", image())
    handle = engine.images.pull(PullImage(reference=reference, **words))
    assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.subject) == (
        "pull", f"Pull {reference}", reference,
    )  # fmt: skip
    assert await handle.result() == ID
    asked = docker.last("POST /images/create")
    assert asked.query == query
    assert "X-Registry-Auth" not in asked.headers
    assert handle.snapshot.status == "Pulling"


async def test_how_far_a_pull_is(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    phases = {
        "Pulling fs layer": LayerPhase.WAITING, "Waiting": LayerPhase.WAITING, "Downloading": LayerPhase.DOWNLOADING,
        "Verifying Checksum": LayerPhase.VERIFYING, "Download complete": LayerPhase.VERIFYING,
        "Extracting": LayerPhase.UNPACKING, "Pull complete": LayerPhase.DONE, "Already exists": LayerPhase.PRESENT,
        "Preparing": LayerPhase.WAITING, "Pushing": LayerPhase.UPLOADING, "Pushed": LayerPhase.DONE,
        "Layer already exists": LayerPhase.PRESENT,
    }  # fmt: skip
    said = [{"status": word, "id": f"l{at}", "progressDetail": {"current": at, "total": 9}}
            for at, word in enumerate(phases)]  # fmt: skip
    docker.says("POST /images/create", lines(*said, {"status": "Waiting"}, {"status": "Pulling", "id": "1"}))
    docker.says(AT, image())
    request = PullImage(reference=SHOP, login=LOGIN)
    handle = engine.images.pull(request)
    await handle.result()
    assert handle.snapshot.layers == tuple(
        LayerProgress(digest=f"l{at}", phase=phase, done=at, total=9) for at, phase in enumerate(phases.values())
    )
    assert handle.snapshot.status == "Pulling"
    assert login_of(docker.last("POST /images/create").headers) == {
        "serveraddress": "ours.org", "username": "me", "password": "secret",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ("unauthorized: no", RegistryError, Code.UNAUTHORIZED),
        ("authentication required", RegistryError, Code.UNAUTHORIZED),
        ("pull access denied for x", RegistryError, Code.UNAUTHORIZED),
        ("manifest for x not found", RegistryError, Code.NOT_FOUND),
        ("manifest unknown", RegistryError, Code.NOT_FOUND),
        ("no space", RuntimeFailure, RuntimeFailure("").code),
    ],
)
async def test_why_a_pull_failed(
    docker: ScriptedDocker, engine: RemoteEngine, words: str, kind: type[Exception], code: Code
) -> None:
    docker.says("POST /images/create", lines({"status": "x"}, {"error": words}))
    with pytest.raises(kind) as failed:
        await engine.images.pull(PullImage(reference="x")).result()
    assert (failed.value.title, failed.value.code) == (words[0].upper() + words[1:], code)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("reference", "words", "line"),
    [
        ("ours.org/shop:2", {}, "POST /images/ours.org/shop/push?tag=2"),
        ("ours.org/shop", {}, "POST /images/ours.org/shop/push?tag=latest"),
        ("ours.org/shop@sha256:1", {}, "POST /images/ours.org/shop/push?tag=latest"),
        ("ours.org/shop:2", {"all_tags": True}, "POST /images/ours.org/shop/push"),
    ],
)
async def test_what_is_pushed(
    docker: ScriptedDocker, engine: RemoteEngine, reference: str, words: dict[str, Any], line: str
) -> None:
    docker.says("POST /images/ours.org/shop/push", lines({"status": "Pushed", "id": "l"}))
    token = Login(server="ours.org", username="me", password="", identity_token="t")
    for login, expected in ((None, {}), (token, {"serveraddress": "ours.org", "identitytoken": "t"})):
        handle = engine.images.push(PushImage(reference=reference, login=login, **words))
        assert (handle.snapshot.kind, handle.snapshot.title) == ("push", f"Push {reference}")
        assert (await handle.result(), handle.snapshot.subject) == (reference, reference)
        asked = docker.last("POST")
        assert (asked.line, login_of(asked.headers)) == (line, expected)


async def test_what_registries_have(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    rows = [{"name": "shop", "description": "d", "star_count": 3, "is_official": True}, {"name": "x"}]
    docker.says("GET /images/search", rows)
    assert await engine.images.search("shop", limit=5) == [
        SearchResult(name="shop", description="d", stars=3, official=True),
        SearchResult(name="x", description="", stars=0, official=False),
    ]
    assert docker.lines()[-1] == "GET /images/search?term=shop&limit=5"
    answer = {
        "Descriptor": {"mediaType": "m", "digest": "sha256:1", "size": 7},
        "Platforms": [{"os": "linux", "architecture": "arm64", "variant": "v8"}, {}],
    }
    docker.says("GET /distribution/ours.org%2Fshop/json", answer, {})
    found = await engine.images.remote_image("ours.org/shop", login=LOGIN)
    assert found == RemoteImage(
        reference="ours.org/shop", media_type="m", digest="sha256:1", size=7,
        platforms=(Platform(os="linux", architecture="arm64", variant="v8"), Platform(os="linux", architecture="")),
    )  # fmt: skip
    assert login_of(docker.asked[-1].headers)["username"] == "me"
    assert await engine.images.remote_image("ours.org/shop") == RemoteImage(
        reference="ours.org/shop", media_type="", digest="", size=0, platforms=()
    )


async def test_what_is_this_computers_or_a_wherrys_is_refused(engine: RemoteEngine) -> None:
    assert (await engine.images.logins(), await engine.images.registry_settings()) == ((), ())
    assert await engine.images.proxy_settings() == ProxySettings()
    deeds: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("images.login", lambda: engine.images.login(LOGIN)),
        ("images.login", lambda: engine.images.logout("x")),
        ("images.remote_tags", lambda: engine.images.remote_tags("x")),
        ("images.set_registry_settings", lambda: engine.images.set_registry_settings(())),
        ("images.set_registry_settings", lambda: engine.images.set_proxy_settings(ProxySettings())),
        ("images.compare_container", lambda: engine.images.compare_container("x")),
        ("builds.examine", lambda: engine.builds.examine(BuildImage())),
    ]
    for method, deed in deeds:
        with pytest.raises(Unsupported) as refused:
            await deed()
        assert refused.value.subject == method
    for method, at_once in (("images.load_demo", engine.images.load_demo), ("images.find", engine.images.find)):
        with pytest.raises(Unsupported) as refused:
            at_once("x") if method == "images.find" else at_once()  # type: ignore[call-arg]
        assert refused.value.subject == method
    with pytest.raises(Unsupported, match="machine that builds"):
        await engine.builds.context_place("x")


# --- names, removal, archives ---


async def test_names_and_removal(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /images/shop/tag")
    docker.says("GET /images/box:5000%2Fother:2/json", image())
    assert (await engine.images.tag("shop", "box:5000/other:2")).id == ID
    assert docker.last("POST").line == "POST /images/shop/tag?repo=box:5000/other&tag=2"

    done = [{"Untagged": "shop:1"}, {"Deleted": ID}, {"Deleted": "sha256:b"}]
    docker.says("DELETE /images/me%2Fshop", done, None)
    removed = await engine.images.remove("me/shop")
    assert removed == Removed(untagged=(SHOP,), deleted=(ID, "sha256:b"))
    assert docker.lines()[-2:] == ["DELETE /images/me%2Fshop", "GET /images/json?shared-size=1"]
    assert not await engine.images.list(), "what is left is asked for at once"
    assert await engine.images.remove("me/shop", force=True, prune_parents=False) == Removed()
    assert docker.last("DELETE").query == "force=1&noprune=1"

    docker.says("POST /images/prune", {"ImagesDeleted": done, "SpaceReclaimed": 8}, {})
    freed = await engine.images.prune(all_unused=True, until_ns=3_000_000_000, labels=LabelRule(wanted={"a": ""}))
    assert freed == Removed(untagged=(SHOP,), deleted=(ID, "sha256:b"), bytes=8)
    assert docker.lines()[-1] == 'POST /images/prune?filters={"until":["3"],"label":["a"],"dangling":["false"]}'
    assert await engine.images.prune() == Removed()
    assert docker.lines()[-1] == 'POST /images/prune?filters={"dangling":["true"]}'


async def test_archives_go_both_ways(docker: ScriptedDocker, engine: RemoteEngine, short_tmp: ShortTmp) -> None:
    place = short_tmp.path / "a.tar"
    docker.says("GET /images/get", Answer((b"arch", b"ive")))
    handle = engine.images.save_to(["a", "b"], str(place))
    assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.subject) == ("save", "Save a, b", str(place))
    assert (await handle.result(), place.read_bytes(), handle.snapshot.done) == (str(place), b"archive", 7)
    assert docker.lines()[-1] == "GET /images/get?names=a&names=b"

    said = ["Loaded image: shop:1\nLoaded image ID: sha256:1\n", "Loaded image(s): x,y\n", "other\n"]
    docker.says("POST /images/load", lines(*({"stream": each} for each in said)))
    loaded = engine.images.load(str(place))
    assert (loaded.snapshot.kind, loaded.snapshot.title, loaded.snapshot.subject) == (
        "load", f"Load {place}", str(place),
    )  # fmt: skip
    assert await loaded.result() == "shop:1\nsha256:1\nx,y"
    assert (loaded.snapshot.status, loaded.snapshot.total) == ("other", 7)
    asked = docker.last("POST")
    assert (asked.query, asked.body, asked.headers["Content-Type"]) == ("quiet=1", b"archive", "application/x-tar")
    assert engine.images.load(once(b"x")).snapshot.subject == "an archive"
    # The line breaks off by it, and that was told.
    with pytest.raises(InvalidRequest, match="cannot be read"):
        await engine.images.load(str(short_tmp.path / "nosuch")).result()


async def test_a_tree_becomes_an_image_and_so_does_a_container(
    docker: ScriptedDocker, engine: RemoteEngine, short_tmp: ShortTmp
) -> None:
    docker.says("POST /images/create", lines({"status": "sha256:1"}))
    docker.says("GET /images/shop:2/json", image())
    handle = engine.images.import_tree(once(b"tar"), "shop:2", message="m", changes=["CMD x", "ENV A=b"])
    assert (handle.snapshot.kind, handle.snapshot.title, handle.snapshot.subject) == (
        "import", "Import shop:2", "shop:2",
    )  # fmt: skip
    assert await handle.result() == ID
    asked = docker.last("POST")
    assert asked.query == "fromSrc=-&repo=shop&tag=2&message=m&changes=CMD x&changes=ENV A=b"
    assert (asked.body, asked.headers["Content-Type"]) == (b"tar", "application/x-tar")
    (short_tmp.path / "t.tar").write_bytes(b"file")
    await engine.images.import_tree(str(short_tmp.path / "t.tar"), "shop:2").result()
    assert docker.last("POST").body == b"file"

    docker.says("POST /commit", {"Id": "made"})
    docker.says("GET /images/made/json", image())
    request = CommitContainer(container="web", reference="shop:3", message="m", author="me", changes=("CMD y",))
    commit = engine.images.commit(request)
    assert (commit.snapshot.kind, commit.snapshot.title, commit.snapshot.subject) == ("commit", "Commit web", "web")
    assert await commit.result() == ID
    assert docker.last("POST").line == (
        "POST /commit?container=web&repo=shop&tag=3&comment=m&author=me&pause=1&changes=CMD y"
    )
    await engine.images.commit(CommitContainer(container="web", pause=False)).result()
    assert docker.last("POST").line == "POST /commit?container=web&pause=0"


# --- layers, looked at from here ---

LOWER = layer_tar(
    [
        directory("etc"), File("etc/conf", b"lower", 0o640, 5, 6), File("etc/gone", b"x" * 9),
        File("etc/dir/deep", b"d"), symlink("etc/link", "conf"),
        File("etc/hard", link="etc/conf", kind=tarfile.LNKTYPE),
        File("pipe", kind=tarfile.FIFOTYPE), File("dev", kind=tarfile.CHRTYPE), File("./dotted", b"y"),
    ]
)  # fmt: skip
UPPER = layer_tar([File("etc/conf", b"upper!"), File("etc/.wh.gone"), File("etc/dir/.wh..wh..opq"), File("etc/.wh..")])


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def zipped(archive: bytes) -> bytes:
    """As dockers of some years have their layers in an archive: compressed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=packed, mode="w") as new:
        for member in old:
            found = old.extractfile(member)
            data = found.read() if found else b""
            data = gzip.compress(data) if member.name.endswith(".tar") else data
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize("pack", [lambda archive: archive, zipped])
async def test_layers_are_fetched_once_and_looked_at_here(
    docker: ScriptedDocker, engine: RemoteEngine, pack: Callable[[bytes], bytes]
) -> None:
    layers = [digest(LOWER), digest(UPPER)]
    docker.says(AT, image(RootFS={"Layers": layers}))
    docker.says(f"GET /images/{ID}/json", image(RootFS={"Layers": layers}))
    steps = [{"CreatedBy": "COPY b /", "Size": 6}, {"CreatedBy": "ENV x"}, {"CreatedBy": "COPY a /", "Size": 5}]
    docker.says(AT.replace("/json", "/history"), steps)
    docker.says("GET /images/get", pack(docker_archive([LOWER, UPPER])))
    docker.says("GET /images/json", [{"Id": ID, "RepoTags": [SHOP]}])
    await docker.tells(Type="image", Action="load", Actor={"ID": ID})
    await until(lambda: ID in engine.bus.objects("image"))

    report = await engine.images.layer_report(SHOP)
    assert docker.last("GET /images/get").query == f"names={ID}"
    assert [each.diff_id for each in report.layers] == layers
    assert [each.step and each.step.created_by for each in report.layers] == ["COPY a /", "COPY b /"]
    assert {each.path for each in report.wasted} == {"/etc/gone", "/etc/dir/deep"}, "conf has a second name"
    tree = {each.entry.path: each for each in await engine.images.tree(SHOP, "/etc")}
    assert set(tree) == {"/etc/conf", "/etc/dir", "/etc/gone", "/etc/link", "/etc/hard"}
    assert tree["/etc/link"].entry.link == "conf"
    lower = {each.entry.path: each.entry for each in await engine.images.tree(SHOP, "/", layer=0)}
    assert {path: entry.kind for path, entry in lower.items()} == {
        "/etc": FileKind.DIRECTORY, "/pipe": FileKind.FIFO, "/dev": FileKind.DEVICE, "/dotted": FileKind.FILE,
    }  # fmt: skip
    inside = {each.entry.path: each.entry for each in await engine.images.tree(SHOP, "/etc", layer=0)}
    conf = inside["/etc/conf"]
    assert (conf.mode, conf.uid, conf.gid, conf.mtime, conf.size) == (0o640, 5, 6, 1_700_000_000, 5)
    assert conf.digest.removeprefix("sha256:") == hashlib.sha256(b"lower").hexdigest()
    assert (inside["/etc/hard"].kind, inside["/etc/dir"].mode) == (FileKind.HARDLINK, 0o755)
    assert [each.change for each in await engine.images.file_history(SHOP, "/etc/gone")] == [
        TreeChange.ADDED, TreeChange.REMOVED,
    ]  # fmt: skip
    assert await engine.images.read_file(SHOP, "/etc/conf") == b"upper!"
    assert await engine.images.read_file(SHOP, "/etc/conf", layer=0, limit=3) == b"low"
    assert await engine.images.read_file(SHOP, "/etc/hard", layer=0) == b"lower"
    assert "+upper!" in await engine.images.diff_file(SHOP, "/etc/conf", 0, 1)
    assert [each.entry.path for each in await engine.images.largest(SHOP, "/", limit=1)] == ["/etc"]
    assert (await engine.images.compare(SHOP, SHOP)).files == ()
    assert len([each for each in docker.asked if each.path == "/images/get"]) == 1


async def test_an_image_whose_layers_are_not_told_is_refused(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(AT, image(RootFS={}))
    with pytest.raises(Unsupported, match="cannot be told apart"):
        await engine.images.layer_report(SHOP)


@pytest.mark.parametrize(
    ("layers", "archive", "code"),
    [
        ([digest(UPPER)], docker_archive([LOWER]), Code.DIGEST_MISMATCH),
        ([digest(LOWER), digest(UPPER)], docker_archive([LOWER]), Code.BAD_ARCHIVE),
        ([digest(LOWER)], b"no archive", Code.BAD_ARCHIVE),
        ([digest(LOWER)], layer_tar([File("manifest.json", b"[]")]), Code.BAD_ARCHIVE),
        ([digest(LOWER)], layer_tar([directory("manifest.json")]), Code.BAD_ARCHIVE),
        ([digest(LOWER)], layer_tar([File("manifest.json", b'[{"Layers": ["x"]}]')]), Code.BAD_ARCHIVE),
    ],
)
async def test_an_archive_that_is_not_what_it_says_leaves_nothing(
    tmp_path: Path, layers: list[str], archive: bytes, code: Code
) -> None:
    kept = KeptLayers(tmp_path / "layers")
    with pytest.raises(StorageError) as refused:
        await kept.fetch(layers, once(archive))
    assert refused.value.code is code
    assert not kept.has(layers[-1])
    assert not list((tmp_path / "layers").glob("*.new")) + list((tmp_path / "layers").glob("incoming*"))


async def test_a_layer_that_leaves_its_tree_is_refused(tmp_path: Path) -> None:
    bad = layer_tar([File("a/../../etc/passwd", b"x")])
    with pytest.raises(StorageError) as refused:
        await KeptLayers(tmp_path).fetch([digest(bad)], once(docker_archive([bad])))
    assert refused.value.code is Code.BAD_ARCHIVE


async def test_what_was_looked_at_longest_ago_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It went by when it was fetched: what somebody had just looked at was fetched again."""
    first, second, third = (layer_tar([File("a", name)]) for name in (b"1", b"2", b"3"))
    kept = KeptLayers(tmp_path)
    for at, layer in enumerate((first, second)):
        await kept.fetch([digest(layer)], once(docker_archive([layer])))
        os.utime(kept.path(digest(layer)), (at, at))
    assert len(kept.index(digest(first))) == 1
    monkeypatch.setattr(kept_layers, "_MOST_BYTES", 2 * len(first))
    await kept.fetch([digest(third)], once(docker_archive([third])))
    assert [kept.has(digest(each)) for each in (first, second, third)] == [True, False, True]
    assert len(os.listdir(tmp_path)) == 4, "a layer and its index each"
    # What is needed now stays, however large.
    monkeypatch.setattr(kept_layers, "_MOST_BYTES", 1)
    await kept.fetch([digest(third)], once(docker_archive([third])))
    assert [kept.has(digest(each)) for each in (first, third)] == [False, True]


async def test_a_file_that_a_layer_has_not(tmp_path: Path) -> None:
    kept = KeptLayers(tmp_path)
    loop = layer_tar([File("a", link="b", kind=tarfile.LNKTYPE), File("b", link="a", kind=tarfile.LNKTYPE)])
    await kept.fetch([digest(loop)], once(docker_archive([loop])))
    for path in ("/nosuch", "/a"):
        with pytest.raises(NotFound, match="not in this layer") as gone:
            await kept.open_file(kept.path(digest(loop)), path, os.O_RDONLY)
        assert gone.value.subject == path
