"""kill -9 at every step of up, of a change and of down: the next one completes what was cut off."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import opened_engine
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp

EVERY = 1 if os.environ.get("WHERRY_EVERY_STEP") else 7
"""Every step takes two minutes; the usual run takes some of each phase."""
_MOST_STEPS = 40
NAMES = ("cut-a-1", "cut-b-1", "cut-c-1", "cut-d-1")
NOTHING = {"containers": {}, "networks": [], "volumes": [], "store": []}


async def phase(store: ShortTmp, folder: Path, name: str, count: int) -> tuple[dict[str, Any], bool]:
    """(what was there once the phase before was completed, whether this one was killed)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.system.projects.killed", str(store.root), str(store.run), str(folder), name,
        str(count), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err.decode()
    assert out, err.decode()
    return json.loads(out), process.returncode != 0


def whole(value: str) -> dict[str, Any]:
    return {
        "containers": {name: ["running", value] for name in NAMES},
        "networks": ["cut_default"],
        "volumes": ["cut_data"],
        "store": [],
    }


@pytest.mark.timeout(300)
async def test_what_is_cut_off_anywhere_is_completed_by_the_next(short_tmp: ShortTmp, tmp_path: Path) -> None:
    async with opened_engine(short_tmp) as engine:
        await load_busybox(engine)
    expected = {"up": NOTHING, "change": whole("one"), "down": whole("two")}
    left = set(expected)
    for count in range(1, _MOST_STEPS, EVERY):
        for further, (name, wanted) in enumerate(expected.items()):
            at = count + further if EVERY > 1 else count  # so that each phase is cut off at other steps
            before, killed = await phase(short_tmp, tmp_path, name, at)
            assert before == wanted, (name, at)
            left -= set() if killed else {name}
        if not left:
            break
    assert not left
    before, _ = await phase(short_tmp, tmp_path, "end", 0)
    assert before == NOTHING
