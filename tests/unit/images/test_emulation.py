"""Whose programs run here, as binfmt_misc says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.images.known.emulation import runnable_platforms
from engine.images.known.platforms import host_platform

if TYPE_CHECKING:
    from pathlib import Path

ARM64 = "7f454c460201010000000000000000000200b700"
S390X = "7f454c4602020100000000000000000000020016"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"enabled\ninterpreter /usr/bin/qemu\nflags: OCF\noffset 0\nmagic {ARM64}\n", "linux/arm64"),
        (f"enabled\ninterpreter /usr/bin/qemu\nflags: F\noffset 0\nmagic {S390X}\n", "linux/s390x"),
        (f"disabled\ninterpreter /usr/bin/qemu\nflags: F\noffset 0\nmagic {ARM64}\n", ""),
        (f"enabled\ninterpreter /usr/bin/qemu\nflags: \noffset 0\nmagic {ARM64}\n", ""),  # not found in a step's root
        ("enabled\ninterpreter /usr/bin/python3\nflags: F\nextension .py\n", ""),
        ("enabled\nflags: F\nmagic nonsense\n", ""),
    ],
)
def test_what_has_an_interpreter_everywhere_runs(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "handler").write_text(text)
    names = [str(each) for each in runnable_platforms(tmp_path)]
    assert names[0] == str(host_platform())
    assert set(names[1:]) - {"linux/386", "linux/arm/v7"} == ({found} if found else set())


def test_without_binfmt_misc_there_is_this_machine(tmp_path: Path) -> None:
    assert str(host_platform()) in [str(each) for each in runnable_platforms(tmp_path / "nothing")]
