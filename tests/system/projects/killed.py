"""An engine in a process of its own, which is killed at a boundary between two steps of an `up` or a `down`.

python -m tests.system.projects.killed ROOT RUN FOLDER PHASE COUNT: what was cut off before is completed, what is there
then is printed, and the phase's own work is killed when COUNT steps were begun or done. Ends with 0 where it was not.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.projects.carrying_out import Carrier
from engine.types.projects import DownProject, ReadProject, UpProject

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

SERVICE = "{image: localhost/busybox, command: sleep 1000, stop_grace_period: 0s, volumes: [data:/d], "
FIRST = f"""
name: cut
services:
  a: {SERVICE} environment: {{V: one}}}}
  b: {SERVICE} environment: {{V: one}}, depends_on: [a]}}
  c: {SERVICE} environment: {{V: one}}, depends_on: [a]}}
  d: {SERVICE} environment: {{V: one}}, depends_on: [b, c]}}
volumes: {{data: }}
"""
# Two are changed in place, two get new files.
SECOND = FIRST.replace("V: one", "V: two").replace("depends_on: [a]}", "depends_on: [a], tmpfs: [/t]}")
TEXTS = {"up": FIRST, "change": SECOND}


def _kill_at(state: str, count: int) -> None:
    """The process dies when that many steps became so."""
    became, seen = Carrier._became, 0

    def counted(carrier: Carrier, step: object, now: str, note: str = "") -> None:
        nonlocal seen
        became(carrier, step, now, note)  # type: ignore[arg-type]
        seen += now == state
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    Carrier._became = counted  # type: ignore[assignment,method-assign]


async def _told(engine: EmbeddedEngine) -> str:
    containers = await engine.containers.list()
    return json.dumps(
        {
            "containers": {one.name: [one.state.value, one.spec.env.get("V", "")] for one in containers},
            "networks": sorted(one.name for one in await engine.networks.list() if one.name.startswith("cut")),
            "volumes": sorted(one.name for one in await engine.volumes.list()),
            "store": [str(each) for each in await engine.host.check_store()],
        }
    )


async def main(root: str, run: str, folder: str, phase: str, count: str) -> None:
    engine = await open_engine(Path(root), Path(run))
    file = Path(folder) / "compose.yaml"
    source = ReadProject(files=(str(file),))
    up, down = UpProject(source=source), DownProject(name="cut", volumes=True)
    if phase in ("up", "end"):
        await engine.projects.down(down).result()
    else:
        await engine.projects.up(up).result()
    sys.stdout.write(await _told(engine))
    sys.stdout.flush()
    if phase != "end":
        _kill_at("running" if phase == "change" else "done", int(count))
        file.write_text(TEXTS.get(phase, SECOND))
        await (engine.projects.down(down) if phase == "down" else engine.projects.up(up)).result()
    await engine.close(stop_containers=phase == "end")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
