"""What a folder or a file that somebody drops stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.compose.project_files import files_in, files_of

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).write_text("services: {}\n")
    return [str(folder / name) for name in names]


def test_a_folder_stands_for_its_compose_file_and_what_overrides_it(tmp_path: Path) -> None:
    expected = write(tmp_path, "compose.yaml", "compose.override.yml")
    write(tmp_path, "docker-compose.yml")
    assert files_in(str(tmp_path)) == expected
    assert files_of(str(tmp_path)) == expected
    assert files_of(expected[0]) == expected


def test_a_compose_file_of_another_name_stands_for_itself(tmp_path: Path) -> None:
    write(tmp_path, "compose.yaml", "compose.override.yml")
    (other,) = write(tmp_path, "compose.prod.yaml")
    (second,) = write(tmp_path, "docker-compose.yml")
    assert files_of(other) == [other]
    assert files_of(second) == [second]


def test_other_folders_and_files_stand_for_nothing(tmp_path: Path) -> None:
    (notes,) = write(tmp_path, "notes.yaml")
    assert files_of(str(tmp_path)) == []
    assert files_of(notes) == []
    assert files_of(str(tmp_path / "gone")) == []
