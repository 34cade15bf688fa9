"""`python -m gui` opens the window on the engine inside; with `--screenshots DIR` it pictures every page and ends."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from gui.display import why_no_window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.facade import Engine


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="wherry", description="A desktop container manager with its own engine.")
    parser.add_argument("--screenshots", metavar="DIR", help="visit every page, keep a picture of each, and end")
    parser.add_argument("--look", choices=("system", "light", "dark"), help="start in this look")
    parser.add_argument("--size", default="1280x800", help="of the window for screenshots, as 1280x800")
    parser.add_argument("--engine", default="engine.owner:open_owned_engine", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if not chosen.screenshots and (trouble := why_no_window(os.environ)):
        print(f"{trouble} Without one there are `wherry tour` and all of `wherry --help`.", file=sys.stderr)  # noqa: T201
        return 1

    from gui.application import run

    open_engine = _engine_opener(chosen.engine)
    if chosen.screenshots:
        from gui.tour import take_screenshots

        width, _, height = chosen.size.partition("x")
        return take_screenshots(open_engine, chosen.screenshots, (int(width), int(height)), chosen.look or "")
    return run(open_engine, look=chosen.look or "")


def _engine_opener(place: str) -> Callable[[], Awaitable[Engine]]:
    """The function that opens the engine; imported on the engine's own thread, so that the window is there first."""
    module, _, name = place.partition(":")

    async def open_engine() -> Engine:
        engine: Engine = await getattr(import_module(module), name)()
        return engine

    return open_engine


if __name__ == "__main__":
    sys.exit(main())
