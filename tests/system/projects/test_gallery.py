"""Every template of the gallery comes up healthy, with an image that behaves like the real one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import WherryError
from engine.types.containers import Health
from engine.types.gallery import AddFromGallery
from engine.types.projects import DownProject, ReadProject, UpProject
from tests.support.git_server import serve_repository
from tests.support.processes import free_port
from tests.support.stand_in import REFERENCE, stand_in_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

_TOGETHER = 16


async def load_stand_in(engine: EmbeddedEngine) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield stand_in_archive()

    await engine.images.load(stream()).result()


def with_stand_ins(services: dict[str, Any]) -> dict[str, Any]:
    """An override: the stand-in's image, told the ports that are published or checked, and where data lies."""
    found = {}
    for name, service in services.items():
        ports = {str(port["target"]) for port in service.get("ports") or []}
        ports |= set(re.findall(r"127\.0\.0\.1[:/ ](?:tcp/)?(\d+)", json.dumps(service["healthcheck"]["test"])))
        places = [mount["target"] for mount in service.get("volumes") or []]
        told = {"STAND_IN_PORTS": " ".join(sorted(ports or {"1"})), "STAND_IN_DATA": " ".join(places)}
        found[name] = {"image": REFERENCE, "environment": told, "entrypoint": ["/service"], "stop_grace_period": "0s"}
    return found


async def test_every_template_comes_up_healthy(engine: EmbeddedEngine, tmp_path: Path) -> None:
    await load_stand_in(engine)
    templates = list(await engine.gallery.list())
    for first in range(0, len(templates), _TOGETHER):
        compose = env = ""
        for template in templates[first : first + _TOGETHER]:
            values = {field.name: str(free_port()) for field in template.fields if field.kind == "port"}
            made = await engine.gallery.fill(
                AddFromGallery(template=template.id, values=values, compose=compose, env=env)
            )
            compose, env = made.compose, made.env
        (tmp_path / "compose.yaml").write_text(compose)
        (tmp_path / ".env").write_text(env)
        source = ReadProject(files=(str(tmp_path / "compose.yaml"),), name="gallery")
        read = json.loads((await engine.projects.read(source)).json)
        (tmp_path / "stand-in.json").write_text(json.dumps({"services": with_stand_ins(read["services"])}))
        both = ReadProject(files=(*source.files, str(tmp_path / "stand-in.json")), name="gallery")
        await engine.projects.up(UpProject(source=both, wait=True)).result()
        states = {one.name: one.health.status for one in await engine.containers.list()}
        assert set(states.values()) == {Health.HEALTHY}, states
        await engine.projects.down(DownProject(source=both, volumes=True)).result()


async def test_templates_of_a_git_address_are_fetched_renewed_and_forgotten(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    wiki = "services:\n  wiki:\n    image: wiki:${WIKI_VERSION:-2}\n"
    files = {
        "wiki/compose.yaml": wiki,
        "forum.yaml": "services: {forum: {image: forum}}\n",
        "broken.yaml": "services: [\n",
    }
    secret = tmp_path / "secret.yaml"
    secret.write_text("services: {leaked: {image: leaked}}\n")
    with serve_repository(tmp_path, files) as repository:
        (repository.work / "leaked.yaml").symlink_to(secret)
        (repository.work / "wiki/compose.yml").symlink_to(secret)
        (repository.work / "deep").symlink_to(tmp_path)
        repository.publish()
        source = await engine.gallery.add_source(repository.address)
        assert (source.templates, len(source.problems)) == (2, 1)
        theirs = {one.id: one for one in await engine.gallery.list() if one.source}
        assert {one.title.lower() for one in theirs.values()} == {"wiki", "forum"}
        key = next(key for key in theirs if "wiki" in key)
        made = await engine.gallery.fill(AddFromGallery(template=key, values={"WIKI_VERSION": "3"}))
        assert "WIKI_VERSION=3" in made.env

        (repository.work / "blog.yaml").write_text("services: {blog: {image: blog}}\n")
        repository.publish()
        assert (await engine.gallery.add_source(repository.address)).templates == 3
        below = await engine.gallery.add_source(f"{repository.address}#main:wiki")
        assert below.templates == 1
    with pytest.raises(WherryError):
        await engine.gallery.add_source(repository.address)
    assert [one.templates for one in await engine.gallery.sources()] == [3, 1]
    for address in (repository.address, f"{repository.address}#main:wiki"):
        await engine.gallery.remove_source(address)
    assert not [one for one in await engine.gallery.list() if one.source]
