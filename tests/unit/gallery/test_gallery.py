"""The gallery's templates: every one valid, planned, and put into a project's files without touching what is there."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from engine.compose.faults import ComposeError
from engine.compose.planning.plan import Actual, plan_up
from engine.compose.reading.loading import Project, Request, load
from engine.compose.text.adding import with_services
from engine.compose.text.env_text import quoted, with_variable
from engine.compose.text.variables import read_env_file
from engine.errors import InvalidRequest, NotFound
from engine.gallery.filling import fill
from engine.gallery.gallery_service import GalleryService
from engine.gallery.template import read_template
from engine.types.gallery import AddFromGallery, GalleryTemplate
from resources import resource

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(resource("gallery").glob("*.yaml"))
CATEGORIES = {"databases", "brokers", "web", "monitoring", "storage", "tools", "apps"}


def template(name: str) -> GalleryTemplate:
    path = resource("gallery") / f"{name}.yaml"
    return read_template(path.read_text(), str(path), name)


def project(compose: str, env: str) -> Project:
    def opened(path: str) -> str:
        if path == "/p/compose.yaml":
            return compose
        if path == "/p/.env":
            return env
        raise FileNotFoundError(path)

    return load(Request(("/p/compose.yaml",), "/p"), opened)


def test_there_are_about_forty_of_every_kind() -> None:
    assert len(FILES) >= 40
    assert {template(path.stem).category for path in FILES} == CATEGORIES


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_template_is_whole_and_is_planned(name: str) -> None:
    each = template(name)
    made = fill(each, AddFromGallery(template=name))
    read = project(made.compose, made.env)
    assert not read.warnings  # every variable is filled in
    plan = plan_up(read, Actual())
    assert {step.service for step in plan.steps if step.action == "create"} == set(each.services)
    assert set(each.about) == {"en", "de"}
    assert {field.kind for field in each.fields} >= {"version", "memory"}
    for field in each.fields:
        assert f"${{{field.name}}}" in each.text, field.name
        assert field.label or field.kind != "text", field.name
    volumes = {
        volume["source"]: volume["target"] for made in read.services.values() for volume in made.get("volumes", [])
    }
    assert volumes == each.data
    for service in read.services.values():
        assert service["healthcheck"]["test"]
        assert service["healthcheck"]["start_interval"]
        assert service["mem_limit"]
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports") or [])
    if each.opens:
        assert made.opens.startswith("http://127.0.0.1:")
        assert "$" not in made.opens


def test_all_of_them_fit_into_one_project() -> None:
    compose = env = ""
    for path in FILES:
        made = fill(template(path.stem), AddFromGallery(template=path.stem, compose=compose, env=env))
        compose, env = made.compose, made.env
    read = project(compose, env)
    ports = [port["published"] for made in read.services.values() for port in made.get("ports") or []]
    assert len(ports) == len(set(ports))


def test_passwords_are_made_and_kept_and_never_in_the_file() -> None:
    postgres = template("postgres")
    first = fill(postgres, AddFromGallery(template="postgres"))
    password = read_env_file(first.env, ".env", {})["POSTGRES_PASSWORD"]
    assert password is not None
    assert len(password) == 24
    assert password not in first.compose
    again = fill(postgres, AddFromGallery(template="postgres", env=first.env, values={"POSTGRES_PORT": "5555"}))
    assert read_env_file(again.env, ".env", {})["POSTGRES_PASSWORD"] == password
    assert "POSTGRES_PORT=5555" in again.env
    assert fill(postgres, AddFromGallery(template="postgres")).env != first.env


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("POSTGRES_PORT", "70000", "no port"),
        ("POSTGRES_MEMORY", "lots", "no amount of memory"),
        ("POSTGRES_VERSION", "17 alpine", "no version"),
        ("POSTGRES_NAME", "a\nb", "one line"),
        ("NO_SUCH", "x", "has no field"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_field(field: str, value: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        fill(template("postgres"), AddFromGallery(template="postgres", values={field: value}))
    assert field in caught.value.title
    assert told in caught.value.title


MINE = """\
# my shop
name: shop

services:
    web:  # the page
        image: "web:1"   # ours
        ports: ['80:80']

    # not yet
    #cache: {}

volumes: {}
# the end
"""
ADDED = """\
services:
  db:
    image: db
    command:
      - sh
    volumes: [data:/d]
volumes:
  data: {}
configs:
  c:
    content: |
      a: 1
"""


def test_services_go_into_a_file_whose_own_lines_stay() -> None:
    made = with_services(MINE, ADDED)
    assert [line for line in made.split("\n") if line in MINE.split("\n")] == [
        line for line in MINE.rstrip("\n").split("\n") if line != "volumes: {}"
    ] + [""]
    read = project(made, "")
    assert set(read.services) == {"web", "db"}
    assert read.services["db"]["command"] == ["sh"]
    assert read.model["configs"]["c"]["content"] == "a: 1\n"
    with pytest.raises(ComposeError, match="is there already"):
        with_services(made, ADDED)
    with pytest.raises(ComposeError, match="one line"):
        with_services("services: {web: {image: x}}\n", ADDED)
    assert project(with_services("", ADDED), "").services["db"]["image"] == "db"


def test_a_variable_is_set_in_its_line_and_reads_as_it_was_typed() -> None:
    text = "# keep\nA=1\nexport B = 2\n"
    assert with_variable(text, "B", "3") == "# keep\nA=1\nB=3\n"
    for value in ("plain", "two words", "a$b", "it's", "both ' and \"", "a#b", "back\\slash", ""):
        made = with_variable(text, "C", value)
        assert made.startswith(text)
        assert read_env_file(made, ".env", {})["C"] == value, quoted(value)


async def test_a_folder_of_ones_own_files_is_a_source(tmp_path: Path) -> None:
    gallery = GalleryService(tmp_path / "store")
    folder = tmp_path / "ours"
    (folder / "wiki").mkdir(parents=True)
    (folder / "wiki/compose.yaml").write_text(
        "services:\n  wiki:\n    image: wiki:${WIKI_VERSION:-2}\n    environment: {P: '${WIKI_PASSWORD}'}\n"
    )
    (folder / "broken.yaml").write_text("services: [\n")
    with pytest.raises(NotFound):
        await gallery.add_source(str(tmp_path / "nowhere"))
    source = await gallery.add_source(str(folder))
    assert source.templates == 1
    assert "broken.yaml" in source.problems[0]
    wiki = await gallery.get("wiki")
    assert [(field.name, field.kind, field.default) for field in wiki.fields] == [
        ("WIKI_PASSWORD", "password", ""),
        ("WIKI_VERSION", "text", "2"),
    ]
    made = await gallery.fill(AddFromGallery(template="wiki"))
    assert "WIKI_VERSION=2" in made.env
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    await gallery.remove_source(str(folder))
    with pytest.raises(NotFound):
        await gallery.get("wiki")
