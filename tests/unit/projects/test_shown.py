"""A project as people are shown it: read, planned, refused, and found by its containers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from engine.compose import labels
from engine.compose.faults import ComposeError, Mark, Problem
from engine.compose.planning.plan import Changed, Plan, Step
from engine.errors import InvalidRequest
from engine.projects.actual import present, projects_of
from engine.projects.reading import Texts, TooLongError, plan_shown, read_project, reading_shown, refusal, step_shown
from engine.recipe.networks import EGRESS_LABEL
from engine.types.containers import Container, ContainerSpec, Health, HealthStatus, State
from engine.types.machines import MOVED_IMAGES
from engine.types.projects import FieldChange, PlannedStep, ProjectProblem, ProjectVariable, ReadProject

if TYPE_CHECKING:
    from pathlib import Path

FILE = "/p/compose.yaml"
TEXT = """
name: shop
services:
  web: {image: "web:${TAG:-1}", depends_on: [db], environment: {A: "${GIVEN}", B: "${NONE}", C: "${OWN:-x}"}}
  db: {build: ., labels: {a: ü}}
  off: {image: x, profiles: [far, away]}
"""


def source(text: str = TEXT, **fields: Any) -> ReadProject:
    return ReadProject(files=(FILE,), texts={FILE: text, "/p/.env": "OWN=file\nGIVEN=file\n"}, **fields)


def test_everything_that_can_be_told_of_a_project_by_its_files() -> None:
    shown = reading_shown(read_project(source(environment={"GIVEN": "yes"}))[0])
    assert (shown.project, shown.directory, shown.services) == ("shop", "/p", ("db", "web"))
    assert shown.images == {"web": "web:1", "db": "shop-db"}
    assert (shown.builds, shown.profiles) == (("db",), ("away", "far"))
    assert {name: len(value) for name, value in shown.hashes.items()} == {"web": 64, "db": 64}
    assert shown.depends_on == {"web": ("db",), "db": ()}
    assert shown.env_files == ("/p/.env",)
    assert shown.variables == {"TAG": "1", "GIVEN": None, "NONE": None, "OWN": "x"}
    assert shown.values == (
        ProjectVariable(name="GIVEN", value="yes", origin="environment", default=None),
        ProjectVariable(name="NONE", value="", origin="unset", default=None),
        ProjectVariable(name="OWN", value="file", origin="file", file="/p/.env", default="x"),
        ProjectVariable(name="TAG", value="1", origin="default", default="1"),
    )
    (problem,) = shown.problems
    assert ("NONE" in problem.message, problem.warning, problem.file) == (True, True, FILE)
    assert json.loads(shown.json) == yaml.safe_load(shown.yaml)
    assert "ü" in shown.json
    assert "ü" in shown.yaml
    assert shown.yaml.startswith("name: shop\n")
    assert shown.json.startswith('{\n  "name"')


def test_a_project_stands_where_it_is_said_to_or_beside_its_first_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("services: {a: {image: x}}")
    beside, texts = read_project(ReadProject(files=(str(tmp_path / "a.yaml"),)))
    assert (beside.directory, beside.files) == (str(tmp_path), (str(tmp_path / "a.yaml"),))
    assert texts.read[str(tmp_path / "a.yaml")] == "services: {a: {image: x}}"
    said, _ = read_project(ReadProject(files=(str(tmp_path / "a.yaml"),), directory="/else", name="mine"))
    assert (said.directory, said.name) == ("/else", "mine")
    with pytest.raises(InvalidRequest):
        read_project(ReadProject(files=()))


def test_files_are_read_once_and_only_so_many_characters() -> None:
    texts = Texts({"a": "12345", "b": "678"}, most=8)
    assert (texts.open("a"), texts.open("b"), texts.open("a")) == ("12345", "678", "12345")
    assert texts.read == {"a": "12345", "b": "678"}
    with pytest.raises(TooLongError):
        Texts({"a": "123456789"}, most=8).open("a")
    assert Texts({"a": "123456789"}).open("a")


def test_a_refusal_is_the_first_fault_with_all_of_them() -> None:
    error = ComposeError(Problem(("a", 0), "one", Mark("f.yaml", 3, 4)), Problem((), "two"))
    found = refusal(error)
    assert ("one" in found.title, found.subject) == (True, "f.yaml")
    assert found.explanation == "f.yaml:3:4: a[0]: one\ntwo"
    assert refusal(ComposeError(Problem((), "two"))).subject == ""


def test_a_plan_is_shown_with_what_was_found_beside_it() -> None:
    project, _ = read_project(source(environment={"GIVEN": "1", "NONE": "1"}))
    step = Step(
        "edit:x", "edit", "x", "web", 1, "id", (Changed("a", None, "b"), Changed("c", [1], {"d": 2})), "why", ("n",)
    )
    shown = step_shown(step)
    assert shown == PlannedStep(
        id="edit:x", action="edit", subject="x", service="web", reason="why", needs=("n",),
        changes=(FieldChange(field="a", before="", after="b"), FieldChange(field="c", before="[1]", after='{"d": 2}')),
    )  # fmt: skip
    found = [Problem(("services", "web"), "no", Mark(FILE, 4, 3), "do", warning=True), Problem((), "yes")]
    plan = plan_shown(project, Plan("shop", (step,)), found)
    assert (plan.project, plan.steps, plan.services) == ("shop", (shown,), ("web", "db"))
    assert plan.problems == (
        ProjectProblem(message="no", path="services.web", file=FILE, line=4, column=3, hint="do", warning=True),
        ProjectProblem(message="yes"),
    )
    assert [each.name for each in plan.values] == ["GIVEN", "NONE", "OWN", "TAG"]
    assert plan.env_files == ("/p/.env",)
    assert plan_shown(project, None).steps == ()


# --- found by its containers ---

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def container(name: str, state: State = State.RUNNING, *, age: int = 0, **fields: Any) -> Container:
    project, service, number = name.split("-")
    said = {labels.PROJECT: project, labels.SERVICE: service, labels.NUMBER: number, labels.HASH: f"hash-{name}"}
    spec = ContainerSpec(image="x", labels=said | fields.pop("more", {}))
    known = {"image": "x", "image_id": "sha256:1", "command_line": (), "created": NOW - timedelta(days=age)}
    return Container(id=f"id-{name}", name=name, spec=spec, state=state, **{**known, **fields})


def test_projects_are_those_whose_containers_are_there_and_those_brought_up_here() -> None:
    web = {labels.DIRECTORY: "/p", labels.FILES: "/p/a,/p/b", labels.DEPENDS_ON: "db:service_started:false,c:x:true"}
    found = projects_of(
        [
            container("shop-web-1", more=web, health=HealthStatus(status=Health.UNHEALTHY)),
            container("shop-web-2", State.EXITED, more=web),
            container("shop-db-1", State.PAUSED, age=3, more={labels.DIRECTORY: "/old"}),
            container("blog-app-1", State.EXITED),
            Container(
                id="i", name="n", image="x", image_id="", spec=ContainerSpec(image="x"), command_line=(),
                state=State.RUNNING, created=NOW,
            ),
        ],
        ["shop", "away"],
    )  # fmt: skip
    assert [(each.name, each.containers, each.running, each.ours) for each in found] == [
        ("away", 0, 0, True), ("blog", 1, 0, False), ("shop", 3, 2, True),
    ]  # fmt: skip
    away, _, shop = found
    assert (away.directory, away.files, away.services) == ("", (), ())
    assert (shop.directory, shop.files) == ("/p", ("/p/a", "/p/b"))
    db, web_service = shop.services
    assert (db.name, db.containers, db.running, db.unhealthy, db.depends_on) == ("db", ("id-shop-db-1",), 1, 0, ())
    assert (web_service.name, web_service.running, web_service.unhealthy) == ("web", 1, 1)
    assert web_service.containers == ("id-shop-web-1", "id-shop-web-2")
    assert web_service.depends_on == ("db", "c")


def test_a_container_is_what_its_labels_say() -> None:
    found = present(container("p-web-2"))
    assert (found.id, found.name, found.service, found.number) == ("id-p-web-2", "p-web-2", "web", 2)
    assert (found.config_hash, found.image_id, found.running) == ("hash-p-web-2", "sha256:1", True)
    assert (found.egress, found.oneoff) == ("", False)
    odd = present(container("p-web-x", State.EXITED, more={labels.ONEOFF: "True", EGRESS_LABEL: "a.b"}))
    assert (odd.number, odd.running, odd.oneoff, odd.egress) == (0, False, True, "a.b")
    for state in (State.STARTING, State.RESTARTING):
        assert present(container("p-web-1", state)).running
    plain = container("p-web-1", more={labels.IMAGE: "sha256:own"})
    assert present(plain).image_id == "sha256:1"
    there = container("p-web-1", image=f"{MOVED_IMAGES}x", more={labels.IMAGE: "sha256:own"})
    assert present(there).image_id == "sha256:own"
    assert present(container("p-web-1", image=f"{MOVED_IMAGES}x")).image_id == "sha256:1"
