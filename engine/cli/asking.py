"""Questions to the person at the terminal."""

from __future__ import annotations


def confirmed(warning: str) -> bool:
    """ "Are you sure?"; anything but y is no."""
    print(warning)
    try:
        answer = input("Are you sure you want to continue? [y/N] ")
    except EOFError:
        print()
        return False
    return answer.strip().lower() in ("y", "yes")
