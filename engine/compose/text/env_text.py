""".env files as text that is edited: one variable set, everything else left as somebody wrote it."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")


def with_variable(text: str, name: str, value: str) -> str:
    """The same text with this variable: its last line is another, or there is one more."""
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    line = f"{name}={quoted(value)}"
    for at in range(len(lines) - 1, -1, -1):
        if re.match(rf"\s*(export\s+)?{re.escape(name)}\s*[=:]", lines[at]):
            lines[at] = line
            break
    else:
        lines.append(line)
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """A value as a .env file has it: bare where nothing in it means more than itself."""
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
