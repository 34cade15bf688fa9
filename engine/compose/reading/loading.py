"""Compose files to one project: overrides, `include`, `extends`, variables and profiles, in docker compose's order."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any

from engine.compose.faults import ComposeError, Problem
from engine.compose.project_files import project_name
from engine.compose.reading.normal import normalise
from engine.compose.schema import fields
from engine.compose.schema.shapes import Reading, merged, settled
from engine.compose.text import document
from engine.compose.text.interpolation import interpolate, names
from engine.compose.text.variables import read_env_file

if TYPE_CHECKING:
    from engine.compose.text.document import Document

FILES_AT_MOST = 200
EXTENDS_AT_MOST = 100

Opener = Callable[[str], str]
"""The text of a file; raises OSError."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read: the same as docker compose's options and environment."""

    files: tuple[str, ...]
    directory: str
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    home: str = ""


def _without_place(problem: Problem) -> Problem:
    return problem


@dataclass(slots=True)
class Project:
    """A project as its files describe it, everything in long form."""

    name: str
    directory: str
    files: tuple[str, ...]
    model: dict[str, Any]
    disabled: dict[str, Any]
    """Services that no chosen profile has."""
    variables: dict[str, str | None]
    """What the files ask the environment for, with their defaults."""
    warnings: list[Problem]
    env_files: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """As it was asked for."""
    around: Mapping[str, str] = field(default_factory=dict)
    """All variables as the files saw them: the environment over the .env files."""
    written: Mapping[str, str] = field(default_factory=dict)
    """Which .env file a variable stands in."""
    placed: Callable[[Problem], Problem] = _without_place
    """A problem with its place in the files."""

    def __getstate__(self) -> dict[str, Any]:
        """To another process go no parsed files: what is found later has no place then."""
        kept = {each.name: getattr(self, each.name) for each in fields_of(self)}
        return kept | {"placed": _without_place}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def services(self) -> dict[str, Any]:
        services: dict[str, Any] = self.model["services"]
        return services


def load(request: Request, opened: Opener) -> Project:
    """Read everything. Raises ComposeError with all that was found wrong."""
    loader = _Loader(request, opened)
    return loader.project()


class _Loader:
    def __init__(self, request: Request, opened: Opener) -> None:
        self.request = request
        self.opened = opened
        self.problems: list[Problem] = []
        self.documents: dict[str, list[Document]] = {}
        self.asked: dict[str, str | None] = {}
        self.unset: set[str] = set()
        self.read_files = 0
        self.written: dict[str, str] = {}

    def project(self) -> Project:
        request = self.request
        here = {"PWD": request.directory, **request.environment}  # a window stands anywhere
        variables = self._variables(request.directory, request.env_files, here)
        name = request.name or variables.get("COMPOSE_PROJECT_NAME") or ""
        profiles = request.profiles or tuple(filter(None, variables.get("COMPOSE_PROFILES", "").split(",")))
        variables = {"COMPOSE_PROJECT_NAME": name or self._named(variables), **variables}
        model = self.merged_files(request.files, request.directory, variables, ())
        written = model.pop("name", None) or ""
        name = self._checked_name(
            name or project_name(written) or project_name(os.path.basename(request.directory)), chosen=bool(name)
        )
        self._stop()
        kept, disabled = normalise(name, settled(model), profiles, variables, self._env_file, self.problems)
        for variable in sorted(self.unset):
            message = f'The "{variable}" variable is not set. Defaulting to a blank string.'
            self.problems.append(Problem((), message, warning=True, word=variable))
        self._stop()
        warnings = [self._placed(each) for each in self.problems if each.warning]
        return Project(
            name, request.directory, request.files, kept, disabled, self.asked, warnings, request.env_files,
            environment=request.environment, around=variables, written=self.written, placed=self._placed,
        )  # fmt: skip

    # --- names and variables ---

    def _named(self, variables: Mapping[str, str]) -> str:
        """The name that the files give, needed before they are read: they may use it themselves."""
        name = ""
        for file in self.request.files:
            for each in self._documents(file, ()):
                if isinstance(each.value, dict) and isinstance(each.value.get("name"), str):
                    name = interpolate(each.value["name"], variables, lambda _: None)
        return name or project_name(os.path.basename(self.request.directory))

    def _checked_name(self, name: str, *, chosen: bool) -> str:
        if not re.match(r"[a-z0-9][a-z0-9_-]*$", name):
            where = "" if chosen else " (from its directory)"
            message = (
                f"“{name}” is no project name{where}: it must consist only of lowercase alphanumeric characters, "
                "hyphens, and underscores as well as start with a letter or number"
            )
            self.problems.append(Problem(("name",), message, hint="give one with -p or “name:”"))
        return name

    def _variables(self, directory: str, env_files: tuple[str, ...], around: Mapping[str, str]) -> dict[str, str]:
        """The environment over what the .env files say."""
        found: dict[str, str] = {}
        files = env_files or (f"{directory}/.env",)
        for file in files:
            try:
                text = self.opened(file)
            except FileNotFoundError as error:
                if env_files:
                    raise ComposeError(Problem((), f"couldn't find env file: {file}")) from error
                continue
            except (OSError, UnicodeError) as error:
                if not env_files and isinstance(error, IsADirectoryError):
                    continue
                raise ComposeError(Problem((), f"{file} cannot be read: {error}")) from error
            read = read_env_file(text, file, {**found, **around})
            found |= {key: value for key, value in read.items() if value is not None}
            self.written |= dict.fromkeys(read, file)
        return {**found, **around}

    def _env_file(self, path: str, around: Mapping[str, str], *, raw: bool) -> dict[str, str | None]:
        return read_env_file(self.opened(path), path, around, raw=raw)

    # --- files ---

    def merged_files(
        self, files: tuple[str, ...], directory: str, variables: Mapping[str, str], within: tuple[str, ...]
    ) -> dict[str, Any]:
        """Several files, each over the ones before it."""
        model: dict[str, Any] = {}
        for file in files:
            if file in within:
                chain = "\n".join(f" include {each}" for each in (*within, file))
                raise ComposeError(Problem((), f"include cycle detected:\n{within[0]}\n{chain}"))
            for each in self._documents(file, within):
                model = merged(fields.FILE, model, self._read(each, directory, variables, (*within, file)))
        return model

    def _documents(self, file: str, within: tuple[str, ...]) -> list[Document]:
        if file not in self.documents:
            self.read_files += 1
            if self.read_files > FILES_AT_MOST:
                raise ComposeError(Problem((), f"more than {FILES_AT_MOST} files are included"))
            try:
                text = self.opened(file)
            except (OSError, UnicodeError) as error:
                said = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
                raise ComposeError(Problem((), f"open {file}: {said}")) from error
            self.documents[file] = document.read(text, file)
            if not self.documents[file]:
                raise ComposeError(Problem((), f"{file}: empty compose file"))
        return self.documents[file]

    def _read(
        self, each: Document, directory: str, variables: Mapping[str, str], within: tuple[str, ...]
    ) -> dict[str, Any]:
        found: list[Problem] = []
        raw = each.value
        if not isinstance(raw, dict):
            raise ComposeError(Problem((), "Top-level object must be a mapping", each.mark(())))
        self.asked |= names(raw)
        raw = interpolate(raw, variables, found.append, unset=self.unset.add)
        to = Reading(directory, self.request.home, found)
        model: dict[str, Any] = fields.FILE.read(raw, (), to)
        self.problems += [_at(problem, each) for problem in found]
        self._stop()
        if not any(model.get(key) for key in ("services", "include", "networks", "volumes", "secrets", "configs")):
            raise ComposeError(Problem((), f"empty compose file: {each.file} has no services"))
        self._extend(model, each, directory, variables, within)
        return self._include(model, directory, variables, within)

    # --- include ---

    def _include(
        self, model: dict[str, Any], directory: str, variables: Mapping[str, str], within: tuple[str, ...]
    ) -> dict[str, Any]:
        for entry in model.pop("include", []):
            paths = tuple(_from(directory, path) for path in entry["path"])
            base = (
                _from(directory, entry["project_directory"])
                if "project_directory" in entry
                else os.path.dirname(paths[0])
            )
            env_files = tuple(_from(directory, path) for path in entry.get("env_file", ()))
            inner = self._variables(base, env_files, variables)
            brought = settled(self.merged_files(paths, base, inner, within))
            brought.pop("name", None)
            model = merged(fields.FILE, brought, model)
        return model

    # --- extends ---

    def _extend(
        self,
        model: dict[str, Any],
        each: Document,
        directory: str,
        variables: Mapping[str, str],
        within: tuple[str, ...],
    ) -> None:
        services = model.get("services") or {}
        for name in list(services):
            services[name] = self._extended(services, name, each.file, directory, variables, within, ())

    def _extended(
        self,
        services: dict[str, Any],
        name: str,
        file: str,
        directory: str,
        variables: Mapping[str, str],
        within: tuple[str, ...],
        chain: tuple[tuple[str, str], ...],
    ) -> Any:
        service = services[name]
        plain = service.value if isinstance(service, document.Override) else service
        if not isinstance(plain, dict) or not plain.get("extends"):
            return service
        if (file, name) in chain:
            told = "\n".join(f"  extends {each[1]} in {each[0]}" for each in (*chain[1:], (file, name)))
            raise ComposeError(
                Problem(("services", name), f"Circular reference:\n  {chain[0][1]} in {chain[0][0]}\n{told}")
            )
        if len(chain) > EXTENDS_AT_MOST:
            raise ComposeError(Problem(("services", name), f"more than {EXTENDS_AT_MOST} services extend one another"))
        wanted = settled(plain["extends"])
        rest = {key: value for key, value in plain.items() if key != "extends"}
        base, base_file = services, file
        if other := wanted.get("file"):
            base_file = _from(directory, other)
            base = self._base_services(base_file, variables, wanted["service"], name)
        if wanted["service"] not in base:
            where = f" in {base_file}" if wanted.get("file") else ""
            raise ComposeError(
                Problem(
                    ("services", name),
                    f'cannot extend service "{name}"{where}: service "{wanted["service"]}" not found',
                )
            )
        below = self._extended(
            base,
            wanted["service"],
            base_file,
            os.path.dirname(base_file) if other else directory,
            variables,
            within,
            (*chain, (file, name)),
        )
        return merged(fields.SERVICE, settled(below), rest)

    def _base_services(self, file: str, variables: Mapping[str, str], service: str, name: str) -> dict[str, Any]:
        found: list[Problem] = []
        services: dict[str, Any] = {}
        for each in self._documents(file, ()):
            if not isinstance(each.value, dict) or not isinstance(each.value.get("services"), dict):
                raise ComposeError(
                    Problem(("services", name), f'cannot extend service "{name}" in {file}: no services section')
                )
            raw = interpolate({"services": each.value["services"]}, variables, found.append, unset=self.unset.add)
            self.asked |= names(each.value["services"])
            to = Reading(os.path.dirname(file), self.request.home, found)
            services = merged(fields.FILE.rows["services"], services, fields.FILE.read(raw, (), to)["services"])
            self.problems += [_at(problem, each) for problem in found]
        self._stop()
        return services

    # --- faults ---

    def _placed(self, problem: Problem) -> Problem:
        """With the place in the last file that has it, or where the word it is about stands first."""
        if problem.mark is not None or not (problem.path or problem.word):
            return problem
        if problem.word:
            marks = (each.mark_of_word(problem.word) for documents in self.documents.values() for each in documents)
            return replace(problem, mark=next(filter(None, marks), None))
        for documents in reversed(self.documents.values()):
            for each in documents:
                if each.has(problem.path):
                    return _at(problem, each)
        return problem

    def _stop(self) -> None:
        if wrong := [self._placed(each) for each in self.problems if not each.warning]:
            raise ComposeError(*wrong)


def _at(problem: Problem, each: Document) -> Problem:
    mark = problem.mark or each.mark(problem.path)
    return replace(problem, mark=mark)


def _from(directory: str, path: str) -> str:
    return os.path.normpath(os.path.join(directory, path))
