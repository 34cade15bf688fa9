"""The suite's own rules bite: each is shown a test that breaks it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

REPOSITORY = Path(__file__).parents[3]


def run(pytester: pytest.Pytester, body: str, *, system: bool = False) -> pytest.RunResult:
    """Run one test file under this project's own configuration and conftest."""
    place = pytester.path / "tests" / ("system" if system else "unit")
    place.mkdir(parents=True)
    for name in ("conftest.py", "support", "__init__.py"):
        (pytester.path / "tests" / name).symlink_to(REPOSITORY / "tests" / name)
    for name in ("engine", "gui"):
        (pytester.path / name).symlink_to(REPOSITORY / name)
    (pytester.path / "pyproject.toml").symlink_to(REPOSITORY / "pyproject.toml")
    (place / "test_sample.py").write_text(textwrap.dedent(body))
    return pytester.runpytest_subprocess("-q", "--grace", "0.5", str(place))


NOISE = """
    import asyncio, logging, warnings
    from PySide6 import QtCore

    def test_log():
        logging.getLogger("x").warning("logged")

    def test_expected_log(expect_log):
        expect_log("WARNING x: logged")
        logging.getLogger("x").warning("logged")

    def test_warning():
        warnings.warn("warned")

    async def test_task():
        global task
        task = asyncio.create_task(asyncio.sleep(60))

    def test_qt_message(qapp):
        QtCore.qWarning("said by Qt")

    def test_unraisable():
        class Bad:
            def __del__(self):
                raise ValueError("unraisable")
        Bad()

    def test_open_file():
        open("/etc/passwd")
"""


@pytest.mark.bulk
def test_noise_fails_a_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, NOISE)

    output = result.stdout.str()
    for words in ("WARNING x: logged", "warned", "tasks left running", "said by Qt", "unraisable", "unclosed file"):
        assert words in output
    for name in ("warning", "qt_message", "unraisable", "open_file"):
        assert f"FAILED tests/unit/test_sample.py::test_{name}" in output
    for name in ("log", "task"):
        assert f"ERROR tests/unit/test_sample.py::test_{name} " in output
    assert "test_expected_log" not in output


LEAVING = """
    import os, subprocess, threading
    from tests.support import leaks

    leaks.GRACE_SECONDS = 0.5
    gate = threading.Event()

    def test_child(short_tmp):
        subprocess.Popen(["sleep", "61"]).returncode = 0

    def test_orphan(short_tmp):
        subprocess.run(["setsid", "-f", "sleep", "62"], cwd=short_tmp.path, stdout=subprocess.DEVNULL)

    def test_orphan_known_by_its_mounts(short_tmp):
        target = short_tmp.path / "m"
        target.mkdir()
        script = f"mount -t tmpfs none {target}; exec setsid -f sleep 63"
        subprocess.run(["unshare", "-Urm", "sh", "-c", script], cwd="/", stdout=subprocess.DEVNULL, check=True)

    def test_thread(short_tmp):
        threading.Thread(target=gate.wait, name="forgotten", daemon=True).start()

    def test_clean(short_tmp):
        subprocess.run(["true"], cwd=short_tmp.path)
"""


@pytest.mark.bulk
def test_leaving_something_behind_fails_a_system_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, LEAVING, system=True)

    result.assert_outcomes(passed=5, errors=4)
    output = result.stdout.str()
    for words in ("sleep 61", "sleep 62", "sleep 63", "thread forgotten"):
        assert words in output


SKIPPING = """
    import unittest
    def test_it():
        raise unittest.SkipTest("no tool")
"""


@pytest.mark.parametrize(("ci", "expected"), [("1", "failed"), ("", "skipped")])
@pytest.mark.bulk
def test_a_skipped_system_test_fails_in_ci(
    ci: str, expected: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)

    run(pytester, SKIPPING, system=True).assert_outcomes(**{expected: 1})
