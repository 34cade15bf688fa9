"""Files into and out of pods, as tar over exec in its older protocol; the stand-in runs the commands in truth."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidRequest, NotFound, RuntimeFailure
from tests.unit.clusters.test_clusters import cluster, place, pod, service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.clusters.cluster_service import ClusterService
    from engine.types.clusters import ClusterPlace
    from tests.support.api_server import StandInCluster

__all__ = ["cluster", "place", "service"]


@pytest.fixture
def tree(tmp_path: Path, cluster: StandInCluster) -> Path:
    """A folder "of the pod" with all that makes an archive interesting."""
    cluster.put("pods", pod("web"))
    top = tmp_path / "pod" / "site"
    (top / "empty").mkdir(parents=True)
    (top / "äö ü.txt").write_text("umlauts and a space")
    (top / ("long" * 50)).write_text("x" * 513)
    (top / "big").write_bytes(os.urandom(3_000_001))
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "link").symlink_to("big")
    os.link(top / "big", top / "again")
    return top


async def test_a_folder_goes_out_and_in_again_unharmed(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace, tree: Path, tmp_path: Path
) -> None:
    out, back = tmp_path / "out", tmp_path / "back"
    out.mkdir()
    back.mkdir()
    assert await service.copy_out(place, "web", str(tree), str(out)) == 5
    assert await service.copy_in(place, "web", str(out / "site"), str(back)) == 5
    for top in (out / "site", back / "site"):
        assert (top / "äö ü.txt").read_text() == "umlauts and a space"
        assert (top / ("long" * 50)).read_text() == "x" * 513
        assert (top / "big").read_bytes() == (top / "again").read_bytes() == (tree / "big").read_bytes()
        assert (top / "empty").is_dir()
        assert os.readlink(top / "link") == "big"
        assert stat.S_IMODE((top / "run").stat().st_mode) & 0o100
    assert [dict(each["query"]).get("stdin", "") for each in cluster.sockets] == ["", "true", "true"]


async def test_one_file_and_the_root_itself(
    service: ClusterService, place: ClusterPlace, tree: Path, tmp_path: Path
) -> None:
    assert await service.copy_out(place, "pods/web", str(tree / "run"), str(tmp_path)) == 1
    assert (tmp_path / "run").read_text() == "#!/bin/sh\n"
    (tmp_path / "run").unlink()
    assert await service.copy_in(place, "web", str(tree / "run"), str(tmp_path)) == 1
    assert (tmp_path / "run").read_text() == "#!/bin/sh\n"


async def test_what_cannot_be_copied_is_told(
    service: ClusterService, place: ClusterPlace, tree: Path, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeFailure, match="cannot be copied") as caught:
        await service.copy_out(place, "web", f"{tree}/nothing", str(tmp_path))
    assert "No such file" in caught.value.explanation
    with pytest.raises(RuntimeFailure, match="cannot be copied") as caught:
        await service.copy_in(place, "web", str(tree / "big"), f"{tmp_path}/nowhere/")
    assert "nowhere" in caught.value.explanation
    with pytest.raises(NotFound, match="There is no"):
        await service.copy_in(place, "web", f"{tree}/nothing", str(tmp_path))
    with pytest.raises(NotFound, match="no folder"):
        await service.copy_out(place, "web", str(tree), f"{tmp_path}/nowhere/")
    with pytest.raises(InvalidRequest, match="begins with /"):
        await service.copy_out(place, "web", "relative", str(tmp_path))
