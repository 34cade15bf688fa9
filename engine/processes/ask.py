"""A short program run to its end for its answer: versions and probes. Blocking; call it from a thread."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST = 64 * 1024


@dataclass(frozen=True)
class Answer:
    code: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        """The last line of the complaint, or of the output where there is none."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return lines[-1].strip() if lines else f"exit code {self.code}"


NOT_THERE = Answer(127, "", "not found")


def ask(argv: Sequence[str], *, timeout: float = 10.0, env: Mapping[str, str] | None = None) -> Answer:
    """Never raises for what the program does: a missing one answers 127, one that hangs 124."""
    # Messages are parsed, so they must be in the language they were written in.
    environment = {**(os.environ if env is None else env), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=environment, check=False
        )
    except FileNotFoundError:
        return NOT_THERE
    except PermissionError as error:
        return Answer(126, "", str(error))
    except subprocess.TimeoutExpired:
        return Answer(124, "", f"no answer within {timeout:g} s")
    return Answer(done.returncode, _text(done.stdout), _text(done.stderr))


def _text(data: bytes) -> str:
    return data[:_MOST].decode(errors="replace")
