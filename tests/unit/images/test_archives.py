"""Archives in all their layouts, indexes with what is said of their images, and what a registry has of a name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, WherryError
from engine.images.archives import first_layout
from engine.images.known import platforms
from engine.images.known.platforms import choose, host_platform, must_match, no_platform, parse_platform
from engine.types.attestations import Attestation, IndexEntry
from engine.types.images import PullImage, PushImage
from tests.support.images import File, layer_tar, symlink
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.played_engine import IMAGE
from tests.support.registry_in_memory import CONFIG, INDEX, LAYER, MANIFEST, RegistryInMemory
from tests.unit.images.test_images_in_memory import load

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

ONE, TWO = (layer_tar([File(name, name.encode() * 100)]) for name in ("one", "two"))
HERE = {"architecture": host_platform().architecture, "os": "linux"}


def archive(**members: bytes | dict[str, Any] | list[Any]) -> bytes:
    """Of these files; `a__b` is a/b."""
    files = [
        File(name.replace("__", "/"), data if isinstance(data, bytes) else json.dumps(data).encode())
        for name, data in members.items()
    ]
    return layer_tar(files)


async def refusal(engine: EmbeddedEngine, data: bytes) -> str:
    with pytest.raises(WherryError) as caught:
        await load(engine, data)
    assert caught.value.code is Code.BAD_ARCHIVE
    assert [each.tags for each in await engine.images.list()] == [(IMAGE,)]
    return caught.value.explanation


# --- as docker save wrote them first ---


def first_archive(**changes: Any) -> bytes:
    base = {"id": "base", "created": "2014-01-01T00:00:00Z", "container_config": {"Cmd": ["/bin/sh", "-c", "ADD x"]}}
    top = {
        "id": "top",
        "parent": "base",
        "created": "2014-01-02T00:00:00Z",
        "author": "me",
        "Size": 5,
        "comment": "why",
        "config": {"Cmd": ["serve"]},
        **HERE,
    }
    members: dict[str, Any] = {
        "repositories": {"localhost/old": {"1": "top", "2": "top"}},
        "base__json": base,
        "base__layer.tar": ONE,
        "top__json": top,
        "top__layer.tar": TWO,
        "top__VERSION": b"1.0",
    } | changes
    return archive(**{name: each for name, each in members.items() if each is not None})


async def test_an_archive_of_the_first_layout_is_an_image_of_today(played_engine: EmbeddedEngine) -> None:
    await load(played_engine, first_archive())

    image = await played_engine.images.get("localhost/old:1")
    assert set(image.tags) == {"localhost/old:1", "localhost/old:2"}
    assert (image.layers, image.config.command) == ((digest_of(ONE), digest_of(TWO)), ("serve",))
    history = await played_engine.images.history(image.id)
    assert [(each.created_by, each.author, each.comment, each.size) for each in history] == [
        ("/bin/sh -c ADD x", "", "", 300),
        ("", "me", "why", 300),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"repositories": b"[1]"}, "its repositories cannot be read"),
        ({"base__json": None}, "“base/json” is named in it but not there"),
        ({"base__layer.tar": None}, "“base/layer.tar” is named in it but not there"),
        ({"base__json": b"{{"}, "base/json cannot be read"),
        ({"base__json": {"id": "base", "parent": "top"}}, "stand on one another without end"),
        ({"repositories": {}}, "neither a manifest.json nor an index.json"),
        ({"repositories": None}, "neither a manifest.json nor an index.json"),
    ],
)
async def test_what_is_missing_in_an_old_archive_is_named(
    played_engine: EmbeddedEngine, changes: dict[str, Any], words: str
) -> None:
    assert words.casefold() in (await refusal(played_engine, first_archive(**changes))).casefold()


def test_what_made_a_step_is_told_only_where_it_is_said() -> None:
    odd: list[dict[str, Any]] = [
        {"id": "1"},
        {"id": "2", "container_config": "x"},
        {"id": "3", "container_config": {"Cmd": "x"}},
        {"id": "4", "container_config": {"Cmd": ["a", 1, "b"]}, "parent": 5},
    ]
    made = json.loads(first_layout.config_of(odd, ["sha256:x"]))
    assert made["history"] == [{}, {}, {}, {"created_by": "a b"}]
    assert made["rootfs"] == {"type": "layers", "diff_ids": ["sha256:x"]}
    assert "parent" not in made


# --- as OCI has it ---


def oci(*descriptors: dict[str, Any], **blobs: bytes) -> bytes:
    files: dict[str, Any] = {f"blobs__sha256__{digest_of(data)[7:]}": data for data in blobs.values()}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)}
    return archive(**files, **{"index.json": index, "oci-layout": {"imageLayoutVersion": "1.0.0"}})


def described(data: bytes, kind: str, **others: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **others}


def an_image(*layers: bytes, **config: Any) -> tuple[bytes, bytes]:
    """Its manifest and its config."""
    diff_ids = [digest_of(each) for each in layers]
    made = json.dumps({**HERE, "rootfs": {"type": "layers", "diff_ids": diff_ids}, **config}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described(made, CONFIG),
        "layers": [described(each, LAYER) for each in layers],
    }
    return json.dumps(document).encode(), made


@pytest.mark.parametrize(
    ("annotations", "name"),
    [
        ({"io.containerd.image.name": "localhost/a:1", "org.opencontainers.image.ref.name": "1"}, "localhost/a:1"),
        ({"org.opencontainers.image.ref.name": "localhost/b"}, "localhost/b:latest"),
        ({"org.opencontainers.image.ref.name": "c:2"}, "docker.io/library/c:2"),
        ({"org.opencontainers.image.ref.name": "latest"}, ""),
        ({"io.containerd.image.name": "Not/A name:x"}, ""),
        (None, ""),
    ],
)
async def test_a_whole_name_in_an_index_names_the_image(
    played_engine: EmbeddedEngine, annotations: dict[str, str] | None, name: str
) -> None:
    manifest, config = an_image(ONE)
    told = await load(
        played_engine, oci(described(manifest, MANIFEST, annotations=annotations), m=manifest, c=config, one=ONE)
    )
    image = await played_engine.images.get(digest_of(config))
    assert image.tags == ((name.removeprefix("docker.io/library/"),) if name else ())
    assert told == (name.removeprefix("docker.io/library/") or image.id)


async def test_of_an_index_in_an_archive_the_image_for_this_machine_is_taken(played_engine: EmbeddedEngine) -> None:
    mine, my_config = an_image(ONE)
    far, far_config = an_image(TWO, architecture="s390x")
    members = [
        described(far, MANIFEST, platform={"architecture": "s390x", "os": "linux"}),
        described(mine, MANIFEST, platform=HERE),
    ]
    inner = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": members}).encode()
    await load(played_engine, oci(described(inner, INDEX), i=inner, m=mine, c=my_config, one=ONE, f=far, g=far_config))
    assert (await played_engine.images.get(digest_of(my_config))).layers == (digest_of(ONE),)
    only = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": members[:1]}).encode()
    with pytest.raises(WherryError) as caught:
        await load(played_engine, oci(described(only, INDEX), i=only, f=far, g=far_config, two=TWO))
    assert caught.value.title.startswith("This archive is not made for")


async def test_several_images_in_one_archive_are_all_loaded(played_engine: EmbeddedEngine) -> None:
    pairs = [an_image(ONE), an_image(ONE, TWO)]
    names = [{"io.containerd.image.name": f"localhost/n{number}:1"} for number in range(2)]
    blobs = {f"b{number}": data for number, data in enumerate([*sum(pairs, ()), ONE, TWO])}
    told = await load(
        played_engine,
        oci(
            *(
                described(manifest, MANIFEST, annotations=name)
                for (manifest, _), name in zip(pairs, names, strict=True)
            ),
            **blobs,
        ),
    )
    assert told.split("\n") == ["localhost/n0:1", "localhost/n1:1"] or "localhost/n0:1" in told
    assert {tag for each in await played_engine.images.list() for tag in each.tags} == {
        IMAGE,
        "localhost/n0:1",
        "localhost/n1:1",
    }


async def test_what_an_archive_names_and_has_not_is_told(played_engine: EmbeddedEngine) -> None:
    manifest, config = an_image(ONE)
    assert "is named in it but not there" in await refusal(played_engine, oci(described(manifest, MANIFEST), c=config))
    assert (
        "the layer" in (await refusal(played_engine, oci(described(manifest, MANIFEST), m=manifest, c=config))).lower()
    )
    assert "no index" in await refusal(played_engine, archive(**{"index.json": json.loads(manifest)}))
    assert "manifest.json cannot be read" in await refusal(played_engine, archive(**{"manifest.json": {"a": 1}}))
    wrong, other = an_image(ONE, rootfs={"type": "layers", "diff_ids": [digest_of(TWO)]})
    assert "not those its config names" in await refusal(
        played_engine, oci(described(wrong, MANIFEST), m=wrong, c=other, one=ONE)
    )


async def test_layers_may_be_links_to_one_another(played_engine: EmbeddedEngine) -> None:
    _, config = an_image(ONE)
    item = {"Config": "c.json", "RepoTags": ["localhost/linked:1"], "Layers": ["second/layer.tar"]}
    files = [
        File("c.json", config),
        File("first/layer.tar", ONE),
        symlink("second/layer.tar", "../first/layer.tar"),
        File("manifest.json", json.dumps([item]).encode()),
    ]
    await load(played_engine, layer_tar(files))
    assert (await played_engine.images.get("localhost/linked:1")).layers == (digest_of(ONE),)


# --- several under one index ---


async def test_an_index_is_pushed_with_what_is_said_of_its_images(played_engine: EmbeddedEngine) -> None:
    said = Attestation(predicate_type="https://slsa.dev/provenance/v0.2", predicate=b'{"by": "us"}')
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        name = f"{registry.host}/app:1"
        await played_engine.images.tag(IMAGE, name)
        request = PushImage(reference=name, index=(IndexEntry(image=IMAGE, attestations=(said,)),))
        digest = await played_engine.images.push(request).result()
        raw, kind = registry.manifests["app", "1"]
        index = json.loads(raw)
        image, attested = index["manifests"]
        manifest = json.loads(registry.manifests["app", attested["digest"]][0])
        statement = json.loads(registry.blobs[manifest["layers"][0]["digest"]])
        config = json.loads(registry.blobs[manifest["config"]["digest"]])
        remote = await played_engine.images.remote_image(name)

        assert (digest_of(raw), kind) == (digest, INDEX)
        assert image["platform"]["architecture"] == HERE["architecture"]
        assert (image["digest"], image["mediaType"]) in {
            (digest_of(each), kind) for each, kind in registry.manifests.values()
        }
        await played_engine.images.remove(name)
        pulled = await played_engine.images.pull(PullImage(reference=name)).result()
        assert pulled == (await played_engine.images.get(IMAGE)).id

    assert attested["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert attested["annotations"] == {
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }
    assert manifest["layers"][0]["annotations"] == {"in-toto.io/predicate-type": said.predicate_type}
    assert (statement["predicate"], statement["predicateType"]) == ({"by": "us"}, said.predicate_type)
    assert statement["subject"][0]["digest"] == {"sha256": image["digest"].removeprefix("sha256:")}
    assert statement["subject"][0]["name"].startswith(f"pkg:docker/{name.rpartition(':')[0]}@1?platform=linux")
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]
    assert (remote.digest, remote.media_type, remote.size) == (digest, INDEX, len(raw))
    assert str(host_platform()) in [str(each) for each in remote.platforms]


async def test_what_a_registry_has_of_a_name_is_told_without_pulling(played_engine: EmbeddedEngine) -> None:
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        made = registry.image("app", "1", [ONE], architecture="arm64", variant="v8")
        remote = await played_engine.images.remote_image(f"{registry.host}/app:1")
        assert (remote.digest, remote.media_type, remote.size) == (made["digest"], MANIFEST, made["size"])
        assert [str(each) for each in remote.platforms] == ["linux/arm64"]
        assert remote.reference == f"{registry.host}/app:1"
        by_digest = await played_engine.images.remote_image(f"{registry.host}/app@{made['digest']}")
        assert by_digest.digest == made["digest"]


# --- whose machine ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amd64", "linux/amd64"),
        ("X86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("macos/arm64", "darwin/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("armel", "linux/arm/v6"),
        ("i686", "linux/386"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("loongarch64", "linux/loong64"),
        ("windows/amd64", "windows/amd64"),
        ("riscv64", "linux/riscv64"),
    ],
)
def test_platforms_have_one_spelling(text: str, said: str) -> None:
    assert str(parse_platform(text)) == said


def test_the_nearest_platform_is_chosen() -> None:
    from engine.images.known.manifest import parse_manifest

    def chosen(wanted: str, *offered: str) -> str:
        members = []
        for number, text in enumerate(offered):
            parts = dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))
            members.append({"mediaType": MANIFEST, "digest": f"sha256:{number:064}", "size": 1, "platform": parts})
        raw = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": members}).encode()
        parsed: Any = parse_manifest(raw)
        return offered[int(choose(parsed.manifests, parse_platform(wanted), "it").digest[7:])]

    assert chosen("linux/arm/v7", "linux/arm/v5", "linux/arm/v6", "linux/arm64") == "linux/arm/v6"
    assert chosen("linux/arm/v7", "linux/arm/v6", "linux/arm/v7") == "linux/arm/v7"
    assert chosen("linux/amd64", "linux/amd64/v2", "linux/amd64") == "linux/amd64"
    assert chosen("linux/amd64", "linux/amd64/v2") == "linux/amd64/v2"
    assert chosen("linux/arm64", "linux/arm64/v9", "linux/arm64/v8") == "linux/arm64/v8"
    assert chosen("linux/riscv64", "linux/riscv64/x", "linux/amd64") == "linux/riscv64/x"
    with pytest.raises(WherryError) as caught:
        chosen("linux/amd64", "linux/arm64", "unknown/unknown", "linux/arm/v6")
    assert caught.value.explanation == "It is offered for linux/arm/v6, linux/arm64."
    assert (caught.value.code, caught.value.subject) == (Code.NO_PLATFORM, "it")
    assert no_platform("it", host_platform(), []).explanation == "It names no platform at all."


def test_an_image_that_is_here_for_another_machine_is_told() -> None:
    must_match("", platforms.parse_platform("linux/s390x"), "web")
    must_match("linux/arm64/v8", platforms.parse_platform("linux/arm64"), "web")
    with pytest.raises(WherryError) as caught:
        must_match("linux/amd64", platforms.parse_platform("linux/s390x"), "web")
    assert (caught.value.code, caught.value.subject) == (Code.NO_PLATFORM, "web")
    assert "linux/amd64" in caught.value.hint
    assert caught.value.docker == (
        "image with reference web was found but does not match the specified platform: "
        "wanted linux/amd64, actual: linux/s390x"
    )
