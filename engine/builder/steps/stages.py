"""A stage as it grows: its layers, its config, its history; and the instructions that change only those. Pure."""

from __future__ import annotations

import posixpath
import re
import signal
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.builder.language import types as t
from engine.builder.planning.variables import MOST_NAMES, Variables
from engine.images.known.configs import format_time
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.types.data import Platform

DEFAULT_SHELL: Final = ("/bin/sh", "-c")
DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_CHARACTERS = 65536
"""Of a variable or a label in the configuration of an image, as such configurations are read."""
_PORT = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class StageState:
    """Immutable: each step gives the next."""

    platform: Platform
    layers: tuple[str, ...] = ()
    config: ImageConfig = field(default_factory=ImageConfig)
    history: tuple[dict[str, Any], ...] = ()
    author: str = ""
    created: datetime
    command_set: bool = False
    """CMD was said in this stage, so a later ENTRYPOINT leaves it alone."""

    @property
    def shell(self) -> tuple[str, ...]:
        return self.config.shell or DEFAULT_SHELL

    def environment(self) -> dict[str, str]:
        return dict(entry.partition("=")[::2] for entry in self.config.env)

    def with_config(self, **fields: Any) -> StageState:
        return replace(self, config=msgspec.structs.replace(self.config, **fields))

    def with_step(self, created_by: str, created: datetime, *, layer: str = "") -> StageState:
        """One more line of history, and the layer it made if any."""
        line: dict[str, Any] = {"created": format_time(created), "created_by": created_by}
        if not layer:
            line["empty_layer"] = True
        layers = (*self.layers, layer) if layer else self.layers
        return replace(self, layers=layers, history=(*self.history, line), created=created)


def command_words(instruction: t.Command, state: StageState) -> tuple[str, ...]:
    """An instruction's command as it will be executed."""
    return (*state.shell, *instruction.words) if instruction.shell else instruction.words


def absolute(path: str, workdir: str) -> str:
    """A path of the image, relative ones below the working directory; a trailing slash stays, for it has a meaning."""
    joined = posixpath.normpath(posixpath.join("/", workdir or "/", path))
    joined = "/" + joined.lstrip("/")
    return f"{joined}/" if path.endswith(("/", "/.")) and joined != "/" else joined


def apply_metadata(state: StageState, instruction: t.Instruction, variables: Variables) -> StageState:
    """The state after an instruction that touches no file; the history line is the caller's to add."""
    return _APPLY[type(instruction)](state, instruction, variables)


def is_metadata(instruction: t.Instruction) -> bool:
    return type(instruction) in _APPLY


def _env(state: StageState, instruction: t.Env, variables: Variables) -> StageState:
    environment = state.environment()
    values = _values(instruction, variables)
    environment.update(values)
    variables.environment.update(values)
    return state.with_config(env=tuple(f"{name}={value}" for name, value in environment.items()))


def _label(state: StageState, instruction: t.Label, variables: Variables) -> StageState:
    return state.with_config(labels={**state.config.labels, **_values(instruction, variables)})


def _values(instruction: t.Env | t.Label, variables: Variables) -> dict[str, str]:
    """All of one line, which are read before any of them counts."""
    if len(instruction.pairs) > MOST_NAMES:
        raise instruction.raw.error(f"There are more than {MOST_NAMES} variables here")
    values = {variables.expanded(k, instruction): variables.expanded(v, instruction) for k, v in instruction.pairs}
    for name, value in values.items():
        if len(name) + len(value) >= _MOST_CHARACTERS:
            problem = f"The value of {name[:60]} is too long: {_MOST_CHARACTERS} characters are allowed"
            raise instruction.raw.error(problem, column=instruction.raw.column_of(name))
    return values


def _cmd(state: StageState, instruction: t.Cmd, _: Variables) -> StageState:
    return replace(state.with_config(command=command_words(instruction, state)), command_set=True)


def _entrypoint(state: StageState, instruction: t.Entrypoint, _: Variables) -> StageState:
    changed = state.with_config(entrypoint=command_words(instruction, state))
    return changed if state.command_set else changed.with_config(command=())


def _shell(state: StageState, instruction: t.Shell, _: Variables) -> StageState:
    return state.with_config(shell=instruction.words)


def _expose(state: StageState, instruction: t.Expose, variables: Variables) -> StageState:
    ports = dict.fromkeys(state.config.exposed_ports)
    for text in instruction.ports:
        for word in variables.expanded_words(text, instruction):
            ports |= dict.fromkeys(_ports(word, instruction))
    return state.with_config(exposed_ports=tuple(ports))


def _ports(word: str, instruction: t.Expose) -> list[str]:
    match = _PORT.match(word)
    first = int(match.group(1)) if match else 0
    last = int(match.group(2) or first) if match else 0
    if match is None or not 0 < first <= last <= 65535:
        hint = "Ports look like 80, 80/udp or 8000-8010/tcp."
        raise instruction.raw.error(f"{word!r} is no port", column=instruction.raw.column_of(word), hint=hint)
    protocol = (match.group(3) or "tcp").lower()
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def _volume(state: StageState, instruction: t.Volume, variables: Variables) -> StageState:
    paths = [variables.expanded(path, instruction) for path in instruction.paths]
    return state.with_config(volumes=tuple(dict.fromkeys((*state.config.volumes, *paths))))


def _user(state: StageState, instruction: t.User, variables: Variables) -> StageState:
    return state.with_config(user=variables.expanded(instruction.user, instruction))


def _stop_signal(state: StageState, instruction: t.StopSignal, variables: Variables) -> StageState:
    name = variables.expanded(instruction.signal, instruction)
    known = name.isdigit() and 0 < int(name) < 65
    if not known and f"SIG{name.upper().removeprefix('SIG')}" not in signal.Signals.__members__:
        raise instruction.raw.error(f"{name!r} is no signal", column=instruction.raw.column_of(instruction.signal))
    return state.with_config(stop_signal=name)


def _maintainer(state: StageState, instruction: t.Maintainer, _: Variables) -> StageState:
    return replace(state, author=instruction.name)


def _on_build(state: StageState, instruction: t.OnBuild, _: Variables) -> StageState:
    return state.with_config(on_build=(*state.config.on_build, instruction.expression))


def _healthcheck(state: StageState, instruction: t.Healthcheck, _: Variables) -> StageState:
    return state.with_config(health=instruction.health)


_APPLY: dict[type[t.Instruction], Callable[[StageState, Any, Variables], StageState]] = {
    t.Env: _env,
    t.Label: _label,
    t.Cmd: _cmd,
    t.Entrypoint: _entrypoint,
    t.Shell: _shell,
    t.Expose: _expose,
    t.Volume: _volume,
    t.User: _user,
    t.StopSignal: _stop_signal,
    t.Maintainer: _maintainer,
    t.OnBuild: _on_build,
    t.Healthcheck: _healthcheck,
}
