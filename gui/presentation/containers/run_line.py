"""`docker run` lines in the window: read into a recipe, written from one, and what is wrong with one in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from engine.recipe.crossing import recipe_of, spec_of
from engine.recipe.exports.compose import write_compose
from engine.recipe.faults import Unreadable
from engine.recipe.line import looks_like_line, read_line, write_line
from engine.recipe.words.here import read_lines, this_place, variables
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import ContainerSpec

_INVENTED_DIGITS = 12


class RunLine(NamedTuple):
    """What a line says: the recipe, the name, and what of it the form must tell."""

    spec: ContainerSpec
    name: str = ""
    ignored: tuple[str, ...] = ()
    """Options Wherry does not need or cannot grant, as written."""
    open: tuple[str, ...] = ()
    """What a shell would have filled in, and only the user can."""


def parse_run_line(text: str) -> RunLine:
    """Read `docker run …`, `podman run …`, `docker create …` or only what follows. Unreadable tells what is wrong."""
    line = read_line(text, this_place())
    return RunLine(spec_of(line.recipe), line.name, line.ignored, line.open)


def looks_like_run_line(text: str) -> bool:
    """A paste worth reading as a whole line."""
    return looks_like_line(text, this_place())


def docker_run_line(spec: ContainerSpec, name: str = "") -> str:
    """The line that would make the same container, one option a line."""
    return write_line(recipe_of(spec), name)


def compose_file(spec: ContainerSpec, name: str) -> str:
    """A compose file whose service would be the same container."""
    return write_compose([(name, recipe_of(spec))])


def chosen_by_people(spec: ContainerSpec, container_id: str) -> ContainerSpec:
    """The recipe without the host name the engine invented: the container's own short id would name no other."""
    invented = bool(spec.hostname) and spec.hostname == container_id[:_INVENTED_DIGITS]
    return replace(spec, hostname="") if invented else spec


def read_env_file(path: str) -> dict[str, str]:
    """The variables of an --env-file: NAME=value lines, comments, and bare names that stand for those of today."""
    here = this_place()
    return variables(read_lines(path, here), here)


def fault_text(error: ValueError) -> str:
    """What is wrong with something that was typed, in the window's language."""
    if not isinstance(error, Unreadable):
        return str(error)
    words = [fault_text(word) if isinstance(word, Unreadable) else word for word in error.words]
    sentence = translate("Recipe", error.sentence)
    return sentence.format(*words) if words else sentence
