"""A recipe as a `docker run` line, both ways.

Options that were taken apart already (by the command line) become a recipe strictly: what cannot be granted is refused.
A line that somebody pasted is read leniently in two things: what was understood and cannot be granted is left out and
told, and what a shell would have filled in is marked. What is wrong is refused in the same words on both ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.recipe.faults import Unreadable, marked, unsupported
from engine.recipe.kinds.mounts import without_doubles
from engine.recipe.kinds.ports import key_of
from engine.recipe.kinds.special import check_log_options
from engine.recipe.rows import REFUSED, ROWS, get, put
from engine.recipe.words.arguments import Option, take_apart
from engine.recipe.words.unexpanded import is_open, open_words, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.recipe.words.here import Here
    from engine.recipe.words.shell import Command

_PROGRAMS = ("docker", "podman", "nerdctl", "wherry")
_VERBS = ("run", "create")
_WITH_VALUE = {
    "sudo": ("-u", "-g", "--user", "--group"),
    "docker": ("-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "--root", "--run"),
}
_SHORT = frozenset("tiPpvelwum")
"""The letters that everybody knows; a line is read by people."""

REQUEST = (Option("name", "text", "Assign a name to the container"),)
"""Options of the request, not of the recipe: the command line sends them, the window has fields of its own for them."""

_WITHOUT_WORDS = (
    Option("detach", "flag", short="d"),
    Option("quiet", "flag", short="q"),
    Option("sig-proxy", "flag"),
    Option("disable-content-trust", "flag"),
)
_TOLD = (
    Option("attach", "list", short="a"),
    Option("pull", "text"),
    Option("detach-keys", "text"),
    Option("cidfile", "text"),
    Option("annotation", "list"),
    Option("replace", "flag"),
)
"""Real options that change nothing in a recipe: the first without a word, the others are told."""


class Line(NamedTuple):
    """What a line says."""

    recipe: dict[str, Any]
    name: str = ""
    ignored: tuple[str, ...] = ()
    """Options that were left out, as written."""
    open: tuple[str, ...] = ()
    """What a shell would have filled in and only the user can."""


def options() -> list[Option]:
    """Those of `run` and `create` that say something of the recipe, in the order of the alphabet."""
    found = [Option(row.flag, row.kind.takes, row.words, row.short, row.aliases) for row in ROWS if row.flag]
    found += [Option(refused.flag, "text", "Not granted: " + refused.why) for refused in REFUSED if refused.flag]
    return sorted([*found, *REQUEST], key=lambda option: option.name)


def update_options() -> list[Option]:
    found = [Option(row.flag, row.kind.takes, row.words, row.short) for row in ROWS if row.update]
    return sorted(found, key=lambda option: option.name)


# --- reading ---


def recipe_of(values: Mapping[str, Sequence[str]], arguments: Sequence[str], here: Here) -> dict[str, Any]:
    """Strictly, from options that were taken apart."""
    return _recipe(values, arguments, here, None)


def given_rows(values: Mapping[str, Sequence[str]], here: Here) -> dict[str, Any]:
    """Only what options say, without an image: what `update` is given."""
    recipe: dict[str, Any] = {}
    _read_rows(values, here, recipe, None)
    return recipe


class _Lenient(NamedTuple):
    ignored: list[str]
    open: list[str]


def _recipe(
    values: Mapping[str, Sequence[str]], arguments: Sequence[str], here: Here, lenient: _Lenient | None
) -> dict[str, Any]:
    if not arguments:
        raise Unreadable(marked("Recipe", "The line names no image"))
    recipe: dict[str, Any] = {"image": arguments[0]}
    if len(arguments) > 1:
        recipe["command"] = list(arguments[1:])
    _read_rows(values, here, recipe, lenient)
    _refuse(values, lenient)
    return settled(recipe)


def _read_rows(
    values: Mapping[str, Sequence[str]], here: Here, recipe: dict[str, Any], lenient: _Lenient | None
) -> None:
    for row in ROWS:
        texts = values.get(row.flag, ()) if row.flag else ()
        # What may be given several times is read one by one, so that one that is left out leaves the others.
        for group in [[text] for text in texts] if row.kind.takes == "list" else [texts] if texts else []:
            try:
                value = row.kind.read(get(recipe, row.field), group, row.flag, here)
            except Unreadable as fault:
                if lenient is None:
                    raise
                _leave_out(row.flag, group[-1], fault, lenient)
            else:
                put(recipe, row.field, value)


def _leave_out(flag: str, text: str, fault: Unreadable, lenient: _Lenient) -> None:
    if is_open(text):
        lenient.open.append(f"--{flag} {text}")
    elif fault.unsupported:
        lenient.ignored.append(f"--{flag} {text}")
    else:
        raise fault


def _refuse(values: Mapping[str, Sequence[str]], lenient: _Lenient | None) -> None:
    for refused in REFUSED:
        for text in values.get(refused.flag, ()) if refused.flag else ():
            if text and text not in map(str, refused.harmless):
                fault = unsupported(f"--{refused.flag}", refused.why)
                if lenient is None:
                    raise fault
                _leave_out(refused.flag, text, fault, lenient)


def settled(recipe: dict[str, Any]) -> dict[str, Any]:
    """What fields say of each other, made consistent."""
    health = recipe.get("health")
    if health and (health.get("test") or ())[:1] == ["NONE"]:
        recipe["health"] = {"test": ["NONE"]}
    if health is not None and not any(health.values()):
        del recipe["health"]
    published = {key_of(item) for item in recipe.get("ports") or ()}
    if recipe.get("exposed_ports"):
        recipe["exposed_ports"] = [key for key in dict.fromkeys(recipe["exposed_ports"]) if key not in published]
    check_log_options(recipe.get("log") or {})
    if recipe.get("mounts"):
        recipe["mounts"] = without_doubles(recipe["mounts"])
    return recipe


def read_line(text: str, here: Here) -> Line:
    """`docker run …`, `sudo podman run …`, `docker container create …`, or only what follows."""
    from engine.recipe.words.shell import commands  # for those who paste; the command line has a shell before it

    found = commands(text, here)
    wanted = [*options(), *_WITHOUT_WORDS, *_TOLD]
    words, rest = _run_words(found)
    values, arguments = take_apart(words, wanted, stop_early=True)
    while not arguments and rest:
        # A line that broke where it should have gone on: options without an image are no command yet.
        words += rest.pop(0).words
        values, arguments = take_apart(words, wanted, stop_early=True)
    lenient = _Lenient([], [])
    recipe = _recipe(values, arguments, here, lenient)
    told = {option.name for option in _TOLD}
    ignored = [f"--{name} {text}".removesuffix(" true") for name in told for text in values.get(name, ())]
    open_texts = [*open_words(recipe), *shown(lenient.open)]
    if is_open(recipe["image"]):
        recipe["image"] = ""
    name = (values.get("name") or [""])[-1]
    if is_open(name):
        open_texts.append(shown(name))
        name = ""
    return Line(shown(recipe), name, tuple(shown([*lenient.ignored, *ignored])), tuple(dict.fromkeys(open_texts)))


def _run_words(found: list[Command]) -> tuple[list[str], list[Command]]:
    """The words after `run` of the first command that has one, and the lines that follow it directly."""
    for number, command in enumerate(found):
        words = _after_verb(command.words)
        if words is not None:
            following = found[number + 1 :] if command.end == "\n" else []
            return words, following
    if not found:
        return [], []
    first = list(found[0].words)
    for prefix in ("sudo", *_PROGRAMS, "container", *_VERBS):
        if first[:1] == [prefix]:
            del first[0]
    return first, found[1:] if found[0].end == "\n" else []


def _after_verb(words: list[str]) -> list[str] | None:
    rest = list(words)
    while rest and "=" in rest[0] and not rest[0].startswith("-"):
        del rest[0]
    if rest[:1] == ["sudo"]:
        rest = _without_options(rest[1:], "sudo")
    if not rest or rest[0].rpartition("/")[2] not in _PROGRAMS:
        return None
    rest = _without_options(rest[1:], "docker")
    if rest[:1] == ["container"]:
        del rest[0]
    return rest[1:] if rest[:1] and rest[0] in _VERBS else None


def _without_options(words: list[str], program: str) -> list[str]:
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in _WITH_VALUE[program] else 1 :]
    return words


def looks_like_line(text: str, here: Here) -> bool:
    """A paste worth reading as a whole line."""
    if not any(verb in text for verb in _VERBS):
        return False
    from engine.recipe.words.shell import commands

    try:
        return any(_after_verb(command.words) is not None for command in commands(text, here))
    except Unreadable:
        return any(text.strip().removeprefix("sudo ").startswith(program + " ") for program in _PROGRAMS)


# --- writing ---


def words_of(recipe: Mapping[str, Any], name: str = "") -> Iterator[list[str]]:
    """The options that say it, each with its value, and last the image with its command."""
    if name:
        yield ["--name", name]
    for row in ROWS:
        value = get(dict(recipe), row.field) if row.flag else None
        if value is None or value == row.default:
            continue
        option = f"-{row.short}" if row.short in _SHORT and row.short else f"--{row.flag}"
        for text in row.kind.write(value):
            yield [option] if row.kind.takes == "flag" else [option, text]
    entrypoint = recipe.get("entrypoint") or ()
    yield [str(recipe["image"]), *entrypoint[1:], *(recipe.get("command") or ())]


def write_line(recipe: Mapping[str, Any], name: str = "") -> str:
    """One option a line."""
    import shlex

    return " \\\n    ".join(["docker run -d", *map(shlex.join, words_of(recipe, name))])
