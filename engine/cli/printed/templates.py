"""The part of Go's text/template that people write behind `--format`: fields, pipes, functions, if, range and with.

Untrusted only by the user's own hand; still, nothing of Python is reachable from a template: values are plain JSON.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from engine.cli.options import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<field>(?:\$\w*)?(?:\.\w+)+)
      | (?P<variable>\$\w*)
      | (?P<dot>\.)
      | (?P<assign>:=|=)
      | (?P<word>\w+)
      | (?P<mark>[|(),])
    )""",
    re.VERBOSE,
)
_ACTION = re.compile(r"\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}", re.DOTALL)
_KEYWORD = re.compile(r"(if|with|range|end|else)\b")
_MISSING = "<no value>"

Scope = dict[str, Any]


class Template:
    """Parsed once, rendered for each row."""

    def __init__(self, text: str) -> None:
        self._nodes, rest = _parse(_pieces(text))
        if rest:
            raise UsageError("template parsing error: unexpected {{end}} or {{else}}")

    def render(self, value: Any) -> str:
        return "".join(_run(self._nodes, value, {"$": value}))


# --- reading ---


def _pieces(text: str) -> list[tuple[str, str]]:
    """("text", …) and ("action", …); `{{-` and `-}}` eat the blanks beside them."""
    pieces: list[tuple[str, str]] = []
    position, eat = 0, False
    for match in _ACTION.finditer(text):
        plain = text[position : match.start()]
        plain = plain.lstrip() if eat else plain
        plain = plain.rstrip() if match[1] else plain
        eat = bool(match[3])
        if plain:
            pieces.append(("text", plain))
        if not match[2].startswith("/*"):
            pieces.append(("action", match[2]))
        position = match.end()
    tail = text[position:].lstrip() if eat else text[position:]
    if "{{" in tail:
        raise UsageError("template parsing error: unclosed action")
    if tail:
        pieces.append(("text", tail))
    return pieces


Node = tuple[Any, ...]


def _parse(pieces: list[tuple[str, str]]) -> tuple[list[Node], str]:
    """Nodes up to the end or to a closing word, which is given back; eats the pieces."""
    nodes: list[Node] = []
    while pieces:
        kind, text = pieces.pop(0)
        if kind == "text":
            nodes.append(("text", text))
            continue
        keyword = _KEYWORD.match(text)
        if keyword is None:
            nodes.append(_value_node(text))
        elif keyword[1] in ("end", "else"):
            return nodes, text
        else:
            nodes.append(_block(keyword[1], text[keyword.end() :], pieces))
    return nodes, ""


def _block(word: str, rest: str, pieces: list[tuple[str, str]]) -> Node:
    names: list[str] = []
    if ":=" in rest and rest.lstrip().startswith("$"):
        left, _, rest = rest.partition(":=")
        names = [name.strip() for name in left.split(",")]
    condition = _pipeline(_tokens(rest))
    body, closing = _parse(pieces)
    otherwise: list[Node] = []
    if closing.startswith("else"):
        further = closing.removeprefix("else").strip()
        if further:
            inner = _KEYWORD.match(further)
            if inner is None or inner[1] in ("end", "else"):
                raise UsageError(f"template parsing error: unexpected {further!r} after else")
            otherwise = [_block(inner[1], further[inner.end() :], pieces)]
            closing = "end"
        else:
            otherwise, closing = _parse(pieces)
    if closing != "end":
        raise UsageError(f"template parsing error: {{{{{word}}}}} without {{{{end}}}}")
    return (word, names, condition, body, otherwise)


def _value_node(text: str) -> Node:
    match = re.match(r"(\$\w+)\s*:?=\s*(.*)", text, re.DOTALL)
    if match:
        return ("set", match[1], _pipeline(_tokens(match[2])))
    return ("value", _pipeline(_tokens(text)))


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise UsageError(f"template parsing error: unexpected {text[position : position + 20]!r}")
        tokens.append((str(match.lastgroup), match[match.lastgroup or 0]))
        position = match.end()
    if not tokens:
        raise UsageError("template parsing error: missing value for command")
    return tokens


def _pipeline(tokens: list[tuple[str, str]]) -> list[list[Node]]:
    """Commands joined by `|`, each a list of operands. Parentheses nest; eats the tokens up to a closing one."""
    commands: list[list[Node]] = [[]]
    while tokens:
        kind, text = tokens.pop(0)
        if text == "|" and kind == "mark":
            commands.append([])
        elif text == ")" and kind == "mark":
            break
        elif text == "(" and kind == "mark":
            operand: Node = ("pipe", _pipeline(tokens))
            # A field may follow a parenthesis: (index .Ports 0).HostPort
            while tokens and tokens[0][0] == "field" and tokens[0][1].startswith("."):
                operand = ("of", operand, tokens.pop(0)[1])
            commands[-1].append(operand)
        else:
            commands[-1].append((kind, _unquoted(text) if kind == "string" else text))
    if not all(commands):
        raise UsageError("template parsing error: missing value for command")
    return commands


def _unquoted(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        raise UsageError(f"template parsing error: {text} is no string") from None


# --- rendering ---


def _run(nodes: Sequence[Node], dot: Any, scope: Scope) -> list[str]:
    output: list[str] = []
    for node in nodes:
        kind = node[0]
        if kind == "text":
            output.append(node[1])
        elif kind == "value":
            output.append(show(_evaluate(node[1], dot, scope)))
        elif kind == "set":
            scope[node[1]] = _evaluate(node[2], dot, scope)
        elif kind == "range":
            output += _range(node, dot, scope)
        else:
            output += _if_or_with(node, dot, scope)
    return output


def _if_or_with(node: Node, dot: Any, scope: Scope) -> list[str]:
    kind, names, condition, body, otherwise = node
    value = _evaluate(condition, dot, scope)
    inner = {**scope, names[0]: value} if names else scope
    if not _true(value):
        return _run(otherwise, dot, inner)
    return _run(body, value if kind == "with" else dot, inner)


def _range(node: Node, dot: Any, scope: Scope) -> list[str]:
    _, names, condition, body, otherwise = node
    value = _evaluate(condition, dot, scope)
    if isinstance(value, dict):
        pairs: list[tuple[Any, Any]] = sorted(value.items())
    elif isinstance(value, (list, tuple)):
        pairs = list(enumerate(value))
    else:
        pairs = []
    if not pairs:
        return _run(otherwise, dot, scope)
    output: list[str] = []
    for key, item in pairs:
        inner = dict(scope)
        if len(names) == 2:
            inner[names[0]], inner[names[1]] = key, item
        elif names:
            inner[names[0]] = item
        output += _run(body, item, inner)
    return output


def _evaluate(commands: list[list[Node]], dot: Any, scope: Scope) -> Any:
    piped: list[Any] = []
    for operands in commands:
        piped = [_command(operands, piped, dot, scope)]
    return piped[0]


def _command(operands: list[Node], piped: list[Any], dot: Any, scope: Scope) -> Any:
    first, rest = operands[0], operands[1:]
    arguments = [_operand(each, dot, scope) for each in rest] + piped
    if first[0] == "word":
        name = first[1]
        if name in ("true", "false", "nil"):
            return {"true": True, "false": False, "nil": None}[name]
        function = _FUNCTIONS.get(name)
        if function is None:
            raise UsageError(f'template parsing error: function "{name}" not defined')
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise UsageError(f"template: error calling {name}: {error}") from None
    value = _operand(first, dot, scope)
    if callable(value):
        return value(*arguments)
    if arguments:
        raise UsageError(f"template: can't give argument to {first[1]}")
    return value


def _operand(node: Node, dot: Any, scope: Scope) -> Any:
    kind, text = node[0], node[1]
    if kind == "string":
        return text
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "dot":
        return dot
    if kind == "variable":
        return _variable(text, scope)
    if kind == "field":
        head, *names = text.split(".")
        start = _variable(head, scope) if head else dot
        if start is scope["$"]:
            _must_know(start, names[0])
        return _walk(start, names)
    if kind == "pipe":
        return _evaluate(text, dot, scope)
    if kind == "of":
        return _walk(_operand(text, dot, scope), node[2].split(".")[1:])
    if kind == "word":
        return _command([node], [], dot, scope)
    raise UsageError(f"template parsing error: unexpected {text!r}")


def _variable(name: str, scope: Scope) -> Any:
    if name not in scope:
        raise UsageError(f'template parsing error: undefined variable "{name}"')
    return scope[name]


def _must_know(row: Any, name: str) -> None:
    """A misspelt field of the whole is a mistake. Further inside, what is missing may only be missing today."""
    known = isinstance(row, dict) and (
        name in row or name.lower() in map(str.lower, row) or hasattr(row, "__missing__")
    )
    if not known:
        raise UsageError(f"template: can't evaluate field {name}")


def _walk(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise UsageError(f"template: can't evaluate field {name}")
        try:
            value = value[name]
        except KeyError:
            # Go knows its structures and we do not: a key of another case, or none.
            lowered = {key.lower(): key for key in value}
            value = value[lowered[name.lower()]] if name.lower() in lowered else None
    return value


def _true(value: Any) -> bool:
    return bool(value)


def show(value: Any) -> str:
    """A value as Go's %v prints it."""
    if value is None:
        return _MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{show(each)}" for key, each in sorted(value.items())) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(show(each) for each in value) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _json(value: Any) -> str:
    plain = {k: v for k, v in value.items() if not callable(v)} if isinstance(value, dict) else value
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None:
            return None
        value = value.get(key) if isinstance(value, dict) else value[key]
    return value


def _slice(value: Any, *bounds: int) -> Any:
    return value[slice(*bounds)] if len(bounds) > 1 else value[bounds[0] :] if bounds else value


_NOT_GIVEN = object()


def _printf(form: str, *values: Any) -> str:
    shown = [
        value if isinstance(value, (int, float)) and not isinstance(value, bool) else show(value) for value in values
    ]
    position = iter(shown)

    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        verb = match[2]
        value = next(position, _NOT_GIVEN)
        if value is _NOT_GIVEN:
            return f"%!{verb}(MISSING)"
        if verb == "q":
            return json.dumps(str(value), ensure_ascii=False)
        if verb == "v":
            return show(value) if not isinstance(value, str) else value
        return f"%{match[1]}{verb}" % value

    return re.sub(r"%([-+ 0]*\d*(?:\.\d+)?)([vsdqfxt%])|%%", one, form.replace("%t", "%v"))


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    return lambda left, *rights: any(test(left, right) for right in rights)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "json": _json,
    "upper": lambda text: show(text).upper(),
    "lower": lambda text: show(text).lower(),
    "title": lambda text: show(text).title(),
    "split": lambda text, separator: text.split(separator),
    "join": lambda items, separator: separator.join(show(item) for item in items or ()),
    "pad": lambda text, before, after: " " * before + text + " " * after if text else "",
    "truncate": lambda text, length: show(text)[:length],
    "println": lambda *values: " ".join(show(value) for value in values) + "\n",
    "print": lambda *values: "".join(show(value) for value in values),
    "printf": _printf,
    "len": lambda value: len(value or ()),
    "index": _index,
    "slice": _slice,
    "eq": _compare(lambda left, right: bool(left == right)),
    "ne": _compare(lambda left, right: bool(left != right)),
    "lt": _compare(lambda left, right: bool(left < right)),
    "le": _compare(lambda left, right: bool(left <= right)),
    "gt": _compare(lambda left, right: bool(left > right)),
    "ge": _compare(lambda left, right: bool(left >= right)),
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "html": lambda text: show(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
}
