"""Caches from elsewhere are strangers' documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.builder.caching.cache import CachedStep
from engine.builder.caching.outside_cache import (
    STEPS_TYPE,
    digest_of,
    manifest_document,
    read_inline,
    read_manifest,
    read_steps,
    steps_document,
)
from engine.errors import InvalidRequest
from engine.images.known.records import Archive

KEY, LAYER = "a" * 64, f"sha256:{'b' * 64}"
STEP = CachedStep(diff_id=LAYER, description="RUN true", created_ns=7, size=9)


def documents(config: bytes) -> bytes:
    archive = Archive(digest=f"sha256:{'c' * 64}", media_type="x/y", size=3)
    return manifest_document(config, [(LAYER, archive)])


def test_what_is_written_is_read() -> None:
    config = json.dumps(steps_document({KEY: STEP})).encode()
    found = read_steps(read_manifest(documents(config)), config)
    assert found.steps == {KEY: STEP}
    assert found.layers[LAYER].size == 3
    assert read_inline(json.dumps({"io.wherry.buildcache.v1": steps_document({KEY: STEP})}).encode()).steps == {
        KEY: STEP
    }


def test_a_list_that_is_not_the_one_that_was_named_is_refused() -> None:
    config = json.dumps(steps_document({KEY: STEP})).encode()
    with pytest.raises(InvalidRequest):
        read_steps(read_manifest(documents(config)), config + b" ")


def test_a_cache_of_buildkit_is_told_apart() -> None:
    raw = json.dumps(
        {"manifests": [{"digest": LAYER, "size": 1, "mediaType": "application/vnd.buildkit.cacheconfig.v0"}]}
    )
    with pytest.raises(InvalidRequest, match="BuildKit"):
        read_manifest(raw.encode())


@pytest.mark.parametrize(
    "step",
    [
        {"key": "../../etc", "description": "", "created_ns": 1},
        {"key": KEY, "description": "x" * 5000, "created_ns": 1},
        {"key": KEY, "description": "", "created_ns": 1, "size": -1},
    ],
)
def test_steps_that_cannot_be_are_refused(step: dict[str, Any]) -> None:
    config = json.dumps({"steps": [step]}).encode()
    manifest = {"config": {"mediaType": STEPS_TYPE, "digest": digest_of(config), "size": len(config)}, "layers": []}
    with pytest.raises(InvalidRequest):
        read_steps(read_manifest(json.dumps(manifest).encode()), config)


def test_a_layer_is_only_known_by_a_digest() -> None:
    config = json.dumps({"steps": [{"key": KEY, "description": "", "created_ns": 1, "diff_id": "../x"}]}).encode()
    assert read_steps(read_manifest(documents(config)), config).steps == {}


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
@pytest.mark.bulk
def test_nonsense_is_refused_in_words(value: Any) -> None:
    raw = json.dumps(value).encode()
    with pytest.raises(InvalidRequest):
        read_manifest(raw)
