"""Where a store may lie: what a file system cannot do is said in a sentence, before anything is made there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine.storage.bearing import require_bearing

# The kernel’s file system for message queues has files and nothing else, and may be mounted in one’s own namespace.
_MOUNTED = 'mount -t mqueue queues "$1" && exec "$2" -m tests.system.storage.test_bearing "$1"'


def test_an_ordinary_directory_bears_one_and_nothing_stays_of_the_trial(tmp_path: Path) -> None:
    require_bearing(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_links_and_directories_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--ipc", "--mount", "sh", "-c", _MOUNTED, "sh",
         str(tmp_path), sys.executable],
        capture_output=True, text=True, check=False, timeout=50, cwd=Path(__file__).parents[3],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert "HostError: The store cannot be on this file system" in done.stderr
    assert "no directory can be made" in (done.stdout + done.stderr)


if __name__ == "__main__":
    require_bearing(Path(sys.argv[1]))
