"""A service changed by words, and what is in no swarm."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InvalidRequest, Unsupported
from engine.swarm.absent import NoSwarm
from engine.swarm.changes import changed, scaled
from engine.types.projects import ReadProject
from engine.types.swarm import ChangeService, CreateService, DeployStack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BASE: dict[str, Any] = {
    "Name": "web", "Labels": {"a": "b"}, "Mode": {"Replicated": {"Replicas": 2}},
    "TaskTemplate": {"ContainerSpec": {"Image": "shop:1", "Env": ["A=1", "B=2"]}, "ForceUpdate": 3},
}  # fmt: skip


def with_mode(**mode: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BASE), "Mode": mode}


async def test_whoever_is_in_no_swarm_refuses_everything() -> None:
    none = NoSwarm()
    stack = DeployStack(name="s", source=ReadProject(files=("c.yml",)))
    deeds: list[Callable[[], Awaitable[object]]] = [
        none.look, lambda: anext(aiter(none.watch())), lambda: none.create(CreateService(words={})),
        lambda: none.scale("s", 1), lambda: none.update("s", ChangeService()), lambda: none.roll_back("s"),
        lambda: none.remove_service("s"), lambda: none.change_node("n", availability="drain"),
        lambda: none.remove_file("config", "c"), lambda: none.plan(stack), lambda: none.remove_stack("s"),
    ]  # fmt: skip
    for deed in deeds:
        with pytest.raises(Unsupported, match="in no swarm"):
            await deed()
    with pytest.raises(Unsupported, match="in no swarm"):
        none.deploy(stack)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ({"Replicated": {"Replicas": 2}}, {"Replicated": {"Replicas": 5}}),
        (
            {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 2}},
            {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 5}},
        ),
        ({"ReplicatedJob": {}}, {"ReplicatedJob": {"TotalCompletions": 5}}),
    ],
)
def test_how_many_there_are_to_be(mode: dict[str, Any], expected: dict[str, Any]) -> None:
    before = with_mode(**mode)
    kept = copy.deepcopy(before)
    assert scaled(before, 5, "web")["Mode"] == expected
    assert before == kept, "the one that was given stays as it is"
    assert changed(before, ChangeService(replicas=5), "web")["Mode"] == expected


@pytest.mark.parametrize("mode", [{"Global": {}}, {"GlobalJob": {}}, {}])
def test_what_cannot_be_scaled(mode: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="web has one task on each node") as refused:
        scaled(with_mode(**mode), 5, "web")
    assert refused.value.subject == "web"
    with pytest.raises(InvalidRequest, match="fewer than no tasks") as fewer:
        scaled(BASE, -1, "web")
    assert fewer.value.subject == "web"
    assert scaled(BASE, 0, "web")["Mode"] == {"Replicated": {"Replicas": 0}}


def test_a_change_is_of_what_it_says_alone() -> None:
    kept = copy.deepcopy(BASE)
    assert changed(BASE, ChangeService(), "web") == BASE
    found = changed(BASE, ChangeService(image="shop:2", args=("serve", "x"), force=True), "web")
    assert found["TaskTemplate"] == {
        "ContainerSpec": {"Image": "shop:2", "Env": ["A=1", "B=2"], "Args": ["serve", "x"]}, "ForceUpdate": 4,
    }  # fmt: skip
    assert changed({"Name": "x"}, ChangeService(force=True), "x")["TaskTemplate"]["ForceUpdate"] == 1
    assert changed(BASE, ChangeService(args=()), "web")["TaskTemplate"]["ContainerSpec"]["Args"] == []
    assert kept == BASE


def test_how_many_of_a_job_run_at_once() -> None:
    job = with_mode(ReplicatedJob={"TotalCompletions": 3, "MaxConcurrent": 1})
    assert changed(job, ChangeService(max_concurrent=2), "web")["Mode"]["ReplicatedJob"] == {
        "TotalCompletions": 3, "MaxConcurrent": 2,
    }  # fmt: skip
    assert changed(BASE, ChangeService(max_concurrent=2), "web")["Mode"] == BASE["Mode"]


def test_words_change_what_they_are_of_and_the_rest_stays() -> None:
    found = changed(BASE, ChangeService(words={"environment": {"A": "new"}, "deploy": {"labels": {"c": "d"}}}), "web")
    assert found["Labels"] == {"a": "b", "c": "d"}
    assert found["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=new", "B=2"]
    gone = ChangeService(gone={"Labels": ("a",), "TaskTemplate.ContainerSpec.Env": ("B",)})
    found = changed(BASE, gone, "web")
    assert found["Labels"] == {}
    assert found["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=1"]


def test_a_health_check_that_is_taken_away() -> None:
    checked = copy.deepcopy(BASE)
    checked["TaskTemplate"]["ContainerSpec"]["Healthcheck"] = {"Test": ["CMD", "x"], "Interval": 5}
    found = changed(checked, ChangeService(words={"healthcheck": {"disable": True}}), "web")
    assert found["TaskTemplate"]["ContainerSpec"]["Healthcheck"] == {"Test": ["NONE"]}
    found = changed(checked, ChangeService(words={"healthcheck": {"interval": "9s"}}), "web")
    assert found["TaskTemplate"]["ContainerSpec"]["Healthcheck"] == {"Test": ["CMD", "x"], "Interval": 9_000_000_000}


def test_a_capability_that_was_dropped_and_is_added_is_as_it_is_by_itself() -> None:
    capable = copy.deepcopy(BASE)
    capable["TaskTemplate"]["ContainerSpec"] |= {"CapabilityAdd": ["CAP_SYS_TIME"], "CapabilityDrop": ["CAP_CHOWN"]}
    found = changed(capable, ChangeService(words={"cap_add": ["CAP_CHOWN"]}), "web")["TaskTemplate"]["ContainerSpec"]
    assert (found["CapabilityAdd"], found.get("CapabilityDrop", [])) == (["CAP_SYS_TIME"], [])
