"""A plan on its way, for a person: a line for each thing, rewritten on a terminal, one for each end in a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.printed.paper import rewrite_line, say
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KINDS = {
    "pull": "Image", "build": "Image", "network": "Network", "volume": "Volume", "remove-network": "Network",
    "remove-volume": "Volume", "remove-image": "Image", "watch": "Service", "sync": "Service", "rebuild": "Service",
    "restart": "Service", "exec": "Service", "fill-volume": "Volume", "pod": "Pod", "remake-pod": "Pod",
    "start-pod": "Pod", "keep-pod": "Pod", "remove-pod": "Pod",
}  # fmt: skip
_WORDS = {
    "pull": ("Pulling", "Pulled"),
    "build": ("Building", "Built"),
    "network": ("Creating", "Created"),
    "volume": ("Creating", "Created"),
    "create": ("Creating", "Created"),
    "recreate": ("Recreating", "Recreated"),
    "edit": ("Changing", "Changed"),
    "start": ("Starting", "Started"),
    "keep": ("", "Running"),
    "fill-volume": ("Filling", "Filled"),
    "pod": ("Creating", "Created"),
    "remake-pod": ("Recreating", "Recreated"),
    "start-pod": ("Starting", "Started"),
    "keep-pod": ("", "Unchanged"),
    "remove-pod": ("Removing", "Removed"),
    "stop": ("Stopping", "Stopped"),
    "remove": ("Removing", "Removed"),
    "watch": ("", "Watching"),
    "sync": ("Syncing", "Synced"),
    "rebuild": ("Rebuilding", "Rebuilt"),
    "restart": ("Restarting", "Restarted"),
    "exec": ("Running its command", "Ran its command"),
    "remove-network": ("Removing", "Removed"),
    "remove-volume": ("Removing", "Removed"),
    "remove-image": ("Removing", "Removed"),
}


def follow(messages: Iterable[Any], *, quiet: bool = False, plain: bool = False) -> str:
    """Show every step; the result, or `Failed`."""
    board = _Board() if sys.stderr.isatty() and not plain else _Lines()
    for message in messages:
        if "step" in message and not quiet:
            board.show(message["step"])
        elif "error" in message:
            details = f"\n{message['details']}" if message.get("details") else ""
            raise Failed(0, message["error"] + details)
        elif "done" in message:
            return str(message["done"])
    raise Failed(0, "the engine ended before the project was up")


def plan_text(plan: Mapping[str, Any]) -> str:
    """What would be done, with the reasons."""
    lines = []
    for step in plan["steps"]:
        kind = _KINDS.get(step["action"], "Container")
        lines.append(
            f"{step['action']:15} {kind} {step['subject']}" + (f" ({step['reason']})" if step["reason"] else "")
        )
        for change in step["changes"]:
            before, after = change["before"] or "nothing", change["after"] or "nothing"
            lines.append(f"{'':15}   {change['field']}: {before} → {after}")
    return "\n".join(lines) if lines else "Nothing to do."


class _Lines:
    def show(self, step: Mapping[str, Any]) -> None:
        text = _text(step)
        if text and step["state"] in ("running", "done", "failed", "skipped"):
            say(text, file=sys.stderr, flush=True)


class _Board(_Lines):
    def __init__(self) -> None:
        self._lines: list[str] = []

    def show(self, step: Mapping[str, Any]) -> None:
        name = f"{_KINDS.get(step['action'], 'Container')} {step['subject']}"
        text = _text(step)
        if not text:
            return
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        if name in self._lines:
            up = len(self._lines) - self._lines.index(name)
            rewrite_line(sys.stderr, up, text[: width - 1])
        else:
            self._lines.append(name)
            say(text[: width - 1], file=sys.stderr)
        sys.stderr.flush()


def _text(step: Mapping[str, Any]) -> str:
    doing, done = _WORDS.get(step["action"], ("", ""))
    state = step["state"]
    if state == "done" and done and step["note"]:
        done = f"{done} ({step['note']})"
    word = {"running": doing, "done": done, "waiting": f"Waiting for {step['note']}"}.get(state, "")
    if state in ("failed", "skipped"):
        word = f"{'Error' if state == 'failed' else 'Skipped'}: {step['note']}"
    return f" {_KINDS.get(step['action'], 'Container')} {step['subject']}  {word}" if word else ""
