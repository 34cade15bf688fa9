"""Questions to the person at the terminal."""

from __future__ import annotations

from engine.cli.printed.paper import say


def confirmed(warning: str) -> bool:
    """ "Are you sure?"; anything but y is no."""
    say(warning)
    try:
        answer = input("Are you sure you want to continue? [y/N] ")
    except EOFError:
        say()
        return False
    return answer.strip().lower() in ("y", "yes")
