"""`wherry` in sessions as they are: no locale, names in other alphabets, a second login without its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.api.takeover import take_over
from tests.support.images import busybox_archive
from tests.system.api.conftest import IMAGE, Tool

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp


@pytest.mark.also_as_root
async def test_a_home_with_umlauts_and_no_locale(wherry: Tool, short_tmp: ShortTmp) -> None:
    wherry.environment["WHERRY_ROOT"] = str(short_tmp.path / "Bärbels Ära 東京")
    for name in [name for name in wherry.environment if name.startswith(("LC_", "LANG"))]:
        del wherry.environment[name]
    wherry.environment["LC_ALL"] = "C"
    assert "Loaded image" in await wherry("load", input=busybox_archive())
    assert await wherry("run", "--rm", IMAGE, "echo", "hello") == "hello\n"
    assert await wherry("run", "--rm", "-v", "work:/d", IMAGE, "touch", "/d/grün") == ""
    assert await wherry("run", "--rm", "-e", "LANG", IMAGE, "sh", "-c", "echo $LC_ALL") == "\n", "ours, not its own"


async def test_a_second_session_finds_the_engine_that_runs(wherry: Tool, short_tmp: ShortTmp) -> None:
    """su, cron, ssh: XDG_RUNTIME_DIR is another, or there is none."""
    del wherry.environment["WHERRY_RUN"]
    wherry.environment["XDG_RUNTIME_DIR"] = str(short_tmp.run)
    assert "Loaded image" in await wherry("load", input=busybox_archive())
    await wherry("run", "-d", "--name", "c1", "--network", "none", IMAGE, "sleep", "1000")
    socket = short_tmp.run / "wherry" / "docker.sock"
    assert socket.exists()
    try:
        del wherry.environment["XDG_RUNTIME_DIR"]
        assert "c1" in await wherry("ps")
        assert await wherry("exec", "c1", "echo", "the same") == "the same\n"
        # And where the engine has ended meanwhile, its containers are found again by the next.
        assert await take_over(socket)
        assert await wherry("exec", "c1", "echo", "still the same") == "still the same\n"
        await wherry("rm", "-f", "c1")
    finally:
        assert await take_over(socket)
