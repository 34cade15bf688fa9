"""What `develop.watch` asks for, as rules over paths: which rules a changed file meets, and where it goes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from engine.builder.language.ignore import IgnoreRules, read_ignore_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.compose.reading.loading import Project

Deed = Literal["sync", "rebuild", "restart", "sync+restart", "sync+exec"]

ALWAYS_IGNORED = (
    "**/.git", "**/.DS_Store", "**/.idea", "**/*~", "**/.#*", "**/#*#", "**/.*.sw?", "**/.*.swp", "**/.*.sw",
    "**/4913", "**/*___jb_tmp___", "**/*___jb_old___", "**/.goutputstream*", "**/*.kate-swp", "**/.~lock.*#",
)  # fmt: skip
"""What editors and version control write beside the files they are about."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a service's `develop.watch`."""

    service: str
    path: str
    """Whole path of a directory or file on this machine."""
    action: Deed
    target: str = ""
    initial: bool = False
    exec: Mapping[str, Any] = field(default_factory=dict)
    _ignored: IgnoreRules = field(default_factory=lambda: IgnoreRules(()))
    _context: str = ""
    _context_ignored: IgnoreRules = field(default_factory=lambda: IgnoreRules(()))
    _included: IgnoreRules = field(default_factory=lambda: IgnoreRules(()))

    def covers(self, path: str) -> bool:
        """Whether a change of this file is the rule's business."""
        if path != self.path and not path.startswith(self.path.rstrip("/") + "/"):
            return False
        inside = os.path.relpath(path, self.path)
        if inside != "." and (self._ignored.ignores(inside) or self._left_out(path)):
            return False
        return not self._included or inside == "." or self._included.ignores(inside)

    def prunes(self, directory: str) -> bool:
        """Whether nothing below a directory can be the rule's business, so that it need not be watched."""
        inside = os.path.relpath(directory, self.path)
        if inside == ".":
            return False
        if self._ignored.prunes(inside):
            return True
        within = self._context and directory.startswith(f"{self._context}/")
        return bool(within) and self._context_ignored.prunes(os.path.relpath(directory, self._context))

    def inside(self, path: str) -> str:
        """Where a file of this machine is in the container."""
        below = os.path.relpath(path, self.path)
        return self.target if below == "." else os.path.join(self.target, below)

    def _left_out(self, path: str) -> bool:
        if not self._context or not path.startswith(f"{self._context}/"):
            return False
        return self._context_ignored.ignores(os.path.relpath(path, self._context))


def watch_rules(project: Project, services: Iterable[str], opened: Callable[[str], str]) -> list[Rule]:
    """The rules of these services. `opened` gives the text of a file, for .dockerignore."""
    rules: list[Rule] = []
    for service in services:
        made = project.services[service]
        context = (made.get("build") or {}).get("context", "")
        context_ignored = IgnoreRules(_ignore_file(context, opened)) if os.path.isabs(context) else IgnoreRules(())
        for entry in (made.get("develop") or {}).get("watch") or []:
            rules.append(
                Rule(
                    service,
                    entry["path"].rstrip("/") or "/",
                    entry["action"],
                    entry.get("target", ""),
                    bool(entry.get("initial_sync")),
                    entry.get("exec") or {},
                    IgnoreRules([*ALWAYS_IGNORED, *(entry.get("ignore") or [])]),
                    context.rstrip("/") if context_ignored else "",
                    context_ignored,
                    IgnoreRules(entry.get("include") or []),
                )
            )
    return rules


def _ignore_file(context: str, opened: Callable[[str], str]) -> list[str]:
    try:
        return read_ignore_file(opened(os.path.join(context, ".dockerignore")))
    except (OSError, UnicodeError):
        return []


def why_not(rules: Iterable[Rule], project: Project) -> str:
    """Why these rules cannot be followed, or ""."""
    for rule in rules:
        made = project.services[rule.service]
        if rule.action == "rebuild" and "build" not in made:
            return f"service {rule.service} has no build section: it cannot be rebuilt when {rule.path} changes"
        if rule.action.startswith("sync") and not rule.target:
            return f"service {rule.service}: “{rule.action}” of {rule.path} needs a target"
        if rule.action == "sync+exec" and not rule.exec.get("command"):
            return f"service {rule.service}: “sync+exec” of {rule.path} needs a command"
        for mount in made.get("volumes") or []:
            if mount["type"] == "bind" and rule.action.startswith("sync") and _within(rule.target, mount["target"]):
                return f"service {rule.service}: {rule.target} is bound to {mount['source']}; it needs no syncing"
    return ""


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
