"""Containers in containers: what buildx asks for its builder (driver docker-container), and what a builder does there.

The builder itself is Debian's crun on an overlay of its own, as BuildKit's executor works; by hand the same was seen
with the real thing (buildx 0.29 and the BuildKit in Debian's dockerd: local output, a secret, RUN, du).
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.images import busybox_layer, docker_archive
from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine
    from tests.system.api.conftest import Tool

BUILDER = "localhost/builder:1"
INNER = {
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["/bin/sh", "-c", "cat /run/secrets/word; echo made >/made; hostname; cat /proc/1/comm; exit 7"],
        "env": ["PATH=/bin"],
        "cwd": "/",
    },
    "root": {"path": "/state/merged"},
    "hostname": "inner",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/run/secrets", "type": "tmpfs", "source": "tmpfs", "options": ["mode=700"]},
        {"destination": "/run/secrets/word", "type": "bind", "source": "/state/word", "options": ["bind", "ro"]},
    ],
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "uts", "ipc", "network", "cgroup")]},
}
STEP = """set -e
cd /state; mkdir -p low/bin upper work merged
cp /bin/busybox low/bin/; for name in sh cat echo hostname; do ln -sf busybox low/bin/$name; done
echo sesame >word
mount -t overlay -o lowerdir=low,upperdir=upper,workdir=work,userxattr overlay merged
set +e
crun --cgroup-manager=disabled run --bundle /bundle step; echo "ended with $?"
cat upper/made; umount merged
"""


def _programs() -> bytes:
    """crun with what it is linked against, from this machine."""
    program = shutil.which("crun")
    assert program is not None
    linked = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(Path(program).resolve(), "bin/crun")
        for library in sorted(set(re.findall(r"(/\S+\.so\S*) \(0x", linked))):
            archive.add(Path(library).resolve(), library.lstrip("/"))
    return made.getvalue()


async def test_a_builder_as_buildx_makes_it_runs_containers_of_its_own(
    docker: Tool, served: EmbeddedEngine, tmp_path: Path
) -> None:
    archive = await asyncio.to_thread(
        lambda: docker_archive([busybox_layer(), _programs()], reference=BUILDER, config={"Cmd": ["sleep", "1000"]})
    )

    async def stream() -> AsyncIterator[bytes]:
        yield archive

    await served.images.load(stream()).result()
    asked = ("--privileged", "--init", "--restart", "unless-stopped", "--cgroup-parent", "/docker/buildx")
    mount = ("--mount", "type=volume,src=state,dst=/state")
    await docker("create", "--name", "builder", *asked, *mount, BUILDER)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(INNER))
    await docker("cp", str(bundle), "builder:/bundle")
    await docker("start", "builder")

    said = await docker("exec", "-i", "builder", "sh", input=STEP.encode())
    assert said.split("\n")[:3] == ["sesame", "inner", "sh"]
    assert "ended with 7\nmade\n" in said
    # The way of buildctl's dial-stdio: bytes both ways through an exec, more than any pipe holds.
    sent = bytes(range(256)) * 4000
    assert await docker("exec", "-i", "builder", "sh", "-c", "cat | wc -c", input=sent) == f"{len(sent)}\n"
    await docker("rm", "-f", "builder")
    # What the builder kept lies in its volume, as owned by its root.
    kept = await docker("run", "--rm", *mount, IMAGE, "stat", "-c", "%u", "/state/upper/made")
    assert kept == "0\n"
