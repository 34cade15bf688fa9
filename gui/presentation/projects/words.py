"""Compose projects in words: what a plan's steps would do, how far they are, what an `up` of the past changed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.types.containers import ALIVE_STATES, Health
from engine.types.projects import PlannedStep
from gui.presentation.containers.words import port_text, shown_ports
from gui.presentation.files.differences import text_difference
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.types.containers import Container
    from engine.types.operations import StepProgress, StepState
    from engine.types.projects import Project, ProjectProblem, ProjectRun, ProjectVariable, ReadProject
    from engine.types.stats import Rates

SERVICE_LABEL = "com.docker.compose.service"


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project with its containers as they are now, and what they use."""

    project: Project
    containers: tuple[Container, ...] = ()
    cpu: float = 0.0
    memory: int = 0
    source: ReadProject | None = None
    """The files it was opened from in this window."""

    @property
    def running(self) -> int:
        return sum(one.state in ALIVE_STATES for one in self.containers)


class StepWords(NamedTuple):
    """What a step does, as a word before its subject."""

    verb: str
    tone: Tone
    icon: str


class StepRow(NamedTuple):
    """A step of a plan, and how far it is once the plan was accepted."""

    step: PlannedStep
    progress: StepProgress | None = None
    line: int = 0
    """Which of the step's reasons it shows: each has a row of its own."""


def row_of(
    project: Project, containers: Iterable[Container], rates: dict[str, Rates], source: ReadProject | None = None
) -> ProjectRow:
    mine = tuple(sorted(containers, key=lambda one: one.name))
    known = [rates[one.id] for one in mine if one.id in rates and one.state in ALIVE_STATES]
    cpu, memory = sum(one.cpu_percent for one in known), sum(one.memory for one in known)
    return ProjectRow(project, mine, cpu, memory, source)


def running_text(row: ProjectRow) -> str:
    if not row.containers:
        return translate("Projects", "not up")
    return translate("Projects", "{0} of {1}").format(row.running, len(row.containers))


def project_tone(row: ProjectRow) -> Tone:
    """Green where everything runs and is well."""
    if not row.running:
        return Tone.MUTED
    if unhealthy(row) or row.running < len(row.containers):
        return Tone.WARNING
    return Tone.SUCCESS


def unhealthy(row: ProjectRow) -> int:
    return sum(one.health.status is Health.UNHEALTHY and one.state in ALIVE_STATES for one in row.containers)


def health_text(row: ProjectRow) -> str:
    """Only what has a health check is counted."""
    checked = [one for one in row.containers if one.state in ALIVE_STATES and one.health.status is not Health.NONE]
    if not checked:
        return "–"
    if ill := unhealthy(row):
        return translate("Projects", "%n unhealthy", None, ill)
    if any(one.health.status is Health.STARTING for one in checked):
        return translate("Projects", "checking")
    return translate("Projects", "healthy")


def ports_text(row: ProjectRow) -> str:
    ports = (port for one in row.containers for port in shown_ports(one))
    return ", ".join(dict.fromkeys(port_text(port) for port in ports)) or "–"


def service_of(container: Container) -> str:
    return container.spec.labels.get(SERVICE_LABEL, "")


def step_words(action: str) -> StepWords:
    """A plan's action for people; one that nobody translated yet stands for itself."""
    known = {
        "create": StepWords(translate("Plan", "Create"), Tone.SUCCESS, "plus"),
        "start": StepWords(translate("Plan", "Start"), Tone.SUCCESS, "play"),
        "keep": StepWords(translate("Plan", "Keep"), Tone.MUTED, "check"),
        "recreate": StepWords(translate("Plan", "Replace"), Tone.WARNING, "restart"),
        "stop": StepWords(translate("Plan", "Stop"), Tone.MUTED, "stop"),
        "edit": StepWords(translate("Plan", "Change"), Tone.WARNING, "edit"),
        "remove": StepWords(translate("Plan", "Remove"), Tone.DANGER, "trash"),
        "pull": StepWords(translate("Plan", "Pull"), Tone.INFO, "download"),
        "build": StepWords(translate("Plan", "Build"), Tone.INFO, "build"),
        "network": StepWords(translate("Plan", "Make the network"), Tone.SUCCESS, "network"),
        "volume": StepWords(translate("Plan", "Make the volume"), Tone.SUCCESS, "volume"),
        "watch": StepWords(translate("Plan", "Watch"), Tone.INFO, "eye"),
        "sync": StepWords(translate("Plan", "Sync"), Tone.INFO, "upload"),
        "rebuild": StepWords(translate("Plan", "Rebuild"), Tone.INFO, "build"),
        "restart": StepWords(translate("Plan", "Restart"), Tone.WARNING, "restart"),
        "exec": StepWords(translate("Plan", "Run a command in"), Tone.INFO, "terminal"),
        "remove-network": StepWords(translate("Plan", "Remove the network"), Tone.DANGER, "network"),
        "remove-volume": StepWords(translate("Plan", "Delete the volume"), Tone.DANGER, "volume"),
        "remove-image": StepWords(translate("Plan", "Remove the image"), Tone.DANGER, "image"),
    }
    return known.get(action, StepWords(action, Tone.NEUTRAL, "dot"))


def reason_text(step: PlannedStep) -> str:
    """Why, where fields do not say it already."""
    reasons = {
        "scale": translate("Plan", "more than the files ask for"),
        "leans": translate("Plan", "it lives in a container that becomes another"),
        "unfinished": translate("Plan", "left over from what was cut off"),
        "orphan": translate("Plan", "no longer in the files"),
        "forced": translate("Plan", "as was asked"),
        "network": translate("Plan", "its network is made anew"),
        "image": translate("Plan", "the image is another"),
        "image may change": translate("Plan", "replaced if its image becomes another"),
        "recipe": translate("Plan", "made with other settings, not known which"),
        "changed": translate("Plan", "its settings are others"),
    }
    return reasons.get(step.reason, step.reason)


def changes_text(step: PlannedStep) -> str:
    """Which fields change, from what to what; a line each."""
    lines = [f"{one.field}: {' → '.join(_both(one.before, one.after))}" for one in step.changes]
    why = reason_text(step) if not lines or step.reason != "image" else ""
    return "\n".join([*lines, why] if why else lines)


def _both(before: str, after: str) -> tuple[str, str]:
    """Both values of a field in short; of two lists only what is not in both."""
    old, new = _value(before), _value(after)
    if isinstance(old, list) and isinstance(new, list):
        old, new = [one for one in old if one not in new], [one for one in new if one not in old]
    nothing = translate("Plan", "nothing")
    return _short(old) or nothing, _short(new) or nothing


def _value(text: str) -> Any:
    """What is no JSON is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _short(value: Any) -> str:
    """As one would write it into a compose file, where a short form is known."""
    match value:
        case None:
            return ""
        case {"target": inside, "published": outside, **rest}:
            host = f"{rest['host_ip']}:" if rest.get("host_ip") else ""
            return f"{host}{outside}:{inside}" + (
                f"/{rest['protocol']}" if rest.get("protocol", "tcp") != "tcp" else ""
            )
        case {"source": source, "target": target}:
            return f"{source}:{target}"
        case dict():
            return ", ".join(f"{key}={_short(one)}" for key, one in value.items())
        case list():
            return ", ".join(map(_short, value))
        case bool():
            return "true" if value else "false"
        case _:
            return str(value).replace("\n", " ")


def plan_rows(step: PlannedStep, progress: StepProgress | None = None) -> Iterator[tuple[str, StepRow]]:
    """A step, and a further row for each further field that changes."""
    for line in range(changes_text(step).count("\n") + 1):
        yield f"{step.id}#{line}" if line else step.id, StepRow(step, progress, line)


def step_rows(progress: StepProgress, planned: Mapping[str, PlannedStep]) -> Iterator[tuple[str, StepRow]]:
    """How far a step is, with what the plan said of it."""
    known = planned.get(progress.id)
    step = known or PlannedStep(id=progress.id, action=progress.action, subject=progress.subject)
    yield from plan_rows(step, progress)


def because_text(row: StepRow) -> str:
    """Why a step is done; once it failed, why it could not be."""
    if row.progress is not None and row.progress.note and not row.line:
        return row.progress.note
    return changes_text(row.step).split("\n")[row.line]


def far_words(state: StepState) -> StepWords:
    """How far a step is."""
    known = {
        "waiting": StepWords(translate("Plan", "waiting"), Tone.MUTED, "clock"),
        "running": StepWords(translate("Plan", "at it"), Tone.ACCENT, "spinner"),
        "done": StepWords(translate("Plan", "done"), Tone.SUCCESS, "check"),
        "failed": StepWords(translate("Plan", "failed"), Tone.DANGER, "error"),
        "skipped": StepWords(translate("Plan", "not done"), Tone.WARNING, "minus"),
    }
    return known.get(state, known["waiting"])


def summary_text(steps: Sequence[PlannedStep]) -> str:
    """What a plan comes to, in a line."""
    doing = [step for step in steps if step.action != "keep"]
    if not doing:
        return translate("Plan", "Nothing to do: everything is as the files say.")
    return translate("Plan", "%n steps", None, len(doing))


def origin_text(variable: ProjectVariable) -> str:
    """Where a variable's value stands."""
    match variable.origin:
        case "environment":
            return translate("Projects", "in Wherry's environment")
        case "file":
            return translate("Projects", "in {0}").format(os.path.basename(variable.file))
        case "default":
            return translate("Projects", "as the files say without it")
    return translate("Projects", "not set: it is empty")


def value_text(variable: ProjectVariable) -> str:
    if variable.value and variable.name.upper().endswith(_SECRET):
        return "••••••"
    return variable.value or "–"


_SECRET = ("PASSWORD", "SECRET", "TOKEN", "KEY")


def problem_text(problem: ProjectProblem) -> str:
    """What is wrong, and what was probably meant."""
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def run_text(run: ProjectRun) -> str:
    """What an `up` of the past changed."""
    if not run.changes:
        return translate("Projects", "Nothing had changed")
    parts = []
    for change in run.changes:
        action, _, subject = change.partition(" ")
        parts.append(f"{step_words(action).verb} {subject}")
    return ", ".join(parts)


def files_difference(before: ProjectRun | None, run: ProjectRun) -> str:
    """How the files of two `up`s differ, a unified difference for each that does."""
    old = before.request.source.texts if before else {}
    new = run.request.source.texts
    nothing = translate("Projects", "not there")
    parts = []
    for path in sorted({*old, *new}):
        names = (path if path in old else nothing, path if path in new else nothing)
        parts.append(text_difference(old.get(path, "").encode(), new.get(path, "").encode(), names))
    return "\n".join(part for part in parts if part)


def run_end(run: ProjectRun) -> StepWords:
    if run.failure is not None:
        return StepWords(run.failure.title, Tone.DANGER, "error")
    if run.ended is None:
        return StepWords(translate("Projects", "Cut off, or still at it"), Tone.WARNING, "clock")
    return StepWords(translate("Projects", "Ended well"), Tone.SUCCESS, "check")
