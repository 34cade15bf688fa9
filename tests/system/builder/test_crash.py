"""A builder that is killed in the middle leaves nothing that the next one does not take away."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.engine import opened_engine
from tests.system.builder.conftest import BASE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp

_KILLED = f"""
import asyncio, os, signal, sys
from pathlib import Path
from engine.embedded import open_engine
from engine.types.builds import BuildImage
from tests.support.images import busybox_archive

DOCKERFILE = '''FROM {BASE}
RUN --mount=type=bind,target=/c --mount=type=cache,target=/k echo here && sleep 1000
'''

async def main():
    engine = await open_engine(Path(sys.argv[1]), Path(sys.argv[2]))
    async def stream():
        yield busybox_archive(reference="{BASE}")
    await engine.images.load(stream()).result()
    handle = engine.builds.build(BuildImage(context=sys.argv[3], dockerfile_text=DOCKERFILE))
    async for lines in engine.builds.output(handle.id):
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_killed_build_is_swept_up(short_tmp: ShortTmp, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, str(short_tmp.root), str(short_tmp.run), str(tmp_path), stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()
    async with opened_engine(short_tmp) as engine:
        assert await engine.host.check_store() == []
        left = [path.name for path in (short_tmp.root / "builds").iterdir()]
        assert [name for name in left if not name.startswith("cache-")] == []
        image = await engine.images.get(BASE)
        assert image.tags == (BASE,)
