"""An expression that goes back and forth on a line made for it: refused, or broken off in the worker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.logs.searching.question import Question, compile_question

if TYPE_CHECKING:
    from pathlib import Path


def test_one_that_runs_away_is_refused() -> None:
    with pytest.raises(re.error, match="repetition within a repetition"):
        compile_question(Question(pattern="(a+)+$", regex=True))


def test_one_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    log = tmp_path / "container.log"
    log.write_text(f"2026-01-01T00:00:00.000000000+00:00 stdout F {'a' * 30_000}\n")
    question = vars(Question(pattern="a*a*a*a*a*[bc]", regex=True))
    request = {"task": "search", "path": str(log), "begin": 0, "end": log.stat().st_size, "question": question}
    code = "import engine.logs.searching.worker as worker; worker._BLOCK_SECONDS = 1; worker.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(request).encode(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert done.stderr.decode().strip().endswith("the expression takes too long on lines of this log")
