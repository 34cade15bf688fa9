"""What holds for every test: it is quiet, it ends, and it leaves nothing behind.

- A warning, a log record at WARNING or above or a Qt message fails the test (`expect_log` lets one through).
- Every test has a timeout (pyproject.toml).
- A `system` test needs the real tools. Where they are missing it fails in CI; nothing hides a missing tool there.
- After every `system` test no process, mount, cgroup, namespace, thread or task of it may be left.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before anything imports Qt: no test may open windows on the screen of whoever runs it.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts=false")
# Nor start a message bus, which nobody would end: where dbus-x11 is installed, libdbus starts one for who asks.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"

import hypothesis
import pytest

from tests.support import leaks, stores
from tests.support.display import serve_display
from tests.support.engine import opened_engine
from tests.support.quiet import QuietHandler
from tests.support.registry import serve_registry
from tests.support.shares import Share, files_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from PySide6.QtWidgets import QApplication

    from engine.facade import Engine
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp

# A shared machine's pauses are no finding, and the checkout may be read-only.
hypothesis.settings.register_profile("wherry", deadline=None, database=None, print_blob=True)
hypothesis.settings.load_profile("wherry")

_STORES = pytest.StashKey[list["ShortTmp"]]()


# --- collection and outcomes ---


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sequences", type=int, default=24, help="how many random sequences of the tree model to play")
    parser.addoption("--piped", type=int, default=16, help="megabytes to send through containers' standard input")
    parser.addoption("--grace", type=float, default=10.0, help="seconds that a test's tasks may take to end behind it")
    parser.addoption("--failed-to", type=Path, help="a file that gets the names of the tests that failed")
    parser.addoption("--first-sequence", type=int, default=0, help="the number of the first")
    parser.addoption("--share", type=Share.parse, help="run only that part of the files, as 1/2")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    place: Path | None = config.getoption("--failed-to")
    if place is not None:
        bad = [*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")]
        place.write_text("".join(f"{name}\n" for name in dict.fromkeys(report.nodeid for report in bad)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if Path(item.path).is_relative_to(Path(__file__).parent / "system"):
            item.add_marker("system")
        if inspect.iscoroutinefunction(inspect.unwrap(item.function)):
            # First set up, so last to look: after the test's own fixtures have closed what they opened.
            item.fixturenames.insert(0, "_no_task_left")
    share: Share | None = config.getoption("--share")
    if share is not None:
        mine = files_of(share, [item.path for item in items if item.get_closest_marker("system")])
        config.hook.pytest_deselected(items=[item for item in items if item.path not in mine])
        items[:] = [item for item in items if item.path in mine]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if (
        report.skipped
        and not hasattr(report, "wasxfail")
        and os.environ.get("CI")
        and item.get_closest_marker("system")
    ):
        report.outcome = "failed"
        report.longrepr = f"a system test may not be skipped in CI: {call.excinfo and call.excinfo.value}"
    return report


# --- quiet ---


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[QuietHandler]:
    handler = QuietHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
    if lines := handler.unexpected():
        pytest.fail("the test logged:\n" + "\n".join(lines))


@pytest.fixture
def expect_log(_quiet: QuietHandler) -> Callable[[str], None]:
    """Call with a pattern: records matching it do not fail this test."""
    return _quiet.expect


# --- nothing left ---


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a system test; before it, the directories it asks for are noted by `short_tmp`."""
    if request.node.get_closest_marker("system") is None:
        yield
        return
    request.node.stash[_STORES] = []
    before = leaks.baseline()
    yield
    gc.collect()  # a forgotten task or file speaks up in the test that forgot it
    used = request.node.stash[_STORES]
    left = leaks.find(before, [store.path for store in used])
    leaks.clear(left)
    for store in used:
        stores.remove_tree(store.path)
    if left:
        pytest.fail(f"the test left behind:\n{left}")


@pytest.fixture
async def _no_task_left(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """For coroutine tests: every task they or their fixtures started has ended by itself."""
    yield
    own = asyncio.current_task()
    deadline = asyncio.get_running_loop().time() + request.config.getoption("--grace")
    while left := {task for task in asyncio.all_tasks() if task is not own and not task.done()}:
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail("tasks left running:\n" + "\n".join(sorted(repr(task) for task in left)))
        await asyncio.wait(left, timeout=0.05)


# --- places and programs ---


@pytest.fixture
def make_short_tmp(request: pytest.FixtureRequest, _nothing_left: None) -> Iterator[Callable[[], ShortTmp]]:
    """Makes private stores (`.root`, `.run`) with short paths, for tests that need more than one."""
    made: list[ShortTmp] = []

    def make() -> ShortTmp:
        made.append(stores.make_short_tmp())
        request.node.stash.setdefault(_STORES, []).append(made[-1])
        return made[-1]

    yield make
    if request.node.get_closest_marker("system") is None:  # else the leak check removes them, having looked
        for store in made:
            stores.remove_tree(store.path)


@pytest.fixture
def short_tmp(make_short_tmp: Callable[[], ShortTmp]) -> ShortTmp:
    """One private store: `.root` and `.run`, watched by the leak check and removed after it."""
    return make_short_tmp()


@pytest.fixture
async def engine(short_tmp: ShortTmp) -> AsyncIterator[Engine]:
    """The real engine in a private store; closed, with its containers, at the end."""
    async with opened_engine(short_tmp) as opened:
        yield opened


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A fresh plain-HTTP registry for one test."""
    with serve_registry(tmp_path) as served:
        yield served


@pytest.fixture(scope="session")
def shared_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One plain-HTTP registry for the whole run; use own repository names."""
    with serve_registry(tmp_path_factory.mktemp("registry"), for_session=True) as served:
        yield served


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A real X server's DISPLAY for programs started by a test; the test process itself stays offscreen."""
    with (
        tempfile.TemporaryDirectory(prefix="wx-") as directory,
        serve_display(Path(directory), for_session=True) as name,
    ):
        yield name


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """With the words of the window: English has forms of counts too."""
    from gui.language import install_language  # tests of the engine run without Qt

    install_language(qapp, "en")
    return qapp
