"""What is imported is declared, and what is declared is locked."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.architecture.source import PACKAGES, REPOSITORY, modules, standard_library

DISTRIBUTIONS = {
    "PySide6": "pyside6-essentials",
    "shiboken6": "pyside6-essentials",
    "yaml": "pyyaml",
    "google": "protobuf",
}
"""Import names that differ from the distribution's name, or come with another."""


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _project() -> dict[str, list[str]]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return {"run": project["dependencies"], "test": project["optional-dependencies"]["test"]}


def test_every_import_is_declared() -> None:
    declared = {_name(requirement) for requirement in _project()["run"]}
    foreign = {
        (module.relative, top)
        for module in modules().values()
        for found in module.imports
        if (top := found.target.partition(".")[0]) not in PACKAGES and not standard_library(top)
    }

    assert not {(where, top) for where, top in foreign if DISTRIBUTIONS.get(top, _name(top)) not in declared}


def test_every_dependency_is_imported() -> None:
    """Or it is installed, audited and shipped for nothing."""
    tops = {found.target.partition(".")[0] for module in modules().values() for found in module.imports}
    imported = {DISTRIBUTIONS.get(top, _name(top)) for top in tops}
    assert not {_name(requirement) for requirement in _project()["run"]} - imported


@pytest.mark.parametrize(
    ("lock", "groups"), [("requirements.txt", ["run"]), ("requirements-test.txt", ["run", "test"])]
)
def test_every_requirement_is_locked_with_hashes(lock: str, groups: list[str]) -> None:
    text = (REPOSITORY / "packaging" / lock).read_text()
    locked = dict(re.findall(r"^([a-z0-9.-]+)==\S+ \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.M))

    assert {_name(requirement) for group in groups for requirement in _project()[group]} <= locked.keys()
    assert len(locked) == text.count("=="), "a line without hashes"
    assert "://" not in text, "a lock file names no server"


def test_what_commands_of_the_tests_fetch_is_locked() -> None:
    """Each version with its hashes, and nobody installs a package by its bare name."""
    for path in sorted((REPOSITORY / "tests").glob("*/requirements.txt")):
        for entry in path.read_text().replace("\\\n", " ").splitlines():
            assert "==" in entry, f"{path}: {entry}"
            assert "--hash=sha256:" in entry, f"{path}: {entry}"
    for path in sorted((REPOSITORY / "tests").rglob("*.py")):
        text = path.read_text()
        if re.search(r'"-m",\s*"pip",\s*"install"', text):
            assert "--require-hashes" in text, f"{path} installs what is not locked"
