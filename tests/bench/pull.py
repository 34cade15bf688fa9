"""How fast images are pulled, beside podman and skopeo from the same registry, and beside the bare pipe of tools.

python -m tests.bench.pull [--megabytes N] [--rounds N] [--place DIR] [--trees DIR,DIR…]

Two images are made from files of this machine, one large, one of many small files, and pushed to a docker-registry on
loopback. Then each puller starts with an empty store. The floor is `curl | gunzip (isal) | tar -x`, all layers at once.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types.images import PullImage
from tests.support.image_engine import opened_images
from tests.support.images import docker_archive
from tests.support.registry import serve_registry
from tests.support.stores import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.registry import Registry

_LAYERS = 4
_SMALL = 16 * 1024


def _files(trees: list[Path]) -> Iterator[Path]:
    for tree in trees:
        for folder, _, names in os.walk(tree):
            for name in sorted(names):
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                    yield path


def _image(reference: str, trees: list[Path], *, megabytes: int, files: int, largest: int) -> tuple[bytes, int]:
    """A docker-archive of so many megabytes (or files), spread over the layers; and how many files it has."""
    layers = [io.BytesIO() for _ in range(_LAYERS)]
    archives = [tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) for layer in layers]
    taken = size = 0
    for path in _files(trees):
        length = path.stat().st_size
        if length > largest:
            continue
        archive = archives[taken % _LAYERS]
        archive.add(path, arcname=str(path).lstrip("/"), recursive=False)
        taken, size = taken + 1, size + length
        if taken >= files or size >= megabytes << 20:
            break
    for archive in archives:
        archive.close()
    return docker_archive([layer.getvalue() for layer in layers], reference=reference), taken


def _push(registry: Registry, place: Path, name: str, archive: bytes) -> str:
    path = place / f"{name}.tar"
    path.write_bytes(archive)
    target = f"{registry.host}/bench/{name}:1"
    subprocess.run(
        ["skopeo", "copy", "-q", "--dest-tls-verify=false", f"docker-archive:{path}", f"docker://{target}"], check=True
    )
    path.unlink()
    return target


def _wherry(place: Path, target: str, _: Registry) -> float:
    """In a process of its own, so that its memory is its own too."""
    argv = [sys.executable, "-m", "tests.bench.pull", "--pull-into", str(place), target]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    passed, peak = done.stdout.split()
    _wherry_peaks.append(int(peak))
    remove_tree(place / "root")
    remove_tree(place / "run")
    return float(passed)


def _pull_here(place: Path, target: str) -> None:
    async def pull() -> float:
        async with opened_images(place / "root", place / "run") as images:
            start = time.perf_counter()
            await images.pull(PullImage(reference=target)).result()
            return time.perf_counter() - start

    passed = asyncio.run(pull())
    status = Path("/proc/self/status").read_text()  # not getrusage: that one remembers what the parent was before exec
    print(passed, int(status.partition("VmHWM:")[2].split()[0]) * 1024)


_wherry_peaks: list[int] = []


def _podman(place: Path, target: str, _: Registry) -> float:
    # On overlay: where podman finds no configuration it may fall back to copying every layer, which would flatter us.
    store = ["--root", str(place / "p"), "--runroot", str(place / "pr"), "--storage-driver", "overlay"]
    if helper := shutil.which("fuse-overlayfs"):
        store += ["--storage-opt", f"overlay.mount_program={helper}"]
    start = time.perf_counter()
    subprocess.run(["podman", *store, "pull", "-q", "--tls-verify=false", target], check=True, capture_output=True)
    passed = time.perf_counter() - start
    subprocess.run(["podman", *store, "rmi", "-af"], check=True, capture_output=True)
    remove_tree(place / "p")
    return passed


def _skopeo(place: Path, target: str, _: Registry) -> float:
    start = time.perf_counter()
    subprocess.run(
        ["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{target}", f"dir:{place}/dir"], check=True
    )
    passed = time.perf_counter() - start
    shutil.rmtree(place / "dir")
    return passed


def _floor(place: Path, target: str, registry: Registry) -> float:
    repository = target.removeprefix(f"{registry.host}/").rpartition(":")[0]
    accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(f"{registry.url}/v2/{repository}/manifests/1", headers={"Accept": accept})
    with urllib.request.urlopen(request) as answer:
        digests = [layer["digest"] for layer in json.load(answer)["layers"]]
    start = time.perf_counter()
    pipes = []
    for number, digest in enumerate(digests):
        tree = place / f"floor{number}"
        tree.mkdir()
        url = f"{registry.url}/v2/{repository}/blobs/{digest}"
        command = f"curl -s {url} | {sys.executable} -m isal.igzip -d -c | tar -x --no-same-owner -C {tree}"
        pipes.append(subprocess.Popen(["sh", "-c", command]))
    for pipe in pipes:
        assert pipe.wait() == 0
    passed = time.perf_counter() - start
    for number in range(len(digests)):
        shutil.rmtree(place / f"floor{number}")
    return passed


_PULLERS: dict[str, Callable[[Path, str, Registry], float]] = {
    "wherry": _wherry,
    "podman pull": _podman,
    "skopeo to dir": _skopeo,
    "floor": _floor,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pull-into", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--files", type=int, default=14_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--place", default=str(Path.home()))
    parser.add_argument("--trees", default="/usr/lib,/usr/share,/usr/bin")
    options = parser.parse_args()
    if options.pull_into:
        _pull_here(Path(options.pull_into[0]), options.pull_into[1])
        return
    trees = [Path(tree) for tree in options.trees.split(",")]
    with tempfile.TemporaryDirectory(dir=options.place, prefix="bench-") as name:
        place = Path(name)
        with serve_registry(place) as registry:
            for title, megabytes, files, largest in (
                ("large", options.megabytes, 1 << 30, 1 << 30),
                ("small files", 1 << 20, options.files, _SMALL),
            ):
                key = title.replace(" ", "-")
                archive, taken = _image(f"localhost/{key}:1", trees, megabytes=megabytes, files=files, largest=largest)
                print(f"{title}: {len(archive) / 1e6:.0f} MB in {taken} files, {_LAYERS} layers")
                target = _push(registry, place, key, archive)
                del archive
                _race(place, target, registry, options.rounds)


def _race(place: Path, target: str, registry: Registry, rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in _PULLERS}
    for _ in range(rounds):
        for name, puller in _PULLERS.items():
            times[name].append(puller(place, target, registry))
    ours = statistics.median(times["wherry"])
    for name, measured in times.items():
        middle = statistics.median(measured)
        print(f"  {name:14} {middle:6.2f} s   wherry takes {ours / middle:4.2f} × of it")
    print(f"  peak memory    {max(_wherry_peaks) / 1e6:6.0f} MB")


if __name__ == "__main__":
    main()
