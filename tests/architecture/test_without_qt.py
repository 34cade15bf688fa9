"""The engine is usable where Qt is not installed, and the command line starts without loading what its verbs need."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.architecture.source import OWN_PROGRAMS, REPOSITORY, modules, within

BLOCKER = """
import importlib, json, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "qasync", "pyqtgraph"}:
            raise ImportError(f"{name} is not there in this test")

sys.meta_path.insert(0, NoQt())
failed = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps(failed))
"""


def python(code: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_engine_module_imports_without_qt() -> None:
    names = [n for n in modules() if within(n, "engine") and not within(n, *OWN_PROGRAMS)]
    names = [n for n in names if not n.endswith(".__main__")]

    assert json.loads(python(BLOCKER, json.dumps(names))) == {}


def test_the_command_line_loads_nothing_heavy() -> None:
    module = "engine.cli.main"
    loaded = json.loads(python(f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"))
    heavy = ("PySide6", "aiohttp", "asyncio", "engine.embedded", "engine.api", "psutil", "isal", "zstandard")

    assert not [name for name in loaded if within(name, *heavy)]
