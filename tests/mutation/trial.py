"""Changes are tried: a pytest plugin that collects the tests once, and for each runs in a fork those that reach it.

A run that ends at a failing test, or dies, has noticed the change. One that needs many times the processor time, or
waits for ever, is set aside: it is tried again alone when the others are done. Between them, the same is done with no
change at all, which nothing may notice: tests that fail by themselves would make any suite look sharp.

    WHERRY_TRIAL=plan.json python -m pytest -p tests.mutation.trial tests/unit/recipe
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

NOTICED, UNNOTICED, ENDLESS = "noticed", "unnoticed", "endless"
_MEMORY_MORE = 2 << 30
"""A loop that no longer ends may fill the memory first."""
_EVERY = 50
"""So many changes are tried between two runs without one."""
_EXAMPLES = 12


@dataclass
class _Run:
    name: str
    ends: float
    descriptor: int


class Trial:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._out = Path(plan["results"]).open("a")
        self._directory = Path(plan["directory"])
        self._running: dict[int, _Run] = {}
        self._items: dict[str, pytest.Item] = {}
        self._endless: list[dict[str, Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        for item in session.items:
            _with_few_examples(item)
        gc.collect()
        gc.freeze()
        ends = time.monotonic() + self._plan["seconds"]
        for count, change in enumerate(self._plan["changes"]):
            if time.monotonic() > ends:
                break
            if count % _EVERY == 0:
                self._start(session, change | {"name": ""}, patience=4)
            self._start(session, change, patience=1)
            self._reap(self._plan["children"] - 1)
        self._reap(0)
        for change in list(self._endless):
            self._start(session, change | {"again": True}, patience=2)
            self._reap(0)
        self._out.close()
        return True

    def _start(self, session: pytest.Session, change: dict[str, Any], *, patience: float) -> None:
        # The first run in a fork also pays for what was not needed before: two seconds on a busy machine.
        processor = int(patience * (4 + 6 * change["seconds"])) + 1
        pid = os.fork()
        if not pid:
            try:
                items = [self._items[test] for test in change["tests"]]
                status = _tried(session, change["name"], items, processor, self._directory / str(os.getpid()))
            except BaseException:  # whatever goes wrong is a change noticed
                status = 1
            os._exit(status)
        run = _Run(json.dumps(change), time.monotonic() + 20 + 10 * processor, os.pidfd_open(pid))
        self._running[pid] = run

    def _reap(self, allowed: int) -> None:
        while len(self._running) > max(allowed, 0):
            poll = select.poll()
            for run in self._running.values():
                poll.register(run.descriptor, select.POLLIN)
            poll.poll(500)
            for pid, run in list(self._running.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    self._note(pid, run, os.waitstatus_to_exitcode(status))
                elif time.monotonic() > run.ends:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    self._note(pid, run, -signal.SIGXCPU)

    def _note(self, pid: int, run: _Run, code: int) -> None:
        os.close(run.descriptor)
        del self._running[pid]
        shutil.rmtree(self._directory / str(pid), ignore_errors=True)
        change = json.loads(run.name)
        outcome = ENDLESS if code in (-signal.SIGXCPU, -signal.SIGKILL) else NOTICED if code else UNNOTICED
        if outcome == ENDLESS and change["name"] and "again" not in change:
            self._endless.append(change)
        self._out.write(json.dumps({"name": change["name"], "outcome": outcome, "again": "again" in change}) + "\n")
        self._out.flush()


def _with_few_examples(item: pytest.Item) -> None:
    test = getattr(item, "obj", None)
    test = getattr(test, "__func__", test)
    # Where hypothesis keeps what `@settings` said; without it the test only takes its full time.
    if (said := getattr(test, "_hypothesis_internal_use_settings", None)) is not None:
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        few = hypothesis.settings(said, max_examples=min(said.max_examples, _EXAMPLES), phases=phases)
        test._hypothesis_internal_use_settings = few


def _tried(session: pytest.Session, name: str, items: list[pytest.Item], processor: int, own: Path) -> int:
    from mutmut.mutation.trampoline import set_mutant_under_test

    set_mutant_under_test(name)
    # Forks that make directories in the same one take each other's names.
    own.mkdir(mode=0o700)
    session.config._tmp_path_factory._basetemp = own  # type: ignore[attr-defined]
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + processor, used + processor + 2))
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + _MEMORY_MORE, pages + _MEMORY_MORE))
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            if not name:
                Path("failed").write_text(item.nodeid)
            return 1
    return 0


# Between any two functions stand those of mutmut that choose the change.
sys.setrecursionlimit(4 * sys.getrecursionlimit())

if plan := os.environ.get("WHERRY_TRIAL"):

    def pytest_configure(config: pytest.Config) -> None:
        config.pluginmanager.register(Trial(json.loads(Path(plan).read_text())), "trial")
