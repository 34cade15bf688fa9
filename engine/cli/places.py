"""The options that stand before the verb: which store, and which machine's engine."""

from __future__ import annotations

import os

_GLOBAL = {
    "--root": "a directory",
    "--run": "a directory",
    "--host": "an address",
    "--context": "a name",
    "-H": "an address",
    "-c": "a name",
}
"""The options that stand before the verb, and what each needs."""


def take_places(words: list[str]) -> str:
    """Take them off the front; they reach everything else by the environment."""
    while words and words[0].startswith("-"):
        name, equals, value = words[0].partition("=")
        if name[:2] in _GLOBAL and len(name) > 2 and not name.startswith("--"):
            name, equals, value = name[:2], "=", words[0][2:].removeprefix("=")
        if name not in _GLOBAL:
            return ""
        words.pop(0)
        if not equals and words:
            value = words.pop(0)
        if not value:
            return f"{name} needs {_GLOBAL[name]}"
        _say_place(name, value)
    return ""


def _say_place(name: str, value: str) -> None:
    variable = {"--root": "WHERRY_ROOT", "--run": "WHERRY_RUN"}.get(name)
    if variable is not None:
        os.environ[variable] = os.path.abspath(value)
        return
    from engine.machines import choosing

    choosing.say_host(value) if name in ("-H", "--host") else choosing.say_context(value)
