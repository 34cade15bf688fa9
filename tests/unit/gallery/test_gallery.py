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


# --- templates of others ---


COMPOSE = "services:\n  web:\n    image: web:${TAG:-1}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "x.yaml has no services"),
        ("services: []\n", "x.yaml has no services"),
        ("services: {}\n", "x.yaml has no services"),
        (f"x-gallery: 5\n{COMPOSE}", "x-gallery must be a mapping"),
        (f"x-gallery: {{form: [a]}}\n{COMPOSE}", "a mapping of at most 40 fields is needed"),
        (
            f"x-gallery: {{form: {{{', '.join(f'A{n}: {{}}' for n in range(41))}}}}}\n{COMPOSE}",
            "a mapping of at most 40",
        ),
        (f"x-gallery: {{form: {{a-b: {{}}}}}}\n{COMPOSE}", "“a-b” is no name of a variable"),
        (f"x-gallery: {{form: {{A: {{kind: colour}}}}}}\n{COMPOSE}", "“colour” is no kind of a field"),
    ],
)
def test_a_file_that_is_no_template_says_why(text: str, told: str) -> None:
    with pytest.raises(ComposeError) as caught:
        read_template(text, "x.yaml", "x")
    assert told in str(caught.value)


def test_a_template_is_read_with_all_it_says() -> None:
    header = (
        "x-gallery:\n  title: The web\n  category: web\n  about: {en: A web, de: Ein Netz}\n  opens: web:80\n"
        "  data: {shop: /srv}\n  form:\n    TAG: {kind: version, default: 2, choices: [1, 2], label: Which}\n"
        "    NOTE:\n"
    )
    read = read_template(f"name: x\n{header}{COMPOSE}# the end\n", "x.yaml", "x", "/own")
    assert (read.title, read.category, read.about, read.opens) == (
        "The web",
        "web",
        {"en": "A web", "de": "Ein Netz"},
        "web:80",
    )
    assert (read.services, read.images, read.data, read.source) == (
        ("web",),
        ("web:${TAG:-1}",),
        {"shop": "/srv"},
        "/own",
    )
    assert [(each.name, each.kind, each.default, each.label, each.choices) for each in read.fields] == [
        ("TAG", "version", "2", {"en": "Which"}, ("1", "2")), ("NOTE", "text", "", {}, ()),
    ]  # fmt: skip
    assert read.text == f"name: x\n{COMPOSE}# the end\n"


def test_a_file_without_a_header_asks_for_its_variables() -> None:
    text = (
        "services:\n  web:\n    image: web:${TAG:-1}\n"
        "    environment:\n      A: ${DB_PASSWORD}\n      B: ${API_TOKEN:-known}\n"
        "      C: ${MY_SECRET}\n    ports: ['${WEB_PORT:-80}:80']\n"
    )
    read = read_template(text, "x.yaml", "plain")
    assert (read.title, read.category, read.about, read.data) == ("plain", "", {}, {})
    assert [(each.name, each.kind, each.default, each.label) for each in read.fields] == [
        ("API_TOKEN", "text", "known", {"en": "API_TOKEN"}),
        ("DB_PASSWORD", "password", "", {"en": "DB_PASSWORD"}),
        ("MY_SECRET", "password", "", {"en": "MY_SECRET"}),
        ("TAG", "text", "1", {"en": "TAG"}),
        ("WEB_PORT", "port", "80", {"en": "WEB_PORT"}),
    ]
    assert read_template(f"x-gallery: {{about: Words}}\n{COMPOSE}", "x.yaml", "x").about == {"en": "Words"}


async def test_templates_of_a_folder_are_listed_behind_those_of_the_program(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for name in (
        "mine.yaml",
        "postgres.yml",
        "nested/compose.yaml",
        "other/docker-compose.yml",
        "none/readme.txt",
        "a.txt",
    ):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(COMPOSE)
    (own / "bad.yaml").write_text("services: 5\n")
    (own / "linked.yaml").symlink_to(own / "mine.yaml")
    service = GalleryService(tmp_path / "place")
    added = await service.add_source(str(own))
    assert (added.address, added.templates, len(added.problems)) == (str(own), 5, 1)
    assert added.problems[0].endswith("bad.yaml has no services")
    assert await service.sources() == [added]
    listed = {each.id: each.source for each in await service.list()}
    assert {name: listed[name] for name in ("mine", "nested", "other", "linked", "postgres")} == {
        "mine": str(own), "nested": str(own), "other": str(own), "linked": str(own), "postgres": "",
    }  # fmt: skip
    assert (await service.get("mine")).text == COMPOSE
    assert await service.add_source(str(own)) == added
    assert await service.sources() == [added], "it is known once"
    assert await GalleryService(tmp_path / "place").sources() == [added]
    await service.remove_source(str(own))
    assert await service.sources() == []
    with pytest.raises(NotFound) as caught:
        await service.get("mine")
    assert caught.value.subject == "mine"
    with pytest.raises(NotFound) as caught:
        await service.remove_source(str(own))
    assert caught.value.subject == str(own)


async def test_a_source_without_templates_is_refused(tmp_path: Path) -> None:
    service = GalleryService(tmp_path / "place")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/bad.yaml").write_text("services: 5\n")
    with pytest.raises(InvalidRequest) as caught:
        await service.add_source(str(tmp_path / "empty"))
    assert str(caught.value.explanation).endswith("bad.yaml has no services")
    with pytest.raises(NotFound) as lost:
        await service.add_source(str(tmp_path / "nowhere"))
    assert str(tmp_path / "nowhere") in lost.value.title
    assert await service.sources() == []


async def test_what_cannot_be_filled_in_is_told_by_its_title(tmp_path: Path) -> None:
    service = GalleryService(tmp_path)
    with pytest.raises(InvalidRequest) as caught:
        await service.fill(AddFromGallery(template="postgres", compose="services: [\n"))
    assert caught.value.title.startswith("PostgreSQL cannot be added: ")
    made = await service.fill(AddFromGallery(template="postgres"))
    assert "postgres" in made.compose


def test_places_of_faults_and_what_is_filled_in_are_told_whole() -> None:
    text = f"x-gallery:\n  form:\n    A: {{kind: colour}}\n{COMPOSE}"
    with pytest.raises(ComposeError) as caught:
        read_template(text, "x.yaml", "x")
    problem = caught.value.problems[0]
    assert (problem.path, problem.mark is not None) == (("x-gallery", "form", "A"), True)
    assert problem.message == "“colour” is no kind of a field: version, port, password, memory, text"
    with pytest.raises(ComposeError) as caught:
        read_template(f"x-gallery:\n  form:\n    a-b: {{}}\n{COMPOSE}", "x.yaml", "x")
    problem = caught.value.problems[0]
    assert (problem.path, problem.mark is not None) == (("x-gallery", "form", "a-b"), True)
    with pytest.raises(ComposeError) as caught:
        read_template(f"x-gallery: {{form: 5}}\n{COMPOSE}", "x.yaml", "x")
    assert caught.value.problems[0].path == ("x-gallery", "form")
    most = ", ".join(f"A{number}: {{}}" for number in range(40))
    assert len(read_template(f"x-gallery: {{form: {{{most}}}}}\n{COMPOSE}", "x.yaml", "x").fields) == 40
    asked = read_template("services: {a: {image: '${MY_TOKEN}'}}\n", "x.yaml", "x").fields
    assert [(each.name, each.kind) for each in asked] == [("MY_TOKEN", "password")]


def test_what_is_made_says_which_services_and_where_they_open() -> None:
    header = (
        "x-gallery:\n  title: The web\n  opens: 'http://localhost:${PORT}/${NONE}'\n"
        "  form:\n    PORT: {kind: port, default: 80}\n"
    )
    each = read_template(f"{header}{COMPOSE}", "x.yaml", "x")
    made = fill(each, AddFromGallery(template="x", values={"PORT": "65535"}, env="PORT=1\nKEPT=2\n"))
    assert (made.services, made.opens) == (("web",), "http://localhost:65535/")
    assert made.env == "PORT=65535\nKEPT=2\n"
    assert fill(each, AddFromGallery(template="x", values={"PORT": "1"}, env="PORT=1\n")).env == "PORT=1\n"
    for wrong in ("0", "65536", "²", "http"):
        with pytest.raises(InvalidRequest) as caught:
            fill(each, AddFromGallery(template="x", values={"PORT": wrong}))
        assert caught.value.subject == "PORT"
    with pytest.raises(InvalidRequest) as caught:
        fill(each, AddFromGallery(template="x", values={"OTHER": "0"}))
    assert (caught.value.title, caught.value.explanation) == ("The web has no field OTHER", "It has PORT.")


async def test_a_folder_with_very_many_files_is_read_as_far_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.gallery.gallery_service._MOST_FILES", 3)
    own = tmp_path / "own"
    for name in ("a/compose.yml", "b/docker-compose.yaml", "c.yaml", "d.yaml"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(COMPOSE)
    (own / "0").symlink_to("a")
    service = GalleryService(tmp_path / "deep/place")
    assert (await service.add_source(str(own))).templates == 3
    assert (tmp_path / "deep/place").stat().st_mode & 0o777 == 0o700
    assert {each.id for each in await service.list() if each.source} == {"a", "b", "c"}
    (own / "a/compose.yml").unlink()
    (own / "a/compose.yml").symlink_to("../c.yaml")
    assert (await service.sources())[0].templates == 3, "the links of one's own are followed"


async def test_long_names_of_nothing_are_cut(tmp_path: Path) -> None:
    service = GalleryService(tmp_path)
    with pytest.raises(NotFound) as caught:
        await service.get("x" * 101)
    assert caught.value.title == f"The gallery has no “{'x' * 100}”"
    with pytest.raises(NotFound) as caught:
        await service.remove_source("y" * 201)
    assert caught.value.title == f"No templates come from {'y' * 200}"
    with pytest.raises(NotFound) as caught:
        await service.add_source(str(tmp_path / "none"))
    assert caught.value.explanation == "Or a git address is meant, which ends with .git."
