"""What of a context the stages that are needed really take, so that a client needs to send no more. Pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from engine.builder.language import types as t
from engine.builder.language.mounts import read_mount
from engine.builder.steps.transfer import is_fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.builder.planning.plan import Plan, PlannedStage

_NOT_CLEAR = ("$", "**", "\\", "{")


def context_paths(plan: Plan, triggers: Callable[[str], bool | None]) -> tuple[str, ...] | None:
    """Paths and patterns; None where all is wanted, or that cannot be told before the build: a source with a variable
    in it, a base image that may leave instructions to whoever builds on it. `triggers` says whether one does."""
    found: dict[str, None] = {}
    for stage in plan.ordered():
        if stage.origin.kind in ("image", "named") and triggers(stage.origin.name) is not False:
            return None
        for source in _sources(stage):
            path = posixpath.normpath(f"/{source}").lstrip("/")
            if not path or any(word in source for word in _NOT_CLEAR):
                return None
            found[path] = None
    return tuple(found)


def _sources(stage: PlannedStage) -> Iterator[str]:
    for one in stage.stage.instructions:
        if isinstance(one, t.OnBuild):
            yield "/"
        elif isinstance(one, t.Run):
            mounts = [read_mount(one.raw, text) for text in one.mounts if "$" not in text]
            if len(mounts) < len(one.mounts):
                yield "/"
            yield from (each.source or "/" for each in mounts if each.kind == "bind" and not each.origin)
        elif isinstance(one, t.Transfer) and not (isinstance(one, t.Copy) and one.origin):
            yield from (word for word in one.sources if not is_fetched(word, one))
