"""Every option of `run` with values good and bad: the body that is made of it, or what is said of it, to the letter.

`answers.jsonl` has a line for each: the words, and `body` (what differs from a bare one's) or `said`. It shows what a
change of the recipe changes for people: who means it writes it anew (`python -m tests.unit.recipe.test_answers`) and
reads the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.recipe.body import dump
from engine.recipe.faults import Unreadable
from engine.recipe.line import options, recipe_of
from engine.recipe.words.arguments import take_apart
from engine.recipe.words.here import Here

ANSWERS = Path(__file__).parent / "answers.jsonl"
_FILES = {"/here/file": "# a remark\nA=1\n\n B=two words\nHOME\nNONE\n"}
_ENVIRONMENT = {"HOME": "/home/me", "TERM": "xterm"}
_VALUES = ("", "x", "-1", "5", "1.5", "64m", "a=b", "a:b", "/a:/b:ro", "30s")


def _read(path: str) -> str:
    if path not in _FILES:
        raise Unreadable("The file {0} cannot be read: {1}", path, "No such file or directory")
    return _FILES[path]


HERE = Here("/here", "/home/me", 1000, 1000, _ENVIRONMENT, _read)


def answer(words: list[str]) -> dict[str, Any]:
    try:
        values, arguments = take_apart([*words, "image"], options(), stop_early=True)
        body = dump(recipe_of(values, arguments, HERE))
    except Unreadable as error:
        return {"said": str(error)}
    bare = dump(recipe_of({}, ["image"], HERE))
    return {"body": _differing(bare, body)}


def _differing(before: Any, after: Any) -> Any:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    return {
        key: _differing(before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def asked() -> list[list[str]]:
    granted = [option for option in options() if not option.help.startswith("Not granted")]
    named = [option for option in granted if option.kind != "flag"]
    flags = [option for option in granted if option.kind == "flag"]
    found = [[f"--{option.name}={value}"] for option in named for value in _VALUES]
    found += [[f"--{option.name}{value}"] for option in flags for value in ("", "=false", "=perhaps")]
    return found + [[f"-{option.short}", "x"] for option in named if option.short]


def _kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in ANSWERS.read_text().splitlines()]


def test_the_answers_are_the_same() -> None:
    differing = [(kept, now) for kept in _kept() if {"words": kept["words"], **(now := answer(kept["words"]))} != kept]
    assert not differing


if __name__ == "__main__":
    lines = [json.dumps({"words": each, **answer(each)}, ensure_ascii=False) for each in asked()]
    ANSWERS.write_text("\n".join(lines) + "\n")
