"""`python -m gui` opens the window on the engine inside; with `--screenshots DIR` it pictures every page and ends."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from engine.storage.paths import Paths
from gui.display import why_no_window
from gui.interpreter import prepare_for_start
from gui.single_window import Claim, Second, claim_or_knock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.facade import Engine


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="wherry", description="A desktop container manager with its own engine.")
    parser.add_argument("path", nargs="?", default="", help="a project's folder or file, or what else can be dropped")
    parser.add_argument("--screenshots", metavar="DIR", help="visit every page, keep a picture of each, and end")
    parser.add_argument("--look", choices=("system", "light", "dark", "contrast"), help="start in this look")
    parser.add_argument("--size", default="1280x800", help="of the window for screenshots, as 1280x800")
    parser.add_argument("--engine", default="engine.owner:open_owned_engine", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if not chosen.screenshots and (trouble := why_no_window(os.environ)):
        print(f"{trouble} Without one there are `wherry tour` and all of `wherry --help`.", file=sys.stderr)  # noqa: T201
        return 1

    prepare_for_start()
    open_engine = _engine_opener(chosen.engine)
    if chosen.screenshots:
        from gui.tour import take_screenshots

        width, _, height = chosen.size.partition("x")
        return take_screenshots(open_engine, chosen.screenshots, (int(width), int(height)), chosen.look or "")
    return _run_once(open_engine, chosen.look or "", os.path.abspath(chosen.path) if chosen.path else "")


def _run_once(open_engine: Callable[[], Awaitable[Engine]], look: str, wanted: str) -> int:
    """The window, or another start's window brought to the front; Qt is loaded for the first only."""
    paths = Paths.default()
    claim: Claim | Second | None = None
    with contextlib.suppress(OSError):  # what is wrong with the directory, the engine will tell in the window
        claim = claim_or_knock(paths.window_lock, paths.window_door, wanted=wanted)
    if claim is Second.SHOWN:
        return 0
    if claim is Second.UNANSWERED:
        print("The window of this store is open already, but does not answer.", file=sys.stderr)  # noqa: T201
        return 1
    from gui.application import run

    return run(open_engine, look=look, claim=claim, started=lambda started: started.window.open_path(wanted))


def _engine_opener(place: str) -> Callable[[], Awaitable[Engine]]:
    """The function that opens the engine; imported on the engine's own thread, so that the window is there first."""
    module, _, name = place.partition(":")

    async def open_engine() -> Engine:
        engine: Engine = await getattr(import_module(module), name)()
        return engine

    return open_engine


if __name__ == "__main__":
    sys.exit(main())
