"""A plan's steps whole: to what, why, and what each of them waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.compose.faults import ComposeError
from engine.compose.planning.hashing import network_hash, service_hash
from engine.compose.planning.plan import (
    Actual,
    Changed,
    Plan,
    Present,
    Step,
    chosen_services,
    differences,
    plan_build,
    plan_down,
    plan_pull,
    plan_up,
)
from engine.compose.reading.loading import Project, Request, load
from engine.types.projects import UpOptions

TEXT = """
services:
  web: {image: web, depends_on: [db], networks: [front], volumes: ["data:/d"], scale: 2}
  db: {image: db, networks: [back]}
  tool: {build: {context: ., additional_contexts: {base: "service:base"}}, networks: [back]}
  base: {build: ., networks: [back]}
  far: {image: web, network_mode: host, pull_policy: always, profiles: [far]}
networks: {front: {driver: bridge}, back: }
volumes: {data: }
"""


def project(text: str = TEXT, *profiles: str) -> Project:
    def opened(path: str) -> str:
        if path != "/p/compose.yaml":
            raise FileNotFoundError(path)
        return text

    return load(Request(("/p/compose.yaml",), "/p", {}, profiles=profiles), opened)


def here(made: Project, *names: str, **changed: Any) -> Actual:
    containers = []
    for name in names:
        service, _, number = name.partition("-")
        fields: dict[str, Any] = {
            "id": f"id-{name}", "name": f"p-{name}", "service": service, "number": int(number),
            "config_hash": service_hash(made.services[service]) if service in made.services else "", "running": True,
            "image_id": f"image-{made.services[service].get('image', service)}" if service in made.services else "",
        }  # fmt: skip
        containers.append(Present(**{**fields, **changed}))
    networks = made.model["networks"]
    return Actual(
        containers=tuple(containers),
        networks={networks[key]["name"]: network_hash(networks[key]) for key in networks},
        volumes=frozenset({"p_data"}),
        images={"web": "image-web", "db": "image-db", "p-tool": "image-tool", "p-base": "image-base"},
    )


def told(plan: Plan) -> list[Step]:
    return sorted(plan.steps, key=lambda step: step.id)


def test_everything_from_nothing() -> None:
    plan = plan_up(project(), Actual())
    assert plan.project == "p"
    assert told(plan) == sorted(
        [
            Step("build:base", "build", "p-base", "base"),
            Step("build:tool", "build", "p-tool", "tool", needs=("build:base",)),
            Step("pull:db", "pull", "db", "db"),
            Step("pull:web", "pull", "web", "web"),
            Step("network:p_back", "network", "p_back", key="back"),
            Step("network:p_front", "network", "p_front", key="front"),
            Step("volume:p_data", "volume", "p_data", key="data"),
            Step("create:p-base-1", "create", "p-base-1", "base", 1, needs=("build:base", "network:p_back")),
            Step("start:p-base-1", "start", "p-base-1", "base", 1, needs=("create:p-base-1",)),
            Step("create:p-db-1", "create", "p-db-1", "db", 1, needs=("pull:db", "network:p_back")),
            Step("start:p-db-1", "start", "p-db-1", "db", 1, needs=("create:p-db-1",)),
            Step("create:p-tool-1", "create", "p-tool-1", "tool", 1, needs=("build:tool", "network:p_back")),
            Step("start:p-tool-1", "start", "p-tool-1", "tool", 1, needs=("create:p-tool-1",)),
            *(
                Step(f"create:p-web-{number}", "create", f"p-web-{number}", "web", number,
                     needs=("pull:web", "network:p_front", "volume:p_data", "start:p-db-1"))
                for number in (1, 2)
            ),
            *(
                Step(f"start:p-web-{number}", "start", f"p-web-{number}", "web", number,
                     needs=(f"create:p-web-{number}",))
                for number in (1, 2)
            ),
        ],
        key=lambda step: step.id,
    )  # fmt: skip


def test_nothing_is_started_where_that_is_asked() -> None:
    plan = plan_up(project(), Actual(), UpOptions(services=("web",), start=False))
    assert {step.action for step in plan.steps} == {"pull", "network", "volume", "create"}
    (first, *_) = [step for step in plan.steps if step.service == "web" and step.action == "create"]
    assert first.needs[-1] == "create:p-db-1"


def test_what_stays_says_of_what_it_is() -> None:
    made = project("services: {db: {image: db}}")
    assert told(plan_up(made, here(made, "db-1"))) == [Step("keep:p-db-1", "keep", "p-db-1", "db", 1, "id-db-1")]
    stopped = plan_up(made, here(made, "db-1", running=False))
    assert told(stopped) == [
        Step("keep:p-db-1", "keep", "p-db-1", "db", 1, "id-db-1"),
        Step("start:p-db-1", "start", "p-db-1", "db", 1, "id-db-1", needs=("keep:p-db-1",)),
    ]


def test_what_is_replaced_says_why() -> None:
    made = project("services: {db: {image: db}}")
    older = told(plan_up(made, here(made, "db-1", image_id="older")))
    assert older[0] == Step(
        "recreate:p-db-1", "recreate", "p-db-1", "db", 1, "id-db-1", (Changed("image", "older", "image-db"),), "image"
    )
    assert older[1] == Step("start:p-db-1", "start", "p-db-1", "db", 1, needs=("recreate:p-db-1",))
    unknown = told(plan_up(made, here(made, "db-1", config_hash="x")))
    assert (unknown[0].action, unknown[0].reason, unknown[0].why) == ("recreate", "recipe", ())
    forced = told(plan_up(made, here(made, "db-1"), UpOptions(recreate="always")))
    assert (forced[0].action, forced[0].reason) == ("recreate", "forced")
    unlike = plan_up(made, here(made, "db-1", image_id=""))
    assert [step.action for step in unlike.steps] == ["keep"], "an image nobody knows is no other one"


def test_a_changed_network_is_made_anew_with_who_is_on_it() -> None:
    made = project()
    there = here(made, "web-1", "web-2", "db-1", "tool-1", "base-1")
    there = replace(there, networks={**there.networks, "p_front": "other"})
    plan = plan_up(made, there)
    assert plan.steps[0] == Step("network:p_front", "network", "p_front", reason="changed", key="front")
    assert {(step.subject, step.reason) for step in plan.steps if step.action == "recreate"} == {
        ("p-web-1", "network"), ("p-web-2", "network"),
    }  # fmt: skip
    unknown = replace(there, networks={**there.networks, "p_front": ""})
    assert not plan_up(made, unknown).changes


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (UpOptions(services=("web",), recreate="always"), {"web"}),
        (UpOptions(services=("web",), recreate="always", recreate_dependencies=True), {"web", "db"}),
        (UpOptions(recreate="always"), {"web", "db", "tool", "base"}),
    ],
)
def test_who_is_made_anew_when_that_is_forced(options: UpOptions, expected: set[str]) -> None:
    made = project()
    plan = plan_up(made, here(made, "web-1", "web-2", "db-1", "tool-1", "base-1"), options)
    assert {step.service for step in plan.steps if step.action == "recreate"} == expected


@pytest.mark.parametrize(
    ("text", "options", "images", "fetched"),
    [
        ("image: x", UpOptions(), (), {"pull:x"}),
        ("image: x", UpOptions(), ("x",), set()),
        ("image: x", UpOptions(pull="always"), ("x",), {"pull:x"}),
        ("image: x", UpOptions(pull="never"), (), set()),
        ("image: x\n    pull_policy: always", UpOptions(), ("x",), {"pull:x"}),
        ("image: x\n    pull_policy: always", UpOptions(pull="missing"), ("x",), set()),
        ("image: x\n    pull_policy: never", UpOptions(), (), set()),
        ("image: x\n    build: .", UpOptions(), (), {"build:a"}),
        ("image: x\n    build: .", UpOptions(), ("x",), set()),
        ("image: x\n    build: .", UpOptions(build=True), ("x",), {"build:a"}),
        ("image: x\n    build: .\n    pull_policy: build", UpOptions(), ("x",), {"build:a"}),
        ("image: x\n    build: .", UpOptions(no_build=True, build=True), (), {"pull:x"}),
        ("image: x\n    build: .", UpOptions(pull="always"), ("x",), set()),
    ],
)
def test_images_come_as_the_policy_says(
    text: str, options: UpOptions, images: tuple[str, ...], fetched: set[str]
) -> None:
    made = project(f"services:\n  a:\n    {text}\n")
    plan = plan_up(made, Actual(images=dict.fromkeys(images, "i")), options)
    assert {step.id for step in plan.steps if step.action in ("pull", "build")} == fetched


def test_something_external_is_not_made_and_missed() -> None:
    text = "services: {a: {image: x, networks: [n], volumes: ['v:/v']}}\nnetworks: {n: {external: true}}\n"
    made = project(text + "volumes: {v: {external: true, name: vv}}")
    there = Actual(networks={"n": ""}, volumes=frozenset({"vv"}))
    assert {step.action for step in plan_up(made, there).steps} == {"pull", "create", "start"}
    for missing, path in ((replace(there, networks={}), ("networks", "n")), (Actual({}, {"n": ""}), ("volumes", "v"))):
        with pytest.raises(ComposeError) as caught:
            plan_up(made, missing)
        assert [each.path for each in caught.value.problems] == [path]


def test_scaling_says_which_go() -> None:
    made = project("services: {db: {image: db}}")
    there = here(made, "db-1", "db-2", "db-4")
    plan = plan_up(made, there, UpOptions(scale={"db": 1}))
    assert [step for step in told(plan) if step.action == "remove"] == [
        Step("remove:p-db-2", "remove", "p-db-2", "db", 2, "id-db-2", reason="scale"),
        Step("remove:p-db-4", "remove", "p-db-4", "db", 4, "id-db-4", reason="scale"),
    ]
    more = plan_up(made, there, UpOptions(scale={"db": 5}))
    assert {step.subject: step.number for step in more.steps if step.action == "create"} == {"p-db-3": 3, "p-db-5": 5}
    assert not plan_up(made, replace(there, containers=()), UpOptions(scale={"db": 0})).steps[1:]
    once = replace(there, containers=(replace(there.containers[0], oneoff=True),))
    assert [step.id for step in plan_up(made, once).changes] == ["create:p-db-1", "start:p-db-1"]


def test_orphans_say_what_they_are() -> None:
    made = project("services: {db: {image: db}, far: {image: x, profiles: [y]}}")
    there = here(made, "db-1", "old-3", "far-1")
    plan = plan_up(made, there, UpOptions(remove_orphans=True))
    assert list(plan.changes) == [Step("remove:p-old-3", "remove", "p-old-3", "old", 3, "id-old-3", reason="orphan")]


def test_what_is_built_and_pulled_alone() -> None:
    made = project(TEXT, "far")
    assert list(plan_build(made).steps) == [
        Step("build:base", "build", "p-base", "base"),
        Step("build:tool", "build", "p-tool", "tool", needs=("build:base",)),
    ]
    assert [step.id for step in plan_build(made, ("base",)).steps] == ["build:base"]
    assert list(plan_pull(made).steps) == [Step("pull:web", "pull", "web", "web"), Step("pull:db", "pull", "db", "db")]
    assert [step.id for step in plan_pull(made, ("web",)).steps] == ["pull:web"]
    assert [step.id for step in plan_pull(made, ("web",), dependencies=True).steps] == ["pull:web", "pull:db"]
    assert [step.id for step in plan_pull(made, here={"web"}).steps] == ["pull:db"]
    assert plan_pull(made).project == plan_build(made).project == "p"


def test_which_services_are_meant() -> None:
    made = project()
    assert chosen_services(made, ()) == ("web", "db", "tool", "base")
    assert chosen_services(made, ("web",)) == ("web", "db")
    assert chosen_services(made, ("web", "web"), dependencies=False) == ("web",)
    with pytest.raises(ComposeError) as caught:
        chosen_services(made, ("wep",))
    (problem,) = caught.value.problems
    assert "wep" in problem.message
    assert "“web”" in problem.hint


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (None, {"a": 1}, ()),
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"b": 2}, (Changed("a", 1, None), Changed("b", None, 2))),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3, "z": 4}},
         (Changed("a.x", 1, None), Changed("a.y", 2, 3), Changed("a.z", None, 4))),
        ({"a": {"x": 1}}, {"a": [1]}, (Changed("a", {"x": 1}, [1]),)),
        ({"build": 1, "pull_policy": 1, "scale": 1, "depends_on": 1, "profiles": 1}, {}, ()),
    ],
)  # fmt: skip
def test_which_fields_are_another(before: Any, after: Any, changed: tuple[Changed, ...]) -> None:
    assert differences(before, after) == changed


def test_down_says_what_each_waits_for() -> None:
    made = project()
    there = replace(
        here(made, "web-1", "web-2", "db-1", "old-1"),
        project_networks=frozenset({"p_front", "p_rest"}), project_volumes=frozenset({"p_data", "p_rest"}),
    )  # fmt: skip
    plan = plan_down(made, "p", there, volumes=True, images="all")
    found = {step.id: step for step in plan.steps}
    assert found["remove:p-db-1"] == Step(
        "remove:p-db-1", "remove", "p-db-1", "db", 1, "id-db-1", needs=("remove:p-web-2", "remove:p-web-1")
    )
    gone = {step.id for step in plan.steps if step.action == "remove"}
    assert gone >= {"remove:p-web-1", "remove:p-web-2", "remove:p-db-1"}
    for name in ("p_front", "p_back", "p_rest"):
        step = found[f"remove-network:{name}"]
        assert (step.action, step.subject, set(step.needs)) == ("remove-network", name, gone)
    for name in ("p_data", "p_rest"):
        step = found[f"remove-volume:{name}"]
        assert (step.action, step.subject, set(step.needs)) == ("remove-volume", name, gone)
    images = {step.subject: step.service for step in plan.steps if step.action == "remove-image"}
    assert images == {"web": "web", "db": "db", "p-tool": "tool", "p-base": "base"}
    local = plan_down(made, "p", there, images="local")
    assert {step.subject for step in local.steps if step.action == "remove-image"} == {"p-tool", "p-base"}
    assert not [step for step in plan_down(made, "p", there).steps if step.action in ("remove-image", "remove-volume")]


def test_an_image_of_two_services_goes_once() -> None:
    made = project("services: {a: {image: web}, b: {image: web}}")
    plan = plan_down(made, "p", here(made, "a-1"), images="all")
    assert [step for step in plan.steps if step.action == "remove-image"] == [
        Step("remove-image:web", "remove-image", "web", "a", needs=("remove:p-a-1",))
    ]


def test_another_limit_on_what_it_may_reach_is_an_edit() -> None:
    made = project("services: {db: {image: db}}")
    (step, *_) = told(plan_up(made, here(made, "db-1", egress="a.b")))
    assert (step.action, step.reason, step.why) == ("edit", "", (Changed("x-egress", "a.b", ""),))


def test_down_takes_of_some_services_all_containers() -> None:
    made = project()
    plan = plan_down(made, "p", here(made, "web-1", "db-1", "web-2", "db-2"), services=("db",))
    assert [step.subject for step in plan.steps] == ["p-db-2", "p-db-1"]


def test_a_successor_that_never_came_to_its_place_goes_first() -> None:
    made = project("services: {db: {image: db}}")
    there = here(made, "db-1")
    left = replace(there.containers[0], id="id-left", name="0123456789ab_p-db-1")
    plan = plan_up(made, replace(there, containers=(*there.containers, left)))
    assert told(plan)[-1] == Step(
        "remove:0123456789ab_p-db-1", "remove", "0123456789ab_p-db-1", "db", 1, "id-left", reason="unfinished"
    )
