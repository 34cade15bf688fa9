"""`wherry doctor` on a real machine: what it says of this one, and of places that really are broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import running, wait_until

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

REPOSITORY = Path(__file__).parents[3]


def places(store: ShortTmp, root: str = "") -> dict[str, str]:
    return {**os.environ, "WHERRY_ROOT": root or str(store.root), "WHERRY_RUN": str(store.run)}


def doctor(store: ShortTmp, *before: str, root: str = "") -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [*before, sys.executable, "-m", "engine.cli", "doctor", "--json"],
        env=places(store, root),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.mark.also_as_root
def test_this_machine_runs_containers(short_tmp: ShortTmp) -> None:
    code, checks = doctor(short_tmp)

    assert code == 0, checks
    assert not [name for name, check in checks.items() if check["verdict"] == "missing"]
    assert checks["crun"]["found"][0].isdigit()
    assert list(short_tmp.path.iterdir()) == [short_tmp.run], "a look leaves nothing behind"


def test_a_place_that_may_not_be_written(short_tmp: ShortTmp) -> None:
    code, checks = doctor(short_tmp, root="/proc/wherry")

    assert code == 1
    assert checks["store"]["verdict"] == checks["overlay"]["verdict"] == "missing" or checks["overlay"]["fix"]
    assert "WHERRY_ROOT" in checks["store"]["fix"] or "sudo install" in checks["store"]["fix"]


def test_a_full_disk(short_tmp: ShortTmp) -> None:
    small = short_tmp.path / "small"
    small.mkdir()
    script = f'mount -t tmpfs -o size=1m none {small} && exec "$@"'

    code, checks = doctor(short_tmp, "unshare", "-Urm", "sh", "-c", script, "sh", root=str(small))

    assert code == 1
    assert checks["free-space"]["verdict"] == "missing"
    assert "1 MiB" in checks["free-space"]["found"]


def test_no_more_user_namespaces(short_tmp: ShortTmp) -> None:
    """In a namespace of its own the limit can really be set to nothing."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'

    code, checks = doctor(short_tmp, "unshare", "-Ur", "sh", "-c", script, "sh")

    assert code == 1
    assert "max_user_namespaces is 0" in checks["user-namespaces"]["found"]
    assert "sysctl" in checks["user-namespaces"]["fix"]


def test_a_home_where_the_kernels_overlay_does_not_work(short_tmp: ShortTmp) -> None:
    """On a FUSE file system it cannot keep its marks; fuse-overlayfs stands in, and the line says so."""
    for name in ("lower", "upper", "work", "home"):
        (short_tmp.path / name).mkdir()
    script = (
        f"cd {short_tmp.path} && fuse-overlayfs -o lowerdir=lower,upperdir=upper,workdir=work home && "
        '"$@"; code=$?; umount home; exit $code'
    )

    code, checks = doctor(short_tmp, "unshare", "-Urm", "sh", "-c", script, "sh", root=f"{short_tmp.path}/home/store")

    assert (code, checks["overlay"]["verdict"]) == (0, "degraded"), checks["overlay"]
    assert "(fuse.fuse-overlayfs)" in checks["overlay"]["found"]
    assert "fuse-overlayfs is used instead" in checks["overlay"]["matters"]
    assert "WHERRY_ROOT" in checks["overlay"]["fix"]


def test_the_store_is_checked_by_whoever_has_it_open(short_tmp: ShortTmp, tmp_path: Path) -> None:
    """Nobody: the doctor opens it itself. A running engine: the doctor asks that one over its socket."""
    argv = [sys.executable, "-m", "engine.cli"]
    environment = places(short_tmp)

    def checked() -> dict[str, Any]:
        done = subprocess.run(
            [*argv, "doctor", "--store", "--json"],
            env=environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def line(answer: dict[str, Any]) -> str:
        return str(next(check["found"] for check in answer["checks"] if check["name"] == "store"))

    alone = checked()
    with running([*argv, "serve"], log=tmp_path / "serve.log", env=environment) as server:
        wait_until((short_tmp.run / "docker.sock").exists, "the engine to serve")
        beside = checked()

    assert alone["store"] == beside["store"] == []
    assert f"process {server.pid}" in line(beside)
