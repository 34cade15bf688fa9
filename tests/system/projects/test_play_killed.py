"""kill -9 in the middle of a play: the next one completes what was cut off, to the last file."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import opened_engine
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

_MOST_ACTS = 12


async def played(store: ShortTmp, count: int) -> tuple[dict[str, Any], bool]:
    """(what the play made of what was cut off before, whether the next was killed)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.system.projects.play_killed", str(store.root), str(store.run), str(count),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), err.decode()
    assert out, err.decode()
    return json.loads(out), process.returncode != 0


@pytest.mark.timeout(300)
async def test_a_play_that_is_cut_off_anywhere_is_completed_by_the_next(short_tmp: ShortTmp) -> None:
    async with opened_engine(short_tmp) as engine:
        await load_busybox(engine)
    whole, killed = await played(short_tmp, 1)
    assert set(whole["containers"].values()) == {"running"}
    assert set(whole["pods"].values()) == {"Running"}
    assert sorted(whole["volumes"].values()) == [[], ["motto"]]
    assert whole["store"] == []
    count = 1
    while killed:
        count += 1
        assert count < _MOST_ACTS
        before, killed = await played(short_tmp, count)
        assert before == whole, f"cut off after {count - 1} acts"
    assert count > 6, "there was something to cut"
