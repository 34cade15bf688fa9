"""`$NAME` and `${NAME…}` in a compose file's texts, replaced as docker compose does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.compose.faults import Problem
from engine.compose.text.document import Override, Reset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.compose.faults import Path

EXPANDED_AT_MOST = 1 << 20
"""Characters of one text: values that name values could double with every line."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


class MissingError(Exception):
    """A variable that the file requires is not set."""


class FormatError(Exception):
    """Something after a $ that is no variable."""


def interpolate(
    value: Any,
    variables: Mapping[str, str],
    tell: Callable[[Problem], None],
    path: Path = (),
    *,
    unset: Callable[[str], None] = lambda _: None,
) -> Any:
    """The same tree with every text replaced. What cannot be is told and stays as it was; `unset` hears of empty
    ones."""
    if isinstance(value, str):
        if "$" not in value:
            return value
        try:
            return substitute(value, variables, unset)
        except MissingError as error:
            tell(Problem(path, str(error)))
        except FormatError as error:
            tell(Problem(path, f"invalid interpolation format: {error}", hint="a $ that is meant is written $$"))
        return value
    if isinstance(value, dict):
        return {
            key: interpolate(each, variables, tell, (*path, key), unset=unset)
            if isinstance(each, dict | list | Override) or (isinstance(each, str) and "$" in each)
            else each
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [interpolate(each, variables, tell, (*path, at), unset=unset) for at, each in enumerate(value)]
    if isinstance(value, Override) and not isinstance(value, Reset):
        return Override(interpolate(value.value, variables, tell, path, unset=unset))
    return value


def substitute(text: str, variables: Mapping[str, str], unset: Callable[[str], None] = lambda _: None) -> str:
    """One text with its variables replaced."""
    done: list[str] = []
    length = at = 0
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        replaced, at = _one(text, dollar, variables, unset)
        done.append(replaced)
        length += len(replaced)
        if length > EXPANDED_AT_MOST:
            raise FormatError(f"it would be longer than {EXPANDED_AT_MOST >> 20} MiB")
    done.append(text[at:])
    return "".join(done)


def names(value: Any) -> dict[str, str | None]:
    """Every variable that a tree asks for, with its default where it has one."""
    found: dict[str, str | None] = {}

    def look(each: Any) -> None:
        if isinstance(each, str):
            for match in re.finditer(r"\$(\$|\{([A-Za-z_]\w*)(?::?[-](([^{}]|\{[^{}]*\})*))?|([A-Za-z_]\w*))", each):
                if name := match[2] or match[5]:
                    found[name] = match[3] if match[3] is not None else found.get(name)
        elif isinstance(each, dict):
            for below in each.values():
                look(below)
        elif isinstance(each, list):
            for below in each:
                look(below)

    look(value)
    return found


def _one(text: str, dollar: int, variables: Mapping[str, str], unset: Callable[[str], None]) -> tuple[str, int]:
    """(what stands for it, where the text goes on) of the variable at a dollar sign."""
    after = text[dollar + 1 : dollar + 2]
    if after == "$":
        return "$", dollar + 2
    if after == "{":
        end = _closing(text, dollar + 1)
        return _braced(text[dollar + 2 : end], variables, unset), end + 1
    name = _NAME.match(text, dollar + 1)
    if name is None:  # a price, or the end of the text
        return "$", dollar + 1
    return _plain(name[0], variables, unset), name.end()


def _closing(text: str, brace: int) -> int:
    depth = 0
    for at in range(brace, len(text)):
        if text[at] == "{" and text[at - 1] == "$":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
    raise FormatError(f"“{text[brace - 1 : brace + 20]}” has no closing brace")


def _plain(name: str, variables: Mapping[str, str], unset: Callable[[str], None]) -> str:
    value = variables.get(name)
    if value is None:
        unset(name)
        return ""
    return value


def _braced(inside: str, variables: Mapping[str, str], unset: Callable[[str], None]) -> str:
    name = _NAME.match(inside)
    if name is None:
        raise FormatError(f"“${{{inside}}}”")
    rest = inside[name.end() :]
    if not rest:
        return _plain(name[0], variables, unset)
    for operator in _OPERATORS:
        if rest.startswith(operator):
            return _operated(name[0], operator, rest[len(operator) :], variables, unset)
    raise FormatError(f"“${{{inside}}}”")


def _operated(name: str, operator: str, word: str, variables: Mapping[str, str], unset: Callable[[str], None]) -> str:
    value = variables.get(name)
    # With a colon an empty value counts as none.
    there = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("-"):
        return value or "" if there else substitute(word, variables, unset)
    if operator.endswith("+"):
        return substitute(word, variables, unset) if there else ""
    if not there:
        why = substitute(word, variables, unset)
        raise MissingError(f"required variable {name} is missing a value" + (f": {why}" if why else ""))
    return value or ""
