"""Nobody who has no cluster pays for one."""

from __future__ import annotations

import subprocess
import sys

import pytest

_START = """
import sys
import engine.embedded, engine.api.server, gui.application
from gui.actions.catalogue import all_actions
from gui.pages.catalogue import pages
all_actions()
for entry in pages():
    if entry.id != "clusters":
        __import__(entry.module)
rooms = ("engine.clusters", "gui.pages.clusters", "gui.pages.cluster", "gui.models.clusters")
found = sorted(name for name in sys.modules if name.startswith(rooms))
sys.exit("loaded: " + ", ".join(found) if found else 0)
"""


@pytest.mark.bulk
def test_nothing_of_kubernetes_is_loaded_before_a_cluster_is_looked_at() -> None:
    done = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
