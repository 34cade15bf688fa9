"""What has to happen so that what manifests say is here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.compose.faults import ComposeError
from engine.kube.plan import Present, PresentPod, plan_down, plan_play
from engine.kube.wanted import read_wanted

TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  template:
    spec:
      volumes: [{name: room, emptyDir: {}}]
      containers: [{name: app, image: busybox, volumeMounts: [{name: room, mountPath: /r}]}]
"""
WANTED = read_wanted({"a.yaml": TEXT})


def there(*, running: bool = True, **changes: object) -> Present:
    pods = {
        pod.name: PresentPod(pod.name, pod.object, pod.hash, running, containers=(f"{pod.name}-app",))
        for pod in WANTED.pods
    }
    found = Present(
        pods=pods,
        volumes=frozenset(WANTED.volumes),
        empty_volumes=dict.fromkeys(WANTED.volumes, "Deployment/web"),
        networks=frozenset({"kube"}),
        images=frozenset({"busybox"}),
        containers=frozenset(f"{name}-app" for name in pods),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def acts(present: Present, **options: bool) -> list[str]:
    return [step.id for step in plan_play(WANTED, present, **options)]  # type: ignore[arg-type]


def test_from_nothing_everything_is_made_in_order() -> None:
    steps = plan_play(WANTED, Present())
    assert [step.id for step in steps] == [
        "network:kube", "pull:busybox", "volume:web-pod-room", "pod:web-pod", "start-pod:web-pod",
        "volume:web-pod-2-room", "pod:web-pod-2", "start-pod:web-pod-2",
    ]  # fmt: skip
    assert set(steps[3].needs) == {"network:kube", "pull:busybox", "volume:web-pod-room"}
    assert steps[4].needs == ("pod:web-pod",)


def test_the_same_again_changes_nothing() -> None:
    assert acts(there()) == ["keep-pod:web-pod", "keep-pod:web-pod-2"]


def test_one_that_stands_still_is_started() -> None:
    assert "start-pod:web-pod" in acts(there(running=False))
    assert "start-pod:web-pod" not in acts(there(running=False), start=False)


def test_a_changed_pod_is_made_anew_and_the_other_stays() -> None:
    present = there()
    pods = dict(present.pods)
    pods["web-pod"] = replace(pods["web-pod"], hash="other")
    assert acts(replace(present, pods=pods)) == ["remake-pod:web-pod", "start-pod:web-pod", "keep-pod:web-pod-2"]


def test_half_a_pod_is_made_anew() -> None:
    present = there()
    pods = dict(present.pods)
    pods["web-pod"] = replace(pods["web-pod"], whole=False)
    assert "remake-pod:web-pod" in acts(replace(present, pods=pods))


def test_one_too_many_goes() -> None:
    present = there()
    pods = {**present.pods, "web-pod-3": PresentPod("web-pod-3", "Deployment/web", "x", running=True)}
    assert "remove-pod:web-pod-3" in acts(replace(present, pods=pods))


def test_a_pod_of_somebody_elses_is_not_touched() -> None:
    pods = {"web-pod": PresentPod("web-pod", "", "", running=True)}
    with pytest.raises(ComposeError, match="no manifest made"):
        plan_play(WANTED, Present(pods=pods))
    assert "remake-pod:web-pod" in acts(Present(pods=pods), replace=True)
    with pytest.raises(ComposeError, match="already"):
        plan_play(WANTED, Present(containers=frozenset({"web-pod-app"})))


def test_down_takes_pods_and_rooms_and_asks_for_claims() -> None:
    present = replace(there(), volumes=frozenset({"web-pod-room", "data"}))
    steps = plan_down({"Deployment/web"}, {"data"}, present)
    assert [step.id for step in steps] == [
        "remove-pod:web-pod", "remove-pod:web-pod-2", "remove-volume:web-pod-2-room", "remove-volume:web-pod-room",
    ]  # fmt: skip
    assert steps[2].needs == ("remove-pod:web-pod", "remove-pod:web-pod-2")
    forced = plan_down({"Deployment/web"}, {"data"}, present, volumes=True)
    assert forced[-1].id == "remove-volume:data"
    assert plan_down({"Deployment/other"}, set(), present) == ()


def test_what_a_plan_does_says_why() -> None:
    half = {name: replace(pod, whole=False) for name, pod in there().pods.items()}
    other = {name: replace(pod, hash="x") for name, pod in there().pods.items()}

    def reasons(pods: dict[str, PresentPod]) -> list[str]:
        return [step.reason for step in plan_play(WANTED, there(pods=pods)) if step.action == "remake-pod"]

    assert reasons(half) == ["forced", "forced"]
    assert reasons(other) == ["", ""]
    more = {**there().pods, "web-pod-3": PresentPod("web-pod-3", "Deployment/web", "x", running=True)}
    assert [(step.id, step.reason) for step in plan_play(WANTED, there(pods=more))][-1] == (
        "remove-pod:web-pod-3", "scale",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "pull", "here", "fetched"),
    [
        ("IfNotPresent", "policy", True, False),
        ("IfNotPresent", "policy", False, True),
        ("Always", "policy", True, True),
        ("Never", "policy", False, False),
        ("IfNotPresent", "always", True, True),
        ("Always", "never", False, False),
        ("Always", "missing", True, False),
        ("Never", "always", True, False),
    ],
)
def test_images_are_fetched_where_they_are_missing_or_wanted_anew(
    policy: str, pull: str, here: bool, fetched: bool
) -> None:
    wanted = read_wanted({"a.yaml": TEXT.replace("image: busybox", f"image: busybox, imagePullPolicy: {policy}")})
    present = Present(images=frozenset({"busybox"} if here else ()))
    steps = {step.id: step for step in plan_play(wanted, present, pull=pull)}
    assert ("pull:busybox" in steps) is fetched
    assert ("pull:busybox" in steps["pod:web-pod"].needs) is fetched


def test_room_that_is_there_is_filled_again_with_what_manifests_say() -> None:
    filled = """
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {a: b}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  volumes: [{name: conf, configMap: {name: words}}, {name: room}, {name: part}]
  containers: [{name: app, image: b, volumeMounts: [{name: part, mountPath: /p, subPath: a}]}]
"""
    wanted = read_wanted({"a.yaml": filled})
    present = Present(volumes=frozenset(wanted.volumes), images=frozenset({"b"}), networks=frozenset({"kube"}))
    (made, _) = [step for step in plan_play(wanted, present) if "pod" in step.action]
    assert set(made.needs) == {"fill-volume:web-conf", "fill-volume:web-part"}


def test_a_name_that_is_taken_is_told_with_the_way_out() -> None:
    with pytest.raises(ComposeError) as caught:
        plan_play(WANTED, Present(pods={"web-pod": PresentPod("web-pod", "", "", running=True)}))
    (problem,) = caught.value.problems
    assert "“web-pod”" in problem.message
    assert "--replace" in problem.hint
