"""Reading long project files, as a program of its own: what a stranger wrote takes this process's time and memory, and
not those of whoever asked. A request as JSON on stdin, an answer on stdout: a tag, then what became of it, pickled.
"""

from __future__ import annotations

import pickle
import resource
import sys

import msgspec

from engine.compose.faults import ComposeError
from engine.errors import WherryError
from engine.projects.reading import read_project, reading_shown
from engine.types.projects import ReadProject


def main() -> None:
    asked = msgspec.json.decode(sys.stdin.buffer.read())
    resource.setrlimit(resource.RLIMIT_AS, (asked["most_bytes"], asked["most_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (asked["most_seconds"], asked["most_seconds"]))
    source = msgspec.convert(asked["source"], ReadProject)
    try:
        project, texts = read_project(source)
        answer: object = ("shown", reading_shown(project)) if asked["shown"] else ("read", (project, texts))
    except ComposeError as error:
        answer = ("problems", error.problems)
    except (WherryError, OSError) as error:
        answer = ("raised", error)
    sys.stdout.buffer.write(pickle.dumps(answer))
