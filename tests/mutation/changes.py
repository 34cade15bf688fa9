"""The changes: what mutmut makes of a room, which of them are tried, and what each one does.

mutmut writes every function of the room once more for each change, all in one file, and notes which tests reach it. A
change is known here by the module, the function and the text of the changed lines: its number moves with every edit.
"""

from __future__ import annotations

import ast
import difflib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.mutation.listed import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

_WITH_LONG_FILES = [f"--ignore=tests/unit/compose/test_{name}.py" for name in ("beside", "hostile")]
"""Where between any two functions stand those of mutmut, megabytes take half a minute, and memory is another."""
TESTS_BESIDE = {
    "sandbox": ["tests/unit/sandbox", "tests/unit/storage/test_layers.py", "tests/unit/storage/test_settling.py"],
    "recipe": ["tests/unit/recipe", "tests/unit/kube/test_round_trip.py"],
    "plays": ["tests/unit/plays", "tests/unit/kube/test_images_here.py"],
    "compose": ["tests/unit/compose", *_WITH_LONG_FILES],
    "types": ["tests/unit/types", "tests/unit/test_expressions.py", "tests/unit/test_labels.py"],
    "moving": ["tests/unit/moving", "tests/unit/machines/test_made_again.py", "tests/unit/machines/test_tar_walk.py"],
    "remote": ["tests/unit/remote", "tests/unit/machines", "tests/unit/swarm"],
    "projects": ["tests/unit/projects", "tests/unit/compose", *_WITH_LONG_FILES],
    "containers": [
        "tests/unit/containers",
        "tests/unit/watching",
        "--deselect=tests/unit/containers/test_policies.py::test_the_stand_in_needs_nothing_but_the_standard_library",
    ],
    "logs": [
        "tests/unit/logs",
        "--deselect=tests/unit/logs/test_merged.py::test_a_search_goes_over_the_whole_history_of_all",
        "--deselect=tests/unit/logs/test_merged.py::test_a_merged_log_is_exported_with_names",
        "--deselect=tests/unit/logs/test_service.py::test_workers_share_a_large_log",
        "--deselect=tests/unit/logs/test_service.py::test_a_search_begins_with_the_oldest_rotated_file",
    ],
}
"""Where a room's tests are not those of its name, or not all of them. Those that run the room in a program of its own,
which can load no changed code, are left out."""
_COPIED = ("engine", "gui", "resources", "tests", "pyproject.toml")
_MOST_FOR_MAKING = 1800.0
_SENTENCE = re.compile(r"\w+\W? \w+")
_SPEAKS = {"marked", "translate"}
_FINDS_FAULT = {"note", "only", "tell", "Problem"}
"""They take what is said of a place in a file."""
_SQL = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|CREATE) ")


@dataclass(frozen=True)
class Change:
    name: str
    """mutmut's, as it stands in the environment of a run."""
    module: str
    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    is_text: bool
    """Only letters of a sentence shown to people."""
    tests: tuple[str, ...]
    seconds: float
    """How long the tests took that reach it."""

    @property
    def line(self) -> str:
        return " ".join(self.after)

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.module, self.function, self.line)

    def __str__(self) -> str:
        lines = [f"{self.module}: {self.function}", *(f"  - {line}" for line in self.before)]
        return "\n".join([*lines, *(f"  + {line}" for line in self.after)])


def tests_of(room: str) -> list[str]:
    """Of a room, or of a directory or a file in it."""
    whole = room.partition("/")[0]
    found = TESTS_BESIDE.get(room) or TESTS_BESIDE.get(whole) or [f"tests/unit/{whole}"]
    missing = [place for place in found if not place.startswith("--") and not (REPOSITORY / place).exists()]
    if missing:
        raise SystemExit(f"no unit tests for {room}: {', '.join(missing)}")
    return found


def place_of(room: str) -> str:
    return room if room.startswith("gui/") else f"engine/{room}"


def make(room: str, place: Path, tests: list[str]) -> list[Change]:
    """A copy of the tree in `place`, with all the changes in it that mutmut makes of the room."""
    for name in _COPIED:
        source = REPOSITORY / name
        ignored = shutil.ignore_patterns("__pycache__", "references")
        shutil.copytree(source, place / name, ignore=ignored) if source.is_dir() else shutil.copy(source, place / name)
    lines = ["[mutmut]", f"source_paths={place_of(room)}", "process_isolation=forkserver", "also_copy="]
    lines += [f"    {name}" for name in _COPIED]
    lines += ["pytest_add_cli_args_test_selection=", *(f"    {each}" for each in tests)]
    lines += ["pytest_add_cli_args=", "    -p", "    tests.mutation.trial"]
    (place / "setup.cfg").write_text("\n".join(lines) + "\n")
    # It makes them, runs all the tests to see which reach what, and then finds nothing to do.
    said = _mutmut(place, "run", "none of that name")
    if not (found := _changes(place / "mutants")):
        raise SystemExit(f"{said}\nno changes were made: do the room's tests pass?")
    return found


def _mutmut(place: Path, *words: str) -> str:
    command = [sys.executable, "-m", "mutmut", *words]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.communicate(timeout=_MOST_FOR_MAKING)[0][-4000:]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return "making the changes took too long"


def _changes(made: Path) -> list[Change]:
    if not (stats := made / "mutmut-stats.json").exists():
        return []
    reached: dict[str, Any] = json.loads(stats.read_text())
    durations: dict[str, float] = reached["duration_by_test"]
    found = []
    for meta in sorted(made.rglob("*.meta")):
        source = meta.with_suffix("")
        spans = json.loads(source.with_suffix(".py.spans").read_text())["spans"]
        lines = source.read_text().splitlines()
        for name in json.loads(meta.read_text())["exit_code_by_key"]:
            module, _, mangled = name.rpartition(".")
            stem = mangled.rpartition("__mutmut_")[0]
            tests = reached["tests_by_mangled_function_name"].get(f"{module}.{stem}", [])
            tests.sort(key=lambda test: (durations[test], test))
            before, after = (_text(lines, spans[each]) for each in (f"{stem}__mutmut_orig", mangled))
            before = before.replace(f"{stem}__mutmut_orig", mangled, 1)
            function = stem.removeprefix("x").strip("ǁ").replace("ǁ", ".") if "ǁ" in stem else stem.removeprefix("x_")
            gone, come = _difference(before, after)
            seconds = sum(durations[test] for test in tests)
            is_text = _changes_a_sentence(before, after)
            found.append(Change(name, module, function, gone, come, is_text, tuple(tests), seconds))
    return found


def _text(lines: list[str], span: list[int]) -> str:
    return "\n".join(lines[span[0] - 1 : span[1]])


def _difference(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines(), charjunk=None))
    gone, come = ([line[2:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return tuple(gone), tuple(come)


# --- texts ---


@functools.lru_cache(4)
def _parsed(text: str) -> ast.AST:
    inside = text.lstrip("\n").startswith("    ")
    return ast.parse("class _:\n" + text if inside else text)


def _changes_a_sentence(before: str, after: str) -> bool:
    """Whether all it does is to change letters of what is said to people.

    That is a literal inside `marked(…)` or `translate(…)`, or their context, which only the collecting of translations
    reads; and a literal of two words and more inside a `raise`, or in what is said of a place in a file (`note`,
    `only`, `tell`, `Problem`). Whether such a sentence is said, where, and with what in it, is tested; its spelling
    would only stand there a second time. And what nobody tells apart: the case of letters in SQL, and a type named to
    `cast`.
    """
    places = _first_difference(_parsed(before), _parsed(after), ())
    if places is None:
        return False
    above, old, new = places
    calls = [(_called(each), each) for each in above if isinstance(each, ast.Call)]
    spoken = [each for name, each in calls if name in _SPEAKS]
    if any(isinstance(old, ast.AST) and old is each.args[0] for each in spoken):
        return True
    if not (isinstance(old, str) and isinstance(new, str) and _spelt_otherwise(old, new)):
        return False
    if any(name == "cast" for name, _ in calls) or (_SQL.match(old) and old.casefold() == new.casefold()):
        return True
    blamed = any(name in _FINDS_FAULT for name, _ in calls) or any(isinstance(each, ast.Raise) for each in above)
    return bool(spoken) or (blamed and _SENTENCE.search(old) is not None)


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _spelt_otherwise(old: str, new: str) -> bool:
    return old == new.replace("XX", "") or old.casefold() == new.casefold()


def _first_difference(
    old: object, new: object, above: tuple[ast.AST, ...]
) -> tuple[tuple[ast.AST, ...], object, object] | None:
    """The values that differ, and the nodes they stand in; a change is at one place."""
    if isinstance(old, ast.Constant) and isinstance(new, ast.Constant) and type(old.value) is not type(new.value):
        return (above, old, new)
    if isinstance(old, ast.AST) and type(old) is type(new):
        pairs = [(getattr(old, field, None), getattr(new, field, None)) for field in old._fields]
        return next((found for pair in pairs if (found := _first_difference(*pair, (*above, old)))), None)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return next((found for pair in zip(old, new, strict=True) if (found := _first_difference(*pair, above))), None)
    return None if type(old) is type(new) and old == new else (above, old, new)
