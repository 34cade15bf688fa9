"""Long project files are read in a process of their own, and come to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.compose.faults import ComposeError
from engine.errors import InvalidRequest
from engine.projects import beside
from engine.projects.reading import read_project, reading_shown
from engine.types.projects import ReadProject

if TYPE_CHECKING:
    from pathlib import Path

FILE = "/p/compose.yaml"
LONG = "services:\n  web:\n    image: x\n    environment:\n" + "".join(
    f'      NAME_{number}: "${{OTHER:-value}} and so on"\n' for number in range(6000)
)


def source(text: str) -> ReadProject:
    return ReadProject(files=(FILE,), texts={FILE: text}, environment={"OTHER": "given"})


@pytest.mark.bulk
async def test_a_long_file_comes_to_the_same_in_a_process() -> None:
    assert len(LONG) > beside.MOST_HERE
    assert await beside.reading(source(LONG)) == reading_shown(read_project(source(LONG))[0])
    project, texts = await beside.read(source(LONG))
    assert project.services["web"]["environment"]["NAME_7"] == "given and so on"
    assert texts.read == {FILE: LONG}


async def test_what_is_wrong_with_it_is_told_with_its_place() -> None:
    with pytest.raises(ComposeError) as found:
        await beside.read(source(LONG + "    portss: [80]\n"))
    (problem,) = found.value.problems
    assert problem.mark is not None
    assert (problem.mark.line, problem.path) == (LONG.count("\n") + 1, ("services", "web", "portss"))


@pytest.mark.bulk
async def test_a_long_file_on_the_disk_is_found_to_be_long(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(LONG)
    assert len((await beside.reading(ReadProject(files=(str(file),)))).services) == 1
    with pytest.raises(ComposeError, match=r"not-there\.yaml: no such file"):
        await beside.reading(ReadProject(files=(str(file), str(tmp_path / "not-there.yaml"))))


async def test_one_that_takes_too_much_is_refused_and_takes_nothing_else_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MOST_BYTES", 1 << 20)
    with pytest.raises(InvalidRequest, match="too much to be understood"):
        await beside.reading(source(LONG))
