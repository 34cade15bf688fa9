"""Do the tests bite? `python -m tests.mutation ROOM [--minutes 5] [--seed 0]`, as `builder/language`, `gui/models`.

mutmut makes small changes to a room (or one file: `api/rules/mounts.py`) in a copy of the tree, and each is tried by
those of the room's unit tests that reach it. All of them may take hours, so a sample is taken by a seed, as many as the
minutes allow. What nobody notices is printed: it wants a test, or its line in `rooms/` why none can be had.

Left out, and counted in the result: changes of mere letters in a sentence said to people (`changes.py` has the rule;
which error is raised, its code, its fields and what stands in the sentence's places do count), and those listed in
`rooms/`, which make no difference or only a kernel tells apart. A run that does not end is tried again alone, with
twice the time: only if it does not end then either is it noticed. What no test of the room reaches counts as unnoticed
in the second share. mutmut is no dependency of the suite:

    .venv/bin/python -m pip install --require-hashes -r tests/mutation/requirements.txt
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation import changes, listed
from tests.mutation.trial import ENDLESS, NOTICED, UNNOTICED

if TYPE_CHECKING:
    from tests.mutation.changes import Change


def tried(tests: list[str], place: Path, sample: list[Change], *, minutes: float, children: int) -> dict[str, str]:
    """What came of each change, by its name; of as many as there was time for."""
    plan, found, own = place / "plan.json", place / "results", place / "own"
    own.mkdir()
    wanted = [{"name": each.name, "tests": each.tests, "seconds": each.seconds} for each in sample]
    plan.write_text(
        json.dumps(
            {
                "changes": wanted,
                "results": str(found),
                "directory": str(own),
                "seconds": minutes * 60,
                "children": children,
            }
        )
    )
    found.touch()
    # A run ends where it fails, so what it made stays: in a directory of ours.
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(own), "WHERRY_TRIAL": str(plan)}
    options = ["-q", "-p", "tests.mutation.trial", "--rootdir=.", "--tb=no"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    done = subprocess.run(command, cwd=place / "mutants", env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 5):
        raise SystemExit(done.stdout[-4000:] + done.stderr[-4000:])
    outcomes: dict[str, str] = {}
    for line in found.read_text().splitlines():
        result = json.loads(line)
        if not result["name"] and result["outcome"] != UNNOTICED:
            failed = (place / "mutants" / "failed").read_text()
            raise SystemExit(f"with no change at all a test fails or does not end, so nothing counts: {failed}")
        if result["name"]:
            outcomes[result["name"]] = f"{result['outcome']} again" if result["again"] else result["outcome"]
    return outcomes


def report(room: str, seed: int, made: list[Change], sample: list[Change], outcomes: dict[str, str]) -> str:
    counted = Counter(outcomes.values())
    again = Counter({each: counted.pop(f"{each} again", 0) for each in (NOTICED, UNNOTICED, ENDLESS)})
    noticed = counted[NOTICED] + again.total() - again[UNNOTICED]
    reached = noticed + counted[UNNOTICED] + again[UNNOTICED]
    # So many as would have come up among those tried, had they been tried.
    unreached = sum(not each.tests for each in sample[: _last(sample, outcomes) + 1])
    modules = {each.module for each in made}
    lost = {key for key in listed.same() if key[0] in modules} - {each.key for each in made}
    lines = [f"no such change any more: {module}: {function}: {line}" for module, function, line in sorted(lost)]
    same = sum(each.key in listed.same() for each in made)
    kernel = sum(listed.is_of_kernel(each.module, each.function) for each in made)
    lines.append(
        f"{room}, seed {seed}: {noticed} of {reached} noticed ({_share(noticed, reached)}), {again.total()} of them run"
        f" again alone ({again[ENDLESS]} never end); {unreached} more that no test of the room reaches"
        f" ({_share(noticed, reached + unreached)} with them). Of {len(made)} changes"
        f" {sum(each.is_text for each in made)} texts, {same} that make no difference and {kernel} that only a kernel"
        f" tells apart are left out."
    )
    return "\n".join(lines) + "\n"


def _counts(change: Change) -> bool:
    listed_as_same = change.key in listed.same()
    return not (change.is_text or listed_as_same or listed.is_of_kernel(change.module, change.function))


def _last(sample: list[Change], outcomes: dict[str, str]) -> int:
    return max((place for place, each in enumerate(sample) if each.name in outcomes), default=len(sample) - 1)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("room")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="how many are tried side by side")
    parser.add_argument("--only", default="", help="only changes to what begins so: engine.recipe.words.shell")
    parser.add_argument("--tests", nargs="+", default=[], help="not all tests of the room")
    parser.add_argument("--unreached", action="store_true", help="print what no test of the room reaches, too")
    chosen = parser.parse_args()
    if importlib.util.find_spec("mutmut") is None:
        raise SystemExit(
            "mutmut is missing: .venv/bin/python -m pip install --require-hashes -r tests/mutation/requirements.txt"
        )
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        place = Path(directory)
        tests = chosen.tests or changes.tests_of(chosen.room)
        made = changes.make(chosen.room, place, tests)
        sample = [each for each in made if _counts(each) and f"{each.module}.{each.function}".startswith(chosen.only)]
        random.Random(chosen.seed).shuffle(sample)
        reached = [each for each in sample if each.tests]
        outcomes = tried(tests, place, reached, minutes=chosen.minutes, children=chosen.children)
    for each in sorted(sample, key=lambda each: each.name):
        if outcomes.get(each.name, "").startswith(UNNOTICED):
            sys.stdout.write(f"{each}\n\n")
    if chosen.unreached:
        names = sorted({f"{each.module}: {each.function}" for each in sample if not each.tests})
        sys.stdout.write("no test of the room reaches\n" + "".join(f"  {name}\n" for name in names))
    sys.stdout.write(report(chosen.room, chosen.seed, made, sample, outcomes))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
