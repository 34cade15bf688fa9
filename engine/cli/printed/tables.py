"""Rows as a table, as JSON lines, or through a template: what `--format` chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.cli.printed.paper import inert_cell, say, say_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Row = Mapping[str, Any]

_GAP = 3
_LEAST = 7
"""Cells are at least ten wide with their gap."""


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns three apart and at least so wide, as Docker's tabwriter sets them; no blanks after the last."""
    if not rows:
        return ""
    rows = [[inert_cell(cell) for cell in row] for row in rows]
    count = max(len(row) for row in rows)
    widths = [max(_LEAST, *(_width(row[column]) for row in rows if column < len(row))) for column in range(count)]
    lines = []
    for row in rows:
        cells = [cell + " " * (widths[column] - _width(cell) + _GAP) for column, cell in enumerate(row[:-1])]
        lines.append("".join(cells) + row[-1])
    return "\n".join(lines) + "\n"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def show(
    rows: Iterable[Row],
    form: str,
    *,
    columns: Sequence[tuple[str, str]],
    headings: Mapping[str, str] | None = None,
    quiet: Callable[[Row], str] | None = None,
) -> None:
    """Print rows. `columns` are (heading, key) of the plain table; `headings` name further keys of templates."""
    if quiet is not None:
        say_each(quiet(row) for row in rows)
        return
    if not form or form == "table":
        lines = [[heading for heading, _ in columns]]
        lines += [[str(row[key]) for _, key in columns] for row in rows]
        say(table(lines), end="")
        return
    if form in ("json", "{{json .}}"):
        _json_lines(rows)
        return
    from engine.cli.printed.templates import Template

    titles = {key: heading for heading, key in columns} | dict(headings or {})
    if form.startswith("table"):
        template = Template(unescaped(form.removeprefix("table").lstrip(" ")))
        lines = [template.render(_Headings(titles)).split("\t")]
        lines += [template.render(row).split("\t") for row in rows]
        say(table(lines), end="")
        return
    template = Template(unescaped(form))
    for row in rows:
        say(template.render(row))


def _json_lines(rows: Iterable[Row]) -> None:
    import json

    for row in rows:
        plain = {key: value for key, value in row.items() if not callable(value)}
        say(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))


class _Headings(dict[str, Any]):
    """The heading of any key; one without a name of its own is the key in capitals."""

    def __missing__(self, key: str) -> Any:
        if key == "Label":
            return lambda name: "LABEL"  # of rows, too, it is asked for by a label's name
        return "".join(f" {c}" if c.isupper() and i else c for i, c in enumerate(key)).upper()


def unescaped(form: str) -> str:
    """A shell passes `\\t` and `\\n` as two characters."""
    return form.replace("\\t", "\t").replace("\\n", "\n")


def show_objects(objects: Sequence[Any], form: str) -> None:
    """What `inspect` prints: an indented list, or the template over each."""
    import json

    if not form:
        say(json.dumps(list(objects), indent=4, ensure_ascii=False))
    elif form == "json":
        say(json.dumps(list(objects), ensure_ascii=False, separators=(",", ":")))
    else:
        from engine.cli.printed.templates import Template

        template = Template(unescaped(form))
        for each in objects:
            say(template.render(each))
