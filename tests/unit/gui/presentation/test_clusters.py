"""What a row says of an object of a cluster: of each kind a full one, one that says nothing, and what is in between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.types.clusters import ClusterPlace
from gui.presentation.remote.clusters import ClusterRow, about_of, moment, place_of, row_of, state_text
from gui.theme import Tone

MADE = "2026-01-02T03:04:05Z"
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOTHING = ClusterRow("here", "", "", "", "")
WEB = {"name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}, {"containerPort": 443}]}
LOG = {"name": "log", "image": "fluent:2", "ports": None}
TEMPLATE = {"template": {"spec": {"containers": [WEB, LOG]}}}
OF_TEMPLATE = {"detail": "nginx:1, fluent:2", "containers": ("web", "log"), "ports": (80, 443)}


def said(plural: str, found: dict[str, Any]) -> dict[str, Any]:
    """What a row has besides its place, as far as it is not empty."""
    row = row_of(found, plural, "here")
    fields = ("state", "tone", "ready", "detail", "more", "restarts", "created", "containers", "replicas", "ports")
    return {each: getattr(row, each) for each in fields if getattr(row, each) != getattr(NOTHING, each)}


def test_an_object_of_any_kind_has_its_place_and_its_age() -> None:
    about = {"name": "web", "namespace": "shop", "creationTimestamp": MADE}
    row = row_of({"kind": "Lease", "metadata": about}, "leases", "here")
    assert row == ClusterRow("here", "leases", "Lease", "shop", "web", created=CREATED)
    assert (row.key, row.target) == ("leases/shop/web", "leases/web")
    assert place_of(row) == ClusterPlace(context="here", namespace="shop")
    assert row_of({}, "leases", "here") == ClusterRow("here", "leases", "", "", "")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        (MADE, CREATED),
        ("2026-01-02T05:04:05+02:00", CREATED),
        ("yesterday", None),
        (None, None),
        ("", None),
    ],
)
def test_a_moment_that_is_none_is_not_shown(text: object, when: datetime | None) -> None:
    found = moment(text)
    assert found == when
    assert found is None or found.tzinfo is UTC


def a_pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [WEB, LOG]} | spec, "status": status}


def test_a_pod_says_where_it_is_and_how_its_containers_are() -> None:
    states = [{"ready": True, "restartCount": 3}, {"ready": False, "restartCount": 1}]
    status = {"phase": "Running", "podIP": "10.1.0.9", "containerStatuses": states}
    assert said("pods", a_pod(status, nodeName="node-1")) == {
        "state": "Running", "tone": Tone.WARNING, "ready": "1/2", "restarts": 4, "detail": "node-1",
        "more": "10.1.0.9", "containers": ("web", "log"), "ports": (80, 443),
    }  # fmt: skip
    bare = {"kind": "Pod", "metadata": {}}
    assert said("pods", bare) == {"state": "Unknown", "tone": Tone.WARNING, "ready": "0/0"}


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        ("Succeeded", Tone.MUTED),
        ("Completed", Tone.MUTED),
        ("Pending", Tone.INFO),
        ("ContainerCreating", Tone.INFO),
        ("PodInitializing", Tone.INFO),
        ("Unknown", Tone.WARNING),
        ("CrashLoopBackOff", Tone.DANGER),
        ("Init/Odd", Tone.DANGER),
    ],
)
def test_how_a_pod_is_has_its_colour(state: str, tone: Tone) -> None:
    assert said("pods", a_pod({"phase": state}))["tone"] is tone


def test_a_pod_that_is_ready_begins_or_goes_has_its_colour() -> None:
    ready = {"phase": "Running", "containerStatuses": [{"ready": True}, {"ready": True}]}
    assert said("pods", a_pod(ready))["tone"] is Tone.SUCCESS
    begins: dict[str, Any] = {"initContainerStatuses": [{"state": {"running": {}}}]}
    assert said("pods", a_pod(begins, initContainers=[{}]))["tone"] is Tone.INFO
    fails = {"initContainerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}
    assert said("pods", a_pod(fails, initContainers=[{}]))["tone"] is Tone.DANGER
    goes = a_pod(ready) | {"metadata": {"deletionTimestamp": MADE}}
    assert said("pods", goes)["tone"] is Tone.WARNING


@pytest.mark.parametrize("plural", ["deployments", "statefulsets", "daemonsets"])
@pytest.mark.parametrize(
    ("wanted", "ready", "reason", "state", "tone"),
    [
        (2, 2, "", "Ready", Tone.SUCCESS),
        (2, 3, "", "Ready", Tone.SUCCESS),
        (2, 1, "", "Progressing", Tone.WARNING),
        (0, 0, "", "None wanted", Tone.MUTED),
        (2, 1, "ProgressDeadlineExceeded", "Failed", Tone.DANGER),
        (2, 1, "ReplicaSetUpdated", "Progressing", Tone.WARNING),
    ],
)
def test_how_far_a_workload_is(plural: str, wanted: int, ready: int, reason: str, state: str, tone: Tone) -> None:
    spec: dict[str, Any] = {"replicas": wanted, **TEMPLATE}
    found = {"kind": "X", "spec": spec, "status": {"readyReplicas": ready, "conditions": [{}, {"reason": reason}]}}
    of_count = {"replicas": wanted} if wanted else {}
    assert said(plural, found) == {
        "state": state, "tone": tone, "ready": f"{ready}/{wanted}", **of_count, **OF_TEMPLATE
    }  # fmt: skip


def test_a_workload_that_says_nothing_wants_one_pod() -> None:
    assert said("deployments", {}) == {
        "state": "Progressing", "tone": Tone.WARNING, "ready": "0/1", "replicas": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "state", "tone"),
    [
        ([], "Progressing", Tone.INFO),
        ([{"type": "Complete", "status": "False"}, {"type": "Failed", "status": "False"}], "Progressing", Tone.INFO),
        ([{"type": "Failed", "status": "True"}], "Failed", Tone.DANGER),
        ([{"type": "Suspended", "status": "True"}], "Progressing", Tone.INFO),
        ([{"type": "Complete", "status": "True"}], "Complete", Tone.MUTED),
    ],
)
def test_how_far_a_job_is(conditions: list[Any], state: str, tone: Tone) -> None:
    status = {"succeeded": 2, "conditions": conditions}
    found = {"kind": "Job", "spec": {"completions": 5, **TEMPLATE}, "status": status}
    assert said("jobs", found) == {"state": state, "tone": tone, "ready": "2/5", **OF_TEMPLATE}


def test_a_cron_job_says_when_and_of_what() -> None:
    inside = {"jobTemplate": {"spec": TEMPLATE}, "schedule": "0 3 * * *"}
    scheduled = {"state": "Scheduled", "tone": Tone.SUCCESS, "ready": "0 3 * * *", **OF_TEMPLATE}
    assert said("cronjobs", {"spec": inside}) == scheduled
    suspended = {"state": "Suspended", "tone": Tone.MUTED, "ready": "0 3 * * *", **OF_TEMPLATE}
    assert said("cronjobs", {"spec": inside | {"suspend": True}}) == suspended
    assert said("cronjobs", {}) == {"state": "Scheduled", "tone": Tone.SUCCESS}
    assert said("cronjobs", {"spec": {"jobTemplate": {}}}) == {"state": "Scheduled", "tone": Tone.SUCCESS}


def test_of_many_images_four_are_named() -> None:
    named = [{"name": f"c{each}", "image": f"i{each}"} for each in range(6)]
    for count, text in ((4, "i0, i1, i2, i3"), (5, "i0, i1, i2, i3 +1"), (6, "i0, i1, i2, i3 +2")):
        spec = {"template": {"spec": {"containers": named[:count]}}}
        assert said("deployments", {"spec": spec})["detail"] == text
    assert "detail" not in said("deployments", {"spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}})


@pytest.mark.parametrize(
    ("spec", "ingress", "expected"),
    [
        (
            {"type": "LoadBalancer", "clusterIP": "10.0.0.1",
             "ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}, {}]},
            [{"ip": "1.2.3.4"}, {"hostname": "lb.test"}],
            {"state": "LoadBalancer", "detail": "10.0.0.1, 1.2.3.4, lb.test", "more": "80/tcp, 53/udp",
             "ports": (80, 53)},
        ),
        ({}, [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}], {"state": "ClusterIP", "detail": "1.2.3.4, 1.2.3.5"}),
        ({"clusterIP": "10.0.0.1"}, None, {"state": "ClusterIP", "detail": "10.0.0.1"}),
    ],
)  # fmt: skip
def test_where_a_service_answers(spec: dict[str, Any], ingress: Any, expected: dict[str, Any]) -> None:
    assert said("services", {"spec": spec, "status": {"loadBalancer": {"ingress": ingress}}}) == expected


def test_a_service_that_says_nothing() -> None:
    assert said("services", {}) == {"state": "ClusterIP"}


def test_where_an_ingress_answers() -> None:
    spec = {"ingressClassName": "nginx", "rules": [{"host": "a.test"}, {}]}
    status = {"loadBalancer": {"ingress": [{"hostname": "lb.test"}]}}
    assert said("ingresses", {"spec": spec, "status": status}) == {
        "state": "nginx", "detail": "a.test, *", "more": "lb.test"
    }  # fmt: skip
    assert said("ingresses", {}) == {"detail": "*"}


def a_claim(state: str | None, capacity: str, asked: str) -> dict[str, Any]:
    status = {"phase": state, "capacity": {"storage": capacity}}
    return {"spec": {"resources": {"requests": {"storage": asked}}, "storageClassName": "fast"}, "status": status}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (a_claim("Bound", "8Gi", "5Gi"), {"state": "Bound", "tone": Tone.SUCCESS, "detail": "8Gi", "more": "fast"}),
        (a_claim("Lost", "", "5Gi"), {"state": "Lost", "tone": Tone.DANGER, "detail": "5Gi", "more": "fast"}),
        (a_claim(None, "", ""), {"state": "Pending", "tone": Tone.WARNING, "more": "fast"}),
        ({}, {"state": "Pending", "tone": Tone.WARNING}),
    ],
)
def test_how_large_a_claim_is(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert said("persistentvolumeclaims", found) == expected


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_of_a_secret_only_the_names_are_told(plural: str) -> None:
    found = {"type": "Opaque", "data": {"password": "aHVudGVyMg=="}, "binaryData": {"key": "AA=="}}
    assert said(plural, found) == {"state": "Opaque", "detail": "key, password", "more": "2"}
    assert said(plural, {}) == {"more": "0"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"type": "Warning", "reason": "BackOff", "message": " again\n", "lastTimestamp": MADE, "count": 7,
             "involvedObject": {"kind": "Pod", "name": "web"}},
            {"state": "BackOff", "tone": Tone.WARNING, "detail": "again", "more": "Pod/web", "restarts": 7,
             "created": CREATED},
        ),
        (
            {"type": "Normal", "eventTime": MADE, "series": {"count": 3}, "count": 2},
            {"more": "/", "restarts": 3, "created": CREATED},
        ),
        (
            {"series": {"lastObservedTime": MADE}, "lastTimestamp": "2020-01-01T00:00:00Z"},
            {"more": "/", "restarts": 1, "created": CREATED},
        ),
        ({"metadata": {"creationTimestamp": MADE}}, {"more": "/", "restarts": 1, "created": CREATED}),
        ({}, {"more": "/", "restarts": 1}),
    ],
)  # fmt: skip
def test_an_event_says_of_whom_how_often_and_when_last(told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert said("events", told) == expected


def test_a_cluster_s_own_words_stay_as_they_are_looked_up() -> None:
    assert state_text(ClusterRow("", "", "", "", "", state="Progressing")) == "Progressing"
    assert state_text(ClusterRow("", "", "", "", "", state="CrashLoopBackOff")) == "CrashLoopBackOff"


# --- what an object says of itself ---


def test_all_that_an_object_says_of_itself() -> None:
    owners = [{"kind": "ReplicaSet", "name": "web-1"}, {"kind": "Node", "name": "n"}]
    inner = {"initContainers": [{"image": "init:1"}], "containers": [WEB, {}]}
    found = {
        "metadata": {"labels": {"tier": "front", "app": "web"}, "ownerReferences": owners},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": inner},
            "serviceAccountName": "robot",
            "volumes": [{"name": "data"}, {"name": "conf"}],
        },
        "status": {
            "conditions": [
                {"type": "Available", "status": "True", "message": "enough", "reason": "Told"},
                {"type": "Progressing", "status": "False", "reason": "Stuck"},
                {"type": "Ready", "status": "True"},
            ]
        },
    }
    assert about_of(found) == [
        ("Labels", "app=web, tier=front"),
        ("Belongs to", "ReplicaSet/web-1, Node/n"),
        ("Chooses pods by", "app=web"),
        ("Images", "init:1, nginx:1, "),
        ("Account", "robot"),
        ("Volumes", "data, conf"),
        ("Available", "True  ·  enough"),
        ("Progressing", "False  ·  Stuck"),
        ("Ready", "True"),
    ]


def test_an_object_that_says_little_of_itself() -> None:
    assert about_of({}) == []
    service = {"spec": {"selector": {"app": "web"}, "containers": [WEB]}}
    assert about_of(service) == [("Chooses pods by", "app=web"), ("Images", "nginx:1")]
    odd = {"spec": {"selector": "app"}, "status": {"conditions": [{"type": "Odd"}]}}
    assert about_of(odd) == [], "a condition without a word is none"
