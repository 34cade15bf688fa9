"""Why a container ended, in words, with the proof. Pure: the service gathers the evidence, this page tells the story."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container, DeathReport
    from engine.types.stats import Sample


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an end."""

    container: Container
    last_sample: Sample | None = None
    memory_curve: Sequence[tuple[float, int]] = ()
    stderr_tail: Sequence[str] = ()
    """The last lines of stderr, or of stdout where it has a terminal or wrote nothing to stderr."""
    next_restart_seconds: float = 0.0
    last_good: Container | None = None
    """The container as it was when it last ran well, None where it never did."""
    exec_notes: Sequence[str] = field(default=())
    """Other things that happened since, in words: commands run in it, files changed by hand."""


def death_report(evidence: Evidence) -> DeathReport:
    raise NotImplementedError
