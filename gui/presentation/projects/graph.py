"""A project's services as a picture: who waits for whom, how each of them is, and what is being done about it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.types.containers import Health
from engine.types.operations import OperationState
from gui.presentation.containers.words import health_words, state_words, status_text
from gui.presentation.projects.words import far_words, service_of, step_words
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.types.containers import Container
    from engine.types.operations import Operation, StepProgress
    from gui.presentation.projects.words import ProjectRow

_PREPARING = ("pull", "build")
_ACTING = ("create", "start", "recreate", "edit", "remove", "stop")


class ServiceLine(NamedTuple):
    """One container of a service, or what is done before there is one."""

    id: str
    text: str
    tone: Tone
    icon: str
    detail: str = ""
    tooltip: str = ""
    dim: bool = False


class ServiceNode(NamedTuple):
    """A service with the places of those it waits for."""

    name: str
    lines: tuple[ServiceLine, ...]
    waits_for: tuple[int, ...]


def service_nodes(
    row: ProjectRow,
    order: Sequence[str],
    depends_on: Mapping[str, tuple[str, ...]],
    images: Mapping[str, str],
    steps: Sequence[StepProgress] = (),
) -> list[ServiceNode]:
    """In the order of the files where they are known, else of the labels; none before what it waits for."""
    by_service: dict[str, list[Container]] = {name: [] for name in order}
    for one in sorted(row.containers, key=lambda one: one.name):
        by_service.setdefault(service_of(one) or one.name, []).append(one)
    waits = {one.name: one.depends_on for one in row.project.services} | dict(depends_on)
    names = _sorted(by_service, waits)
    return [
        ServiceNode(
            name,
            tuple(_lines(row.project.name, name, by_service[name], images.get(name, ""), steps)),
            tuple(sorted(names.index(other) for other in waits.get(name, ()) if other in names[: names.index(name)])),
        )
        for name in names
    ]


def steps_of(row: ProjectRow, images: Iterable[str], operations: Iterable[Operation]) -> tuple[StepProgress, ...]:
    """The steps of what is being done to a project now."""
    known = {*images, *(one.name for one in row.containers)}
    for operation in operations:
        if operation.state is not OperationState.RUNNING or operation.kind not in ("up", "down", "watch-project"):
            continue
        if any(step.subject in known or step.subject.startswith(f"{row.project.name}-") for step in operation.steps):
            return operation.steps
    return ()


def _sorted(services: Mapping[str, object], waits: Mapping[str, tuple[str, ...]]) -> list[str]:
    found: dict[str, None] = {}

    def visit(name: str, within: frozenset[str]) -> None:
        if name in found or name in within or name not in services:
            return
        for other in waits.get(name, ()):
            visit(other, within | {name})
        found[name] = None

    for name in services:
        visit(name, frozenset())
    return list(found)


def _lines(
    project: str, service: str, containers: Sequence[Container], image: str, steps: Sequence[StepProgress]
) -> Iterable[ServiceLine]:
    prepared = [step for step in steps if step.action in _PREPARING and step.subject == image]
    for step in prepared:
        if step.state != "done":
            verb, far = step_words(step.action), far_words(step.state)
            yield ServiceLine(
                f"step:{step.id}",
                f"{verb.verb} {step.subject}",
                far.tone,
                far.icon,
                far.verb,
                step.note,
                step.state == "",
            )
    acting = {
        step.subject: step
        for step in steps
        if step.action in _ACTING and step.state in ("running", "waiting", "failed")
    }
    for one in containers:
        yield _line(one, acting.pop(one.name, None))
    coming = [step for name, step in acting.items() if name.rpartition("-")[0] == f"{project}-{service}"]
    for step in coming:
        verb, far = step_words(step.action), far_words(step.state)
        yield ServiceLine(f"step:{step.id}", f"{verb.verb} {step.subject}", far.tone, far.icon, far.verb, step.note)
    if not containers and not prepared and not coming:
        nothing = translate("ProjectGraph", "not made yet")
        yield ServiceLine(f"service:{service}", nothing, Tone.MUTED, "container", "", image, dim=True)


def _line(one: Container, step: StepProgress | None) -> ServiceLine:
    state = state_words(one)
    health, tone = health_words(one)
    detail = health or status_text(one)
    shown, icon = state.tone, state.icon
    if one.health.status is Health.STARTING:
        shown, icon = tone, "pulse"
    if step is not None and step.state == "waiting":
        detail, shown, icon = translate("ProjectGraph", "waits for {0}").format(step.note), Tone.WARNING, "clock"
    elif step is not None:
        far = far_words(step.state)
        detail, shown, icon = far.verb, far.tone, far.icon
    tooltip = "\n".join(part for part in (one.name, status_text(one), health, one.image) if part)
    return ServiceLine(one.id, one.name, shown, icon, detail, tooltip)
