"""`wherry doctor`: what this machine allows, line by line, and with --store whether the store is sound.

Exit code: 0 nothing is missing, 1 something is (or the store has damage that was not mended), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import msgspec

from engine.cli.printed.paper import say, say_painted
from engine.errors import WherryError
from engine.host import doctor
from engine.host.machine import Machine
from engine.state.lock import StoreLock
from engine.storage.paths import Paths
from engine.types.host import HostCheck, HostReport, StoreProblem, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MARKS = {Verdict.OK: ("✓", "32"), Verdict.DEGRADED: ("!", "33"), Verdict.MISSING: ("✗", "31")}


class _Answer(msgspec.Struct, frozen=True):
    """What --json prints."""

    healthy: bool
    checks: tuple[HostCheck, ...]
    store: tuple[StoreProblem, ...] | None


def run(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    paths = Paths.default()
    report = doctor.examine(Machine(), paths)
    problems: tuple[StoreProblem, ...] | None = None
    if options.store or options.mend or options.deep:
        try:
            problems = tuple(asyncio.run(_check_store(paths, mend=options.mend, deep=options.deep)))
        except WherryError as error:
            say(f"wherry: the store could not be checked: {error}", file=sys.stderr)
            return 1
    sound = not any(not problem.mended for problem in problems or ())
    if options.json:
        answer = _Answer(report.healthy and sound, report.checks, problems)
        say(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        paper = _Paper()
        for line in (*paper.report(report), *(paper.store(problems) if problems is not None else ())):
            say_painted(line)
    return 0 if report.healthy and sound else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wherry doctor", description="Say what this machine allows, and how to mend it."
    )
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.add_argument("--store", action="store_true", help="check the store too")
    parser.add_argument("--deep", action="store_true", help="check the store, reading every file and blob")
    parser.add_argument("--mend", action="store_true", help="check the store and put right what can be")
    return parser


async def _check_store(paths: Paths, *, mend: bool, deep: bool) -> Sequence[StoreProblem]:
    """Ask the engine that has the store open; open it ourselves where none has."""
    if StoreLock.holder(paths.lock):
        return await _ask_owner(paths, mend=mend, deep=deep)
    from engine.embedded import open_engine  # the rooms load only for this

    engine = await open_engine(paths.root, paths.run)
    try:
        return await engine.host.check_store(mend=mend, deep=deep)
    finally:
        await engine.close()


async def _ask_owner(paths: Paths, *, mend: bool, deep: bool) -> Sequence[StoreProblem]:
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(paths.socket))) as session,
            session.post(
                "http://wherry/wherry/store",
                params={"mend": str(int(mend)), "deep": str(int(deep))},
                timeout=aiohttp.ClientTimeout(),
            ) as response,
        ):
            body = await response.read()
            if response.status != 200:
                raise WherryError("The running engine refused", body.decode(errors="replace")[:500])
            return msgspec.json.decode(body, type=list[StoreProblem])
    except (aiohttp.ClientError, OSError) as error:
        raise WherryError(
            "The store is open in another Wherry that does not answer",
            str(error),
            hint="Quit that one, or let it serve its socket (Settings), then run this again.",
        ) from error


class _Paper:
    """Lines for people, as wide as the terminal, coloured where that is wanted."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._width = min(shutil.get_terminal_size().columns, 110)

    def report(self, report: HostReport) -> Iterator[str]:
        widest = max(len(check.title) for check in report.checks)
        for check in report.checks:
            mark, colour = _MARKS[check.verdict]
            start = f"{self._painted(mark, colour)} {check.title.ljust(widest)}  "
            yield from self._wrapped(start, widest + 4, check.found)
            if check.matters:
                yield from self._wrapped(" " * (widest + 4), widest + 4, check.matters)
            if check.fix:
                yield " " * (widest + 4) + self._painted(check.fix, "36")
        yield ""
        yield self._summary(report)

    def store(self, problems: Sequence[StoreProblem]) -> Iterator[str]:
        if not problems:
            yield f"{self._painted('✓', '32')} The store is sound."
        for problem in problems:
            mark, colour = _MARKS[Verdict.OK if problem.mended else Verdict.MISSING]
            words = "mended" if problem.mended else "wherry doctor --mend puts it right" if problem.mendable else ""
            text = f"{problem.kind} {problem.subject}: {problem.explanation}{f' ({words})' if words else ''}"
            yield from self._wrapped(f"{self._painted(mark, colour)} ", 2, text)

    def _summary(self, report: HostReport) -> str:
        missing = sum(check.verdict is Verdict.MISSING for check in report.checks)
        degraded = sum(check.verdict is Verdict.DEGRADED for check in report.checks)
        if missing:
            return self._painted(f"{missing} of {len(report.checks)} must be mended before containers run.", "31")
        if degraded:
            return self._painted(f"Containers run; {degraded} of {len(report.checks)} could be better.", "33")
        return self._painted("All is well: containers run here.", "32")

    def _wrapped(self, start: str, indent: int, text: str) -> Iterator[str]:
        lines = textwrap.wrap(text, max(self._width - indent, 30), break_long_words=False, break_on_hyphens=False)
        yield start + (lines[0] if lines else "")
        yield from (" " * indent + line for line in lines[1:])

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text
