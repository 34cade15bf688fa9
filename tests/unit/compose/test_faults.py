"""Faulty compose files and all that is said of them, place, words, hint and caret: `faults.txt`, each by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.compose.faults import ComposeError
from engine.compose.reading.loading import Request, load

CASES = [case.split("\n=>\n") for case in (Path(__file__).parent / "faults.txt").read_text().split("\n\n")]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].splitlines()[-1].strip() for case in CASES])
def test_what_is_wrong_is_said_where_it_stands(text: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text + "\n")

    with pytest.raises(ComposeError) as caught:
        load(Request((str(file),), str(tmp_path), {}, name="p"), lambda path: Path(path).read_text())

    assert str(caught.value).replace(f"{tmp_path}/", "") == expected.rstrip("\n")
