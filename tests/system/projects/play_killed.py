"""An engine in a process of its own, which is killed when a play has done so many acts.

python -m tests.system.projects.play_killed ROOT RUN COUNT: what was cut off before is played to its end and told, all
is taken down, and then a play is killed after COUNT acts. Ends with 0 where there are not that many.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.embedded import open_engine
from engine.types.files import Place
from engine.types.manifests import PlayManifests, TakeManifestsDown

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

FILE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {motto: cheap}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: stock}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: cut}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Always
  volumes:
  - {name: words, configMap: {name: words}}
  - {name: stock, persistentVolumeClaim: {claimName: stock}}
  containers:
  - {name: a, image: localhost/busybox, command: [sleep, "1000"], volumeMounts: [{name: words, mountPath: /words}]}
  - {name: b, image: localhost/busybox, command: [sleep, "1000"], volumeMounts: [{name: stock, mountPath: /stock}]}
"""
_ACTS = (("networks", "create"), ("volumes", "create"), ("files", "upload"), ("pods", "create"),
         ("containers", "create"), ("pods", "start"))  # fmt: skip


def _kill_after(engine: EmbeddedEngine, count: int) -> None:
    done = 0

    def counted(act: Any) -> Any:
        async def acted(*words: Any, **more: Any) -> Any:
            nonlocal done
            found = await act(*words, **more)
            done += 1
            if done == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return acted

    for room, name in _ACTS:
        setattr(getattr(engine, room), name, counted(getattr(getattr(engine, room), name)))


async def _told(engine: EmbeddedEngine) -> dict[str, Any]:
    files = {
        volume.name: sorted(each.name for each in await engine.files.list(Place(kind="volume", id=volume.name), "/"))
        for volume in await engine.volumes.list()
    }
    return {
        "containers": {each.name: each.state.value for each in await engine.containers.list()},
        "pods": {each.name: each.state.value for each in await engine.pods.list()},
        "volumes": files,
        "store": [str(each) for each in await engine.host.check_store()],
    }


async def main(root: str, run: str, count: int) -> None:
    engine = await open_engine(Path(root), Path(run))
    texts = {"cut.yaml": FILE}
    await engine.manifests.play(PlayManifests(texts=texts)).result()
    sys.stdout.write(json.dumps(await _told(engine)))
    sys.stdout.flush()
    await engine.manifests.down(TakeManifestsDown(texts=texts, volumes=True)).result()
    if count:
        _kill_after(engine, count)
        await engine.manifests.play(PlayManifests(texts=texts)).result()
    await engine.close(stop_containers=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
