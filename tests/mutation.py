"""Do the tests bite? `python -m tests.mutation ROOM [--minutes 5] [--seed 0]`, as `recipe` or `builder/language`.

mutmut makes small changes to a room of the engine in a copy of the tree, and runs the room's unit tests on each. All of
them would take hours, so a sample is taken by a seed, as many as the minutes allow. What survives is printed with its
change: it wants a test, or a sentence why it makes no difference. mutmut is no dependency of the suite:

    .venv/bin/python -m pip install mutmut
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TESTS_BESIDE = {"recipe": ["tests/unit/recipe"], "builder/language": ["tests/unit/builder"]}
"""Where a room's tests are not those of its name."""
_COPIED = ("engine", "gui", "resources", "tests", "pyproject.toml")
_BATCH = 400
"""Each batch begins with a run of all the tests, which tells mutmut who tests what."""
_MOST_FOR_MAKING = 1800.0
_KILLED, _SURVIVED = (1, 3, 24, 36, 152, 255), 0
"""Exit codes of mutmut's runs: a failing test, an error, a time-out."""


def tests_of(room: str) -> list[str]:
    found = TESTS_BESIDE.get(room, [f"tests/unit/{room.partition('/')[0]}"])
    missing = [place for place in found if not (REPOSITORY / place).exists()]
    if missing:
        raise SystemExit(f"no unit tests for {room}: {', '.join(missing)}")
    return found


def prepared(room: str, place: Path) -> None:
    for name in _COPIED:
        source = REPOSITORY / name
        ignored = shutil.ignore_patterns("__pycache__", "references")
        shutil.copytree(source, place / name, ignore=ignored) if source.is_dir() else shutil.copy(source, place / name)
    lines = ["[mutmut]", f"source_paths=engine/{room}/", "also_copy="]
    lines += [f"    {name}" for name in _COPIED]
    lines += ["pytest_add_cli_args_test_selection=", *(f"    {each}" for each in tests_of(room))]
    lines += ["pytest_add_cli_args=", "    -q", "    -x"]
    (place / "setup.cfg").write_text("\n".join(lines) + "\n")


def mutmut(place: Path, *words: str, seconds: float) -> str:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "mutmut", *words]
    with subprocess.Popen(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return ""


def results(place: Path) -> dict[str, int | None]:
    """Exit codes by the mutant's name; None for one that has not run."""
    found: dict[str, int | None] = {}
    for file in (place / "mutants").rglob("*.meta"):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def sample(place: Path, minutes: float, seed: int) -> dict[str, int]:
    """Run batches of mutants until the time is up."""
    # Making all of them and finding out which tests reach them takes minutes of its own on a busy machine.
    mutmut(place, "run", "none of that name", seconds=_MOST_FOR_MAKING)
    names = sorted(results(place))
    if not names:
        raise SystemExit("no mutants were made: do the room's tests pass?")
    ends = time.monotonic() + minutes * 60
    random.Random(seed).shuffle(names)
    done = 0
    while done < len(names) and (left := ends - time.monotonic()) > 0:
        batch = names[done : done + _BATCH]
        mutmut(place, "run", "--max-children", str(os.cpu_count() or 1), *batch, seconds=left)
        done += len(batch)
    return {name: code for name, code in results(place).items() if code is not None}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("room")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if importlib.util.find_spec("mutmut") is None:
        raise SystemExit("mutmut is missing: .venv/bin/python -m pip install mutmut")
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        place = Path(directory)
        prepared(chosen.room, place)
        codes = sample(place, chosen.minutes, chosen.seed)
        survivors = sorted(name for name, code in codes.items() if code == _SURVIVED)
        killed = sum(code in _KILLED for code in codes.values())
        for name in survivors:
            sys.stdout.write(mutmut(place, "show", name, seconds=60).strip() + "\n\n")
    tested = killed + len(survivors)
    untested = len(codes) - tested
    share = 100 * killed / tested if tested else 0.0
    sys.stdout.write(
        f"{chosen.room}: {killed} of {tested} killed ({share:.0f} %), {untested} that no test of the room reaches\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
