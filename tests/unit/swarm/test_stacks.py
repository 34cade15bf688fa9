"""A project as a stack: what the docker command made of the same file (recorded) is what ours makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InvalidRequest
from engine.projects.reading import read_project
from engine.swarm.changes import changed, scaled
from engine.swarm.differences import There, steps
from engine.swarm.shapes import swarm
from engine.swarm.stack import Stack, stack_of
from engine.types.projects import ReadProject
from engine.types.swarm import ChangeService, SwarmPort
from tests.support.swarm_manager import RECORDED, recorded

if TYPE_CHECKING:
    from pathlib import Path

FILE = "/srv/shop/compose.yml"


def stack(text: str = "", **more: Any) -> Stack:
    text = text or (RECORDED / "compose.yml").read_text()
    source = ReadProject(files=(FILE,), name="shop", environment={"SEC": "x"}, texts={FILE: text}, **more)
    return stack_of(read_project(source)[0])


def there() -> There:
    return There(*(recorded(each) for each in ("services", "networks", "configs", "secrets")), "shop")


def test_a_stack_is_what_docker_stack_deploy_makes_of_the_file() -> None:
    told, problems = steps(stack(), there(), prune=True)

    assert not problems
    assert [(each.action, each.kind, each.name, each.changes) for each in told] == [
        ("keep", "network", "shop_back", ()),
        ("keep", "network", "shop_default", ()),
        ("keep", "secret", "shop_sec", ()),
        ("keep", "config", "shop_conf", ()),
        ("keep", "service", "shop_db", ()),
        ("keep", "service", "shop_web", ()),
    ]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("replicas: 2", "replicas: 5", "Mode.Replicated.Replicas"),
        ("8080:80", "8081:80", "EndpointSpec.Ports"),
        ("A: b", "A: c", "TaskTemplate.ContainerSpec.Env"),
        ("memory: 50M", "memory: 60M", "TaskTemplate.Resources.Limits.MemoryBytes"),
        ("cap_add: [NET_ADMIN]", "cap_add: []", "TaskTemplate.ContainerSpec.CapabilityAdd"),
        ("labels: {l: m}", "labels: {l: n}", "Labels.l"),
        ("target: /etc/c", "target: /etc/d", "TaskTemplate.ContainerSpec.Configs"),
        ("back: }", "}", "TaskTemplate.Networks"),
        ("order: start-first", "order: stop-first", "UpdateConfig.Order"),
        (
            "image: localhost/busybox:latest\n    command",
            "image: busybox:2\n    command",
            "TaskTemplate.ContainerSpec.Image",
        ),
    ],
)
def test_what_a_file_changes_of_a_service_is_told_by_its_field(before: str, after: str, field: str) -> None:
    text = (RECORDED / "compose.yml").read_text()
    assert before in text
    told, _ = steps(stack(text.replace(before, after, 1)), there(), prune=False)

    [step] = [each for each in told if each.action == "update"]
    assert step.name == "shop_web"
    assert field in [each.field for each in step.changes]


def test_what_a_swarm_does_not_do_is_told_with_its_place() -> None:
    told = {f"{each.path[1]}.{each.path[2]}": each for each in stack().problems}

    assert "must be in a registry" in told["db.build"].message
    assert told["web.depends_on"].mark is not None
    assert "must be on every node" in told["web.volumes"].message
    assert all(each.warning for each in told.values())


def test_a_config_of_another_content_is_no_update() -> None:
    text = (RECORDED / "compose.yml").read_text().replace("hello", "bye")
    _, problems = steps(stack(text), there(), prune=False)

    assert "another name" in problems[0]


def test_a_network_that_is_not_there_or_of_one_machine_stands_in_the_way() -> None:
    text = "services: {a: {image: x, networks: [far, near]}}\nnetworks: {far: {external: true}, near: {external: true}}"
    known = there()
    known.every_network["near"] = {"Name": "near", "Scope": "local"}
    _, problems = steps(stack(text), known, prune=False)

    assert len(problems) == 2
    assert "single machine" in problems[1]


def test_services_the_file_lacks_are_removed_only_when_asked() -> None:
    text = "services: {db: {image: x}}"
    actions = [steps(stack(text), there(), prune=prune)[0][-1].action for prune in (False, True)]

    assert actions == ["update", "remove"]


def test_a_bridge_network_becomes_one_over_all_nodes_and_a_missing_file_is_told(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: x, networks: [n], configs: [c]}}\nnetworks: {n: {driver: bridge}}\n"
        f"configs: {{c: {{file: {tmp_path}/none}}}}"
    )
    made = stack(text)

    assert made.networks["shop_n"]["Driver"] == "overlay"
    assert {each.warning: each.path for each in made.problems} == {
        True: ("networks", "n", "driver"), False: ("configs", "c")
    }  # fmt: skip


def test_restart_words_and_jobs_are_a_swarms() -> None:
    text = (
        "services:\n  a: {image: x, restart: 'on-failure:3'}\n  b: {image: x, restart: unless-stopped, tmpfs: /t}\n"
        "  c: {image: x, deploy: {mode: replicated-job, replicas: 4}}\n  d: {image: x, deploy: {mode: global-job}}"
    )
    specs = stack(text).services

    assert specs["shop_a"]["TaskTemplate"]["RestartPolicy"] == {"Condition": "on-failure", "MaxAttempts": 3}
    assert specs["shop_b"]["TaskTemplate"]["RestartPolicy"] == {"Condition": "any"}
    assert specs["shop_b"]["TaskTemplate"]["ContainerSpec"]["Mounts"] == [{"Type": "tmpfs", "Target": "/t"}]
    assert specs["shop_c"]["Mode"] == {"ReplicatedJob": {"TotalCompletions": 4, "MaxConcurrent": 4}}
    assert specs["shop_d"]["Mode"] == {"GlobalJob": {}}


# --- what a manager says, and a service changed ---


def whole() -> Any:
    return swarm({kind: recorded(kind) for kind in ("services", "tasks", "nodes", "configs", "secrets")}, "own")


def test_a_managers_lists_are_services_with_their_counts() -> None:
    found = whole()
    db, web = found.services

    assert (db.mode, db.running, db.wanted, db.settled) == ("global", 1, 1, True)
    assert (web.replicas, web.running, web.settled, web.max_per_node) == (2, 0, False, 3)
    assert web.ports[0] == SwarmPort(target=80, published=8080)
    assert [(each.name, each.services, each.wanted) for each in found.stacks] == [("shop", ("shop_db", "shop_web"), 3)]
    assert (found.configs[0].size, found.configs[0].used_by) == (6, ("shop_web",))
    assert (found.secrets[0].size, found.secrets[0].stack) == (None, "shop")
    assert found.nodes[0].leader
    assert found.nodes[0].memory > 1 << 30
    rejected = [each for each in found.tasks if each.state == "rejected"]
    assert rejected[0].name == "shop_web.1"
    assert "bind source path does not exist" in rejected[0].error


def test_an_engine_that_tells_no_counts_has_its_tasks_counted() -> None:
    rows = [{key: value for key, value in row.items() if key != "ServiceStatus"} for row in recorded("services")]
    [db, web] = swarm({"services": rows, "tasks": recorded("tasks")}).services

    assert (db.wanted, db.running) == (1, 1)
    assert (web.wanted, web.running) == (2, 0)


def test_answers_with_nothing_in_them_are_an_empty_swarm() -> None:
    assert swarm({"services": None, "tasks": [{}], "nodes": [{"Spec": None}]}).services == ()


def spec() -> Any:
    return next(row["Spec"] for row in recorded("services") if row["Spec"]["Name"] == "shop_web")


def test_a_change_of_a_service_leaves_all_else_as_it_was() -> None:
    before = spec()
    change = ChangeService(
        image="other:2", force=True, replicas=7,
        words={
            "environment": {"A": "z", "B": "1"}, "ports": ["9090:80"],
            "deploy": {
                "labels": {"k": "v"}, "resources": {"limits": {"memory": "1m"}},
                "update_config": {"delay": "2s", "order": "stop-first"},
            },
        },
        gone={
            "TaskTemplate.ContainerSpec.Env": ("N",), "EndpointSpec.Ports": ("80/tcp", "90/tcp", "90/udp"),
            "TaskTemplate.Placement.Constraints": ("node.role==manager",), "Labels": ("l",),
        },
    )  # fmt: skip
    after = changed(before, change, "shop_web")
    inside = after["TaskTemplate"]["ContainerSpec"]

    assert before == spec()
    assert (inside["Image"], inside["Env"]) == ("other:2", ["A=z", "B=1"])
    assert after["TaskTemplate"]["ForceUpdate"] == 1
    assert [each["PublishedPort"] for each in after["EndpointSpec"]["Ports"]] == [9001, 9090]
    assert after["TaskTemplate"]["Placement"]["Constraints"] == []
    assert after["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] == 1 << 20
    assert after["TaskTemplate"]["Resources"]["Limits"]["Pids"] == 100
    assert after["Mode"] == {"Replicated": {"Replicas": 7}}
    assert (after["UpdateConfig"]["Delay"], after["UpdateConfig"]["FailureAction"]) == (2_000_000_000, "rollback")
    assert after["UpdateConfig"]["Order"] == "stop-first"
    assert "l" not in after["Labels"]
    assert inside["Mounts"] == before["TaskTemplate"]["ContainerSpec"]["Mounts"]


def test_only_replicated_services_are_scaled_and_never_below_none() -> None:
    for wrong, replicas in (({"Global": {}}, 2), ({"Replicated": {}}, -1)):
        with pytest.raises(InvalidRequest):
            scaled({"Mode": wrong}, replicas, "a")
