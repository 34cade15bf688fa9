"""What has to happen so that what manifests say is here: data, made before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.compose.faults import ComposeError, Problem
from engine.types.projects import PlannedStep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.kube.wanted import Wanted, WantedPod


@dataclass(frozen=True, slots=True)
class PresentPod:
    name: str
    object: str
    """Of which it was made; "" for one that no manifest made."""
    hash: str
    running: bool
    whole: bool = True
    """All its containers are there."""
    containers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """What is there."""

    pods: Mapping[str, PresentPod] = field(default_factory=dict)
    volumes: frozenset[str] = frozenset()
    empty_volumes: Mapping[str, str] = field(default_factory=dict)
    """Those without anybody's data, by the object they belong to."""
    networks: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    """Of those the manifests ask for, the ones that are here, as they are written there."""
    containers: frozenset[str] = frozenset()


def plan_play(
    wanted: Wanted, present: Present, *, replace: bool = False, start: bool = True, pull: str = "policy"
) -> tuple[PlannedStep, ...]:
    """Raises ComposeError where a name is taken by what no manifest made."""
    planner = _Planner(wanted, present, replace=replace, start=start, pull=pull)
    for network in wanted.networks:
        if network not in present.networks:
            planner.add("network", network)
    for pod in wanted.pods:
        planner.pod(pod)
    planner.surplus()
    return tuple(planner.steps)


def plan_down(
    titles: set[str], claims: set[str], present: Present, *, volumes: bool = False
) -> tuple[PlannedStep, ...]:
    steps = [_step("remove-pod", pod.name) for pod in present.pods.values() if pod.object in titles]
    gone = tuple(step.id for step in steps)
    rooms = sorted(name for name, title in present.empty_volumes.items() if title in titles)
    if volumes:
        rooms += sorted(claims & present.volumes)
    return (*steps, *(_step("remove-volume", name, needs=gone) for name in dict.fromkeys(rooms)))


def _step(action: str, subject: str, *, reason: str = "", needs: tuple[str, ...] = ()) -> PlannedStep:
    return PlannedStep(id=f"{action}:{subject}", action=action, subject=subject, reason=reason, needs=needs)


class _Planner:
    def __init__(self, wanted: Wanted, present: Present, *, replace: bool, start: bool, pull: str) -> None:
        self.wanted = wanted
        self.present = present
        self.replace = replace
        self.start = start
        self.pull = pull
        self.steps: list[PlannedStep] = []

    def add(self, action: str, subject: str, *, reason: str = "", needs: tuple[str, ...] = ()) -> str:
        step = _step(action, subject, reason=reason, needs=needs)
        if all(each.id != step.id for each in self.steps):
            self.steps.append(step)
        return step.id

    def pod(self, pod: WantedPod) -> None:
        there = self.present.pods.get(pod.name)
        if there is not None and not there.object and not self.replace:
            self._taken(f"there is a pod “{pod.name}” that no manifest made")
        if there is not None and there.hash == pod.hash and there.whole and not self.replace:
            kept = self.add("keep-pod", pod.name)
            if self.start and not there.running:
                self.add("start-pod", pod.name, needs=(kept,))
            return
        own = there.containers if there is not None else ()
        if taken := sorted({each.name for each in pod.containers} & self.present.containers - {*own}):
            self._taken(f"there is a container “{taken[0]}” already")
        needs = [f"network:{pod.recipe.network}"]
        needs += [self._image(each.spec.image, always=each.pull, never=each.never_pull) for each in pod.containers]
        needs += [self._volume(name) for name in pod.volumes]
        planned = {step.id for step in self.steps}
        found = tuple(dict.fromkeys(each for each in needs if each in planned))
        reason = "forced" if there is not None and there.hash == pod.hash else ""
        made = self.add("pod" if there is None else "remake-pod", pod.name, reason=reason, needs=found)
        if self.start:
            self.add("start-pod", pod.name, needs=(made,))

    def _taken(self, message: str) -> None:
        raise ComposeError(Problem((), message, hint="remove it, or say --replace"))

    def _image(self, image: str, *, always: bool, never: bool) -> str:
        wants = always if self.pull == "policy" else self.pull == "always"
        refuses = never or self.pull == "never"
        if not refuses and (wants or image not in self.present.images):
            return self.add("pull", image)
        return ""

    def _volume(self, name: str) -> str:
        volume = self.wanted.volumes[name]
        if name not in self.present.volumes:
            return self.add("volume", name)
        if volume.files is not None or volume.folders:
            return self.add("fill-volume", name)
        return ""

    def surplus(self) -> None:
        """Pods of these workloads that are not wanted any more."""
        names = {pod.name for pod in self.wanted.pods}
        titles = {pod.object for pod in self.wanted.pods}
        for pod in self.present.pods.values():
            if pod.object in titles and pod.name not in names:
                self.add("remove-pod", pod.name, reason="scale")
