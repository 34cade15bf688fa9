"""How pods and workloads of a cluster are said to be, from their objects."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kube.states import pod_state, ready_of, restarts_of


def pod(phase: str = "", inits: int = 0, **status: Any) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"initContainers": [{}] * inits}, "status": {"phase": phase, **status}}


def waiting(reason: str) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason}}}


def ended(code: int, reason: str = "") -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code, "reason": reason}}}


RUNS: dict[str, Any] = {"state": {"running": {}}}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (pod("Running", containerStatuses=[RUNS]), "Running"),
        (pod("Pending"), "Pending"),
        (pod("Failed", reason="Evicted"), "Evicted"),
        ({"metadata": {}}, "Unknown"),
        ({"metadata": {}, "status": None, "spec": None}, "Unknown"),
        ({**pod("Running"), "metadata": {"deletionTimestamp": "2026-01-01"}}, "Terminating"),
        (pod("Running", containerStatuses=[RUNS, waiting("CrashLoopBackOff")]), "CrashLoopBackOff"),
        (pod("Pending", containerStatuses=[waiting("ImagePullBackOff"), waiting("Other")]), "ImagePullBackOff"),
        (pod("Succeeded", containerStatuses=[ended(0, "Completed")]), "Completed"),
        (pod("Failed", containerStatuses=[ended(1, "Error"), waiting("CrashLoopBackOff")]), "CrashLoopBackOff"),
        (pod("Pending", 2, initContainerStatuses=[RUNS, waiting("PodInitializing")]), "Init:0/2"),
        (pod("Pending", 2, initContainerStatuses=[ended(0, "Completed"), RUNS]), "Init:1/2"),
        (pod("Pending", 2, initContainerStatuses=[ended(0), waiting("PodInitializing")]), "Init:1/2"),
        (pod("Pending", 3, initContainerStatuses=[ended(0), ended(0), {"state": {}}]), "Init:2/3"),
        (pod("Pending", 1, initContainerStatuses=[ended(1, "Error")]), "Init:Error"),
        (pod("Pending", 1, initContainerStatuses=[waiting("ErrImagePull")]), "Init:ErrImagePull"),
        (pod("Running", 1, initContainerStatuses=[ended(0, "Completed")], containerStatuses=[RUNS]), "Running"),
    ],
)
def test_a_pod_is_said_to_be_in_the_word_that_says_most(found: dict[str, Any], state: str) -> None:
    assert pod_state(found) == state


def test_starts_again_of_all_its_containers_are_counted() -> None:
    assert restarts_of(pod(containerStatuses=[{"restartCount": 2}, {"restartCount": 3}, {}])) == 5
    assert restarts_of({"status": None}) == 0


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Pod", {"containers": [{}, {}]}, {"containerStatuses": [{"ready": True}, {"ready": False}]}, (1, 2)),
        ("Pod", {}, {}, (0, 0)),
        ("DaemonSet", {"replicas": 9}, {"numberReady": 2, "desiredNumberScheduled": 3, "readyReplicas": 9}, (2, 3)),
        ("DaemonSet", {}, {}, (0, 0)),
        ("Job", {"completions": 4}, {"succeeded": 1, "readyReplicas": 9}, (1, 4)),
        ("Job", {}, {}, (0, 1)),
        ("CronJob", {}, {"active": [{}, {}], "readyReplicas": 9}, (2, 0)),
        ("CronJob", {}, {}, (0, 0)),
        ("Deployment", {"replicas": 3}, {"readyReplicas": 2}, (2, 3)),
        ("Deployment", {"replicas": 0}, {}, (0, 0)),
        ("Deployment", {}, {}, (0, 1)),
        ("StatefulSet", None, None, (0, 1)),
    ],
)
def test_how_many_are_ready_of_how_many(kind: str, spec: Any, status: Any, expected: tuple[int, int]) -> None:
    assert ready_of({"kind": kind, "spec": spec, "status": status}) == expected
