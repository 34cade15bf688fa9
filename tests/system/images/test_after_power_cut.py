"""Images after a power cut: what had not reached the disk is made anew and told, and what cannot be is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.operations import OperationState
from tests.support.engine import opened_engine
from tests.system.containers.conftest import load_busybox, output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp


async def test_a_layer_that_did_not_reach_the_disk_is_restored_by_itself_and_told(
    short_tmp: ShortTmp, expect_log: Callable[[str], None]
) -> None:
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        await load_busybox(engine)
        spoilt, vanished = sorted(engine.layers.diff_ids())
        paths = engine.paths
    paths.layer_mark(spoilt).write_text("another boot")
    next(each for each in paths.layer_tree(spoilt).rglob("*") if each.is_file()).write_bytes(b"")
    paths.layer(vanished).rename(paths.trash / "gone")
    expect_log("did not survive a power cut")

    async with opened_engine(short_tmp) as opened:
        engine = opened  # type: ignore[assignment]
        told = [one for one in await engine.operations.list() if one.kind == "mend"]
        assert [(one.state, one.title) for one in told] == [(OperationState.SUCCEEDED, "Restore 2 lost layers")]
        assert "busybox" in told[0].subject
        assert await output(engine, "echo", "works") == (0, "works\n")
        assert await engine.host.check_store(deep=True) == []


async def test_what_is_built_is_on_disk_when_its_build_has_ended(short_tmp: ShortTmp, tmp_path: Path) -> None:
    """Its layers are kept in no other form, so a power cut would take them for good."""
    from engine.types.builds import BuildImage

    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        await load_busybox(engine)
        (tmp_path / "Dockerfile").write_text("FROM localhost/busybox\nCOPY Dockerfile /\nRUN echo made > /made\n")
        before = engine.layers.diff_ids()
        await engine.builds.build(BuildImage(context=str(tmp_path))).result()
        made = engine.layers.diff_ids() - before
        assert len(made) == 2
        assert [one for one in made if engine.paths.layer_mark(one).exists()] == []
