"""Project files from the disk, or from an editor, as a project or as what is wrong with them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import yaml

from engine.compose.faults import ComposeError, dotted
from engine.compose.planning.bodies import image_name
from engine.compose.planning.export import as_config
from engine.compose.planning.hashing import service_hash
from engine.compose.reading.loading import Project, Request, load
from engine.compose.reading.ordering import in_order
from engine.errors import InvalidRequest
from engine.types.projects import (
    FieldChange,
    PlannedStep,
    ProjectPlan,
    ProjectProblem,
    ProjectReading,
    ProjectVariable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.compose.faults import Problem
    from engine.compose.planning.plan import Changed, Plan, Step
    from engine.types.projects import ReadProject

_LARGEST_FILE = 16 << 20


@dataclass(slots=True)
class Texts:
    """The files a project is read from: an editor's texts first. It remembers what was read, for the record of an
    `up`."""

    given: Mapping[str, str]
    read: dict[str, str] = field(default_factory=dict)
    most: int | None = None
    """Characters of all files together."""

    def open(self, path: str) -> str:
        if path not in self.read:
            self.read[path] = self.given[path] if path in self.given else _text(path)
            if self.most is not None and sum(map(len, self.read.values())) > self.most:
                raise TooLongError
        return self.read[path]


class TooLongError(Exception):
    """More than whoever asked reads here."""


def _text(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise OSError(27, "more than 16 MiB", path)
    return data.decode()


def read_project(source: ReadProject, most: int | None = None) -> tuple[Project, Texts]:
    """Raises ComposeError with all that is wrong, and TooLongError where there are more characters than that."""
    texts = Texts(source.texts, most=most)
    files = tuple(os.path.abspath(path) for path in source.files)
    if not files:
        raise InvalidRequest("No compose file was named")
    request = Request(
        files=files,
        directory=os.path.abspath(source.directory or os.path.dirname(files[0])),
        environment=source.environment,
        name=source.name,
        profiles=source.profiles,
        env_files=tuple(os.path.abspath(path) for path in source.env_files),
        home=source.home or os.path.expanduser("~"),
    )
    return load(request, texts.open), texts


def refusal(error: ComposeError) -> InvalidRequest:
    """The fault of a file as an error of the engine."""
    first = error.problems[0]
    title = f"The project's files cannot be used: {first.message}"
    return InvalidRequest(title, "\n".join(map(str, error.problems)), subject=first.mark.file if first.mark else "")


def problems_shown(problems: Sequence[Problem]) -> tuple[ProjectProblem, ...]:
    return tuple(
        ProjectProblem(
            message=each.message,
            path=dotted(each.path),
            file=each.mark.file if each.mark else "",
            line=each.mark.line if each.mark else 0,
            column=each.mark.column if each.mark else 0,
            hint=each.hint,
            warning=each.warning,
        )
        for each in problems
    )


def plan_shown(project: Project, plan: Plan | None, found: Sequence[Problem] = ()) -> ProjectPlan:
    """With what was found beside the files, and without steps where that forbids them."""
    return ProjectPlan(
        project=project.name,
        steps=tuple(map(step_shown, plan.steps)) if plan else (),
        problems=problems_shown([*project.warnings, *found]),
        services=tuple(project.services),
        values=_values(project),
        env_files=_env_files(project),
    )


def reading_shown(project: Project) -> ProjectReading:
    """Everything that can be told of a project without looking at the engine."""
    config = as_config(project)
    wanted = {**project.services, **project.disabled}
    return ProjectReading(
        project=project.name,
        directory=project.directory,
        problems=problems_shown(project.warnings),
        services=tuple(in_order(project.services, project.services)),
        images={name: image_name(project, name) for name in project.services},
        builds=tuple(name for name, service in project.services.items() if service.get("build")),
        hashes={name: service_hash(service) for name, service in project.services.items()},
        profiles=tuple(sorted({each for service in wanted.values() for each in service.get("profiles") or []})),
        variables=project.variables,
        values=_values(project),
        env_files=_env_files(project),
        depends_on={name: tuple(service.get("depends_on") or {}) for name, service in project.services.items()},
        json=json.dumps(config, indent=2, ensure_ascii=False),
        yaml=_as_yaml(config),
    )


def _as_yaml(config: dict[str, Any]) -> str:
    """By libyaml's writer: PyYAML's own takes ten times as long."""
    text: str = yaml.dump(
        config, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1000
    )
    return text


def _env_files(project: Project) -> tuple[str, ...]:
    return project.env_files or (os.path.join(project.directory, ".env"),)


def _values(project: Project) -> tuple[ProjectVariable, ...]:
    return tuple(_variable(project, name) for name in sorted(project.variables))


def _variable(project: Project, name: str) -> ProjectVariable:
    default = project.variables[name]
    if name not in project.around:
        origin: Literal["default", "unset"] = "unset" if default is None else "default"
        return ProjectVariable(name=name, value=default or "", origin=origin, default=default)
    value, file = project.around[name], project.written.get(name, "")
    if name in project.environment or not file:
        return ProjectVariable(name=name, value=value, origin="environment", default=default)
    return ProjectVariable(name=name, value=value, origin="file", file=file, default=default)


def step_shown(step: Step) -> PlannedStep:
    return PlannedStep(
        id=step.id,
        action=step.action,
        subject=step.subject,
        service=step.service,
        changes=tuple(map(_change_shown, step.why)),
        reason=step.reason,
        needs=step.needs,
    )


def _change_shown(change: Changed) -> FieldChange:
    return FieldChange(field=change.field, before=_words(change.before), after=_words(change.after))


def _words(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
