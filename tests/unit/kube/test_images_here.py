"""Images that only this computer has, for a cluster that cannot fetch them from here."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.errors import InvalidRequest
from engine.plays.images_here import names_at, only_here, with_images
from tests.fakes.engine import open_fake_engine

WEB = """
# a remark
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec:
    template:
      spec:
        initContainers: [{name: first, image: "team/shop:1"}]
        containers: [{name: app, image: "team/shop:1"}, {name: side, image: elsewhere/side}]
"""


def test_names_at_a_registry_are_the_last_words_unless_two_share_one() -> None:
    assert names_at("reg.example/me/", ["team/shop:1", "localhost:5000/side"]) == {
        "team/shop:1": "reg.example/me/shop:1", "localhost:5000/side": "reg.example/me/side:latest",
    }  # fmt: skip
    assert names_at("https://reg.example", ["a/web:1", "b/web:2"]) == {
        "a/web:1": "reg.example/a-web:1", "b/web:2": "reg.example/b-web:2",
    }  # fmt: skip
    with pytest.raises(InvalidRequest, match="registry is needed"):
        names_at(" ", ["web"])


def test_every_container_of_a_manifest_gets_the_new_name() -> None:
    made = with_images({"a.yaml": WEB}, {"team/shop:1": "reg.example/shop:1"})["a.yaml"]
    assert made.count("reg.example/shop:1") == 2
    assert "team/shop" not in made
    assert "elsewhere/side" in made
    with pytest.raises(InvalidRequest, match="cannot be used"):
        with_images({"a.yaml": "a: ["}, {})


async def test_an_image_that_a_registry_gave_or_got_is_not_only_here() -> None:
    engine = await open_fake_engine()
    try:
        image = next(each for each in engine.store.images.values() if each.tags)
        await engine.images.tag(image.id, "team/shop:1")
        assert await only_here(engine, {"a.yaml": WEB}) == ["team/shop:1"], "another that is not here is the cluster's"
        shop = await engine.images.get("team/shop:1")
        engine.store.put("image", replace(shop, digests=("team/shop@sha256:" + "0" * 64,)), "push")
        assert await only_here(engine, {"a.yaml": WEB}) == []
    finally:
        await engine.close()
