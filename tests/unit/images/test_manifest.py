"""Manifests and configs from strangers: what is taken, and the words for what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import WherryError
from engine.images.known import configs, platforms
from engine.images.known.manifest import (
    DOCKER_LAYER,
    LARGEST_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Manifest,
    check_pair,
    parse_config,
    parse_manifest,
)
from engine.types.data import Platform

DIGEST = "sha256:" + "ab" * 32


def layer(**changes: Any) -> dict[str, Any]:
    return {"mediaType": f"{OCI_LAYER}+gzip", "digest": DIGEST, "size": 10} | changes


def manifest(**changes: Any) -> bytes:
    config = {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 5}
    return json.dumps({"schemaVersion": 2, "config": config, "layers": [layer()]} | changes).encode()


def config(**changes: Any) -> bytes:
    document = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [DIGEST]}}
    return json.dumps(document | changes).encode()


def test_a_good_manifest() -> None:
    parsed = parse_manifest(manifest())

    assert isinstance(parsed, Manifest)
    assert parsed.layers[0].size == 10
    check_pair(parsed, parse_config(config()))


@pytest.mark.parametrize("raw", [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"<html>", b"[" * 100_000, b'{"a":' * 100_000,
    b" " * (LARGEST_MANIFEST + 1),
    manifest(schemaVersion=3), manifest(schemaVersion=1),
    manifest(manifests=[]), manifest(layers="no"), manifest(layers=[layer()] * 501),
    manifest(layers=[layer(digest="md5:abc")]), manifest(layers=[layer(digest="sha256:short")]),
    manifest(layers=[layer(digest="sha256:../../../etc/passwd")]),
    manifest(layers=[layer(size=-1)]), manifest(layers=[layer(size=1 << 60)]), manifest(layers=[layer(size="10")]),
    manifest(layers=[layer(mediaType="application/x-evil")]), manifest(layers=[layer(mediaType="nonsense")]),
    manifest(layers=[layer(mediaType=f"{DOCKER_LAYER.replace('diff', 'foreign.diff')}.gzip", urls=["http://e/x"])]),
    manifest(config={"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": DIGEST, "size": 5}),
    manifest(config={"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 1 << 30}),
    json.dumps({"schemaVersion": 1, "fsLayers": [], "history": []}).encode(),
])  # fmt: skip
def test_bad_manifests_are_refused_in_words(raw: bytes) -> None:
    with pytest.raises(WherryError) as caught:
        parse_manifest(raw, OCI_MANIFEST)

    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("raw", [
    config(os=1), config(rootfs={"type": "layers", "diff_ids": ["sha256:x"]}), config(rootfs={"type": "windows"}),
    config(rootfs=None), config(config=[]), config(config={"Env": [1]}), config(history="x"),
    config(rootfs={"type": "layers", "diff_ids": ["sha512:" + "ab" * 64]}),
])  # fmt: skip
def test_bad_configs_are_refused(raw: bytes) -> None:
    with pytest.raises(WherryError):
        parse_config(raw)


def test_a_manifest_and_a_config_of_different_layers() -> None:
    parsed = parse_manifest(manifest(layers=[layer(), layer()]))
    assert isinstance(parsed, Manifest)

    with pytest.raises(WherryError, match="contradicts"):
        check_pair(parsed, parse_config(config()))


def test_everything_a_config_says_is_read() -> None:
    block = {
        "User": "www", "ExposedPorts": {"80/tcp": {}, "9": {}}, "Env": ["A=b", "odd"], "Entrypoint": ["/e"],
        "Cmd": "one", "Volumes": {"/v": {}}, "WorkingDir": "/w", "Labels": {"k": "v", "n": None},
        "StopSignal": "SIGINT", "Shell": ["/bin/bash", "-c"], "OnBuild": ["RUN x"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000, "Retries": 2},
    }  # fmt: skip
    found = configs.image_config(parse_config(config(config=block)))

    assert found.exposed_ports == ("9/tcp", "80/tcp")
    assert found.command == ("one",)
    assert found.labels == {"k": "v", "n": ""}
    assert found.health is not None
    assert found.health.interval == 5.0
    assert configs.image_config(parse_config(config(config=configs.config_block(found)))) == found


def test_nulls_are_as_good_as_nothing() -> None:
    block = dict.fromkeys(("User", "Env", "Cmd", "Entrypoint", "Volumes", "Labels", "ExposedPorts", "Healthcheck"))

    assert configs.image_config(parse_config(config(config=block))).env == ()
    assert parse_config(config(config=None, history=None)).history is None


def test_history_is_joined_with_its_layers() -> None:
    lines = [{"created_by": "ADD"}, {"created_by": "CMD", "empty_layer": True}]
    document = parse_config(config(history=lines, rootfs={"type": "layers", "diff_ids": [DIGEST, DIGEST[:-2] + "00"]}))
    steps = configs.history_steps(document, {DIGEST: 7})

    assert [(step.created_by, bool(step.diff_id), step.size) for step in steps] == [
        ("ADD", True, 7), ("CMD", False, 0), ("", True, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2015-10-31T22:22:56.015925234Z", 2015),
        ("2015-10-31T22:22:56+02:00", 2015),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
)
def test_times(text: str, year: int | None) -> None:
    moment = configs.parse_time(text)

    assert (moment.year if moment is not None else None) == year


@pytest.mark.parametrize(
    ("wanted", "found", "fits"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("aarch64", "linux/arm64", True),
        ("linux/arm/v7", "linux/arm/v6", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("armhf", "linux/arm/v7", True),
        ("x86_64", "linux/amd64", True),
        ("linux/amd64", "linux/amd64/v2", True),
        ("linux/amd64", "linux/amd64/v3", False),
        ("linux/amd64/v3", "linux/amd64/v3", True),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_platforms(wanted: str, found: str, fits: bool) -> None:
    assert platforms.matches(platforms.parse_platform(wanted), platforms.parse_platform(found)) is fits


@pytest.mark.parametrize("text", ["", "a/b/c/d", "linux//", "linux/a;b", " / "])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(WherryError):
        platforms.parse_platform(text)


def test_a_lone_word_is_an_architecture_or_a_system() -> None:
    assert platforms.parse_platform("arm64") == Platform(os="linux", architecture="arm64")
    assert platforms.parse_platform("windows").os == "windows"
