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
