"""What would happen, before it happens: wanted against actual as steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine.compose.faults import ComposeError
from engine.compose.planning.hashing import network_hash, service_hash
from engine.compose.planning.plan import Actual, Plan, Present, only_stopped, plan_build, plan_down, plan_up
from engine.compose.reading.leaning import resolved
from engine.compose.reading.loading import Project, Request, load
from engine.types.projects import UpOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = """
services:
  web: {image: web, depends_on: [db], networks: [front, back], environment: {A: "1"}, volumes: [data:/d]}
  db: {image: db, networks: [back]}
  tool: {build: ., networks: [back]}
networks: {front: , back: }
volumes: {data: }
"""


def project(text: str = TEXT) -> Project:
    def opened(path: str) -> str:
        if path != "/p/compose.yaml":
            raise FileNotFoundError(path)
        return text

    return load(Request(("/p/compose.yaml",), "/p"), opened)


def running(made: Project, *names: str, **changed: Any) -> Actual:
    containers = []
    for name in names:
        service, _, number = name.partition("-")
        fields: dict[str, Any] = {
            "id": f"id-{name}",
            "name": f"p-{service}-{number}",
            "service": service,
            "number": int(number),
            "config_hash": service_hash(made.services[service]) if service in made.services else "gone",
            "image_id": f"image-{service}",
            "running": True,
        }
        containers.append(Present(**{**fields, **changed}))
    return Actual(
        containers=tuple(containers),
        networks={f"p_{each}": network_hash({"name": f"p_{each}"}) for each in ("front", "back")},
        volumes=frozenset({"p_data"}),
        images={"web": "image-web", "db": "image-db", "p-tool": "image-tool"},
    )


def test_what_a_cut_off_replacement_left_is_finished_or_removed() -> None:
    made = project("services: {web: {image: web}}")
    successor = replace(running(made, "web-1").containers[0], id="new", name="0123456789ab_p-web-1")
    alone = replace(running(made), containers=(successor,))
    step = next(step for step in plan_up(made, alone).steps if step.service == "web")
    assert (step.action, step.subject, step.container) == ("keep", "p-web-1", "new")
    both = replace(running(made), containers=(successor, running(made, "web-1").containers[0]))
    plan = plan_up(made, both)
    removals = [(step.id, step.reason) for step in plan.steps if step.action == "remove"]
    assert removals == [("remove:0123456789ab_p-web-1", "unfinished")]
    assert plan.steps[-1].needs[-1] == "remove:0123456789ab_p-web-1"


def test_who_lives_in_a_container_that_is_replaced_is_made_anew() -> None:
    text = """
services:
  gate: {image: gate}
  inside: {image: inside, network_mode: "service:gate", depends_on: {gate: {condition: service_started, restart: true}}}
  beside: {image: beside, depends_on: {gate: {condition: service_started, restart: true}}}
"""
    made = project(text)
    there = running(made, "gate-1", "inside-1", "beside-1")
    images = {name: f"image-{name}" for name in made.services}
    hashed = service_hash(resolved(made.services["inside"], {"gate": "id-gate-1"}))
    inside = replace(there.containers[1], config_hash=hashed)
    there = replace(there, containers=(there.containers[0], inside, there.containers[2]), images=images)
    there = replace(there, networks={"p_default": ""})
    assert not plan_up(made, there).changes
    newer = replace(there, images={**images, "gate": "image-newer"})
    done = {step.subject: step.action for step in plan_up(made, newer).changes if step.action != "start"}
    assert done == {"p-gate-1": "recreate", "p-inside-1": "recreate", "p-beside-1": "restart"}


def ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.changes]


def needs(plan: Plan, step: str) -> Sequence[str]:
    return next(each.needs for each in plan.steps if each.id == step)


def test_from_nothing_everything_is_made_and_what_is_leant_on_comes_first() -> None:
    plan = plan_up(project(), Actual())

    assert set(ids(plan)) == {
        "network:p_back", "network:p_front", "volume:p_data", "pull:web", "pull:db", "build:tool",
        "create:p-web-1", "create:p-db-1", "create:p-tool-1", "start:p-web-1", "start:p-db-1", "start:p-tool-1",
    }  # fmt: skip
    assert set(needs(plan, "create:p-web-1")) == {
        "pull:web", "network:p_front", "network:p_back", "volume:p_data", "start:p-db-1",
    }  # fmt: skip
    order = [step.id for step in plan.steps]
    assert all(order.index(need) < order.index(step.id) for step in plan.steps for need in step.needs)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (UpOptions(build=True), {"tool": "image may change", "web": "", "db": ""}),
        (UpOptions(pull="always"), {"tool": "", "web": "image may change", "db": "image may change"}),
        (UpOptions(build=True, recreate="never"), {"tool": "", "web": "", "db": ""}),
        (UpOptions(), {"tool": "", "web": "", "db": ""}),
    ],
)
def test_what_is_kept_only_as_long_as_its_image_is_the_same_says_so(options: UpOptions, said: dict[str, str]) -> None:
    made = project()
    plan = plan_up(made, running(made, "web-1", "db-1", "tool-1"), options)
    assert {step.service: step.reason for step in plan.steps if step.action == "keep"} == said


def test_what_is_as_it_should_be_stays() -> None:
    made = project()

    assert ids(plan_up(made, running(made, "web-1", "db-1", "tool-1"))) == []


def test_a_changed_field_is_named_and_keeps_the_files() -> None:
    before, after = project(), project(TEXT.replace('A: "1"', 'A: "2"'))
    plan = plan_up(after, running(before, "web-1", "db-1", "tool-1"), made_with=before.services)

    step = plan.changes[0]
    assert (step.action, step.subject) == ("edit", "p-web-1")
    assert [(each.field, each.before, each.after) for each in step.why] == [("environment.A", "1", "2")]


@pytest.mark.parametrize(
    ("options", "action"),
    [
        (UpOptions(keep_files=False), "recreate"),
        (UpOptions(recreate="always"), "recreate"),
        (UpOptions(recreate="never"), "keep"),
    ],
)
def test_how_changes_are_made_can_be_chosen(options: UpOptions, action: str) -> None:
    before, after = project(), project(TEXT.replace('A: "1"', 'A: "2"'))
    plan = plan_up(after, running(before, "web-1", "db-1", "tool-1"), options, before.services)

    assert next(step.action for step in plan.steps if step.subject == "p-web-1") == action


def test_other_volumes_or_an_unknown_past_make_a_new_container() -> None:
    before, after = project(), project(TEXT.replace("data:/d", "data:/e"))

    for past in (before.services, {}):
        plan = plan_up(after, running(before, "web-1", "db-1", "tool-1"), made_with=past)
        assert plan.changes[0].action == "recreate"


def test_a_newer_image_makes_a_new_container() -> None:
    made = project()
    plan = plan_up(made, running(made, "web-1", "db-1", "tool-1", image_id="older"))

    assert {step.action for step in plan.changes} == {"recreate", "start"}
    assert {step.reason for step in plan.changes if step.action == "recreate"} == {"image"}


def test_a_stopped_one_is_only_started() -> None:
    made = project()

    assert ids(plan_up(made, running(made, "web-1", "db-1", "tool-1", running=False))) == [
        "start:p-db-1", "start:p-tool-1", "start:p-web-1",
    ]  # fmt: skip


def test_scaling_removes_the_highest_and_fills_the_gaps() -> None:
    made = project()
    actual = running(made, "web-1", "db-1", "tool-1", "tool-2", "tool-4")

    assert "remove:p-tool-4" in ids(plan_up(made, actual, UpOptions(scale={"tool": 2})))
    assert "create:p-tool-3" in ids(plan_up(made, actual, UpOptions(scale={"tool": 4})))


def test_only_what_was_asked_for_and_what_it_leans_on() -> None:
    plan = plan_up(project(), Actual(), UpOptions(services=("web",)))
    assert not [step for step in plan.steps if step.service == "tool"]

    alone = plan_up(project(), Actual(), UpOptions(services=("web",), dependencies=False))
    assert {step.service for step in alone.steps if step.service} == {"web"}


def test_orphans_go_when_asked() -> None:
    made = project()
    actual = running(made, "web-1", "db-1", "tool-1", "old-1")

    assert ids(plan_up(made, actual)) == []
    assert ids(plan_up(made, actual, UpOptions(remove_orphans=True))) == ["remove:p-old-1"]


def test_something_external_that_is_not_there_is_told() -> None:
    made = project("services: {a: {image: x, networks: [n]}}\nnetworks: {n: {external: true}}\n")

    with pytest.raises(ComposeError, match="network n declared as external, but could not be found"):
        plan_up(made, Actual())


def test_a_service_that_does_not_exist_and_the_one_that_was_meant() -> None:
    with pytest.raises(ComposeError, match="did you mean “tool”"):
        plan_up(project(), Actual(), UpOptions(services=("tol",)))


def test_down_takes_dependants_first_and_leaves_volumes() -> None:
    made = project()
    plan = plan_down(made, "p", running(made, "web-1", "db-1", "tool-1"))

    assert needs(plan, "remove:p-db-1") == ("remove:p-web-1",)
    assert {"remove-network:p_front", "remove-network:p_back"} <= set(ids(plan))
    assert not [step for step in plan.steps if step.action == "remove-volume"]
    with_volumes = plan_down(made, "p", running(made, "web-1"), volumes=True)
    assert "remove-volume:p_data" in ids(with_volumes)


def test_what_can_still_be_taken_back_only_stops_and_in_the_same_order() -> None:
    made = project()
    here = running(made, "web-1", "db-1", "tool-1")
    here = replace(here, containers=(*here.containers[:2], replace(here.containers[2], running=False)))
    plan = only_stopped(plan_down(made, "p", here, volumes=True), here)
    assert sorted(ids(plan)) == ["stop:p-db-1", "stop:p-web-1"]
    assert needs(plan, "stop:p-db-1") == ("stop:p-web-1",)


def test_building_alone_builds_only_what_has_a_build() -> None:
    assert ids(plan_build(project())) == ["build:tool"]
