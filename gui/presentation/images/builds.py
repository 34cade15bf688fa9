"""A build in words: how it goes, how long it took, what of it was there already."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from engine.types.builds import StepState
from gui.presentation.units import short_id
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.builds import Build, BuildStep


class BuildWords(NamedTuple):
    """How a state is told: the word, its tone, its icon."""

    word: str
    tone: Tone
    icon: str


def build_words(build: Build) -> BuildWords:
    if build.ended is None:
        return BuildWords(translate("BuildState", "Building"), Tone.INFO, "spinner")
    if build.failure is None:
        return BuildWords(translate("BuildState", "Built"), Tone.SUCCESS, "check-circle")
    if build.failure.code == "cancelled":
        return BuildWords(translate("BuildState", "Cancelled"), Tone.MUTED, "x-circle")
    return BuildWords(translate("BuildState", "Failed"), Tone.DANGER, "error")


def step_words(state: StepState) -> BuildWords:
    match state:
        case StepState.WAITING:
            return BuildWords(translate("StepState", "Waiting"), Tone.MUTED, "clock")
        case StepState.RUNNING:
            return BuildWords(translate("StepState", "Running"), Tone.INFO, "spinner")
        case StepState.CACHED:
            return BuildWords(translate("StepState", "Cached"), Tone.ACCENT, "bolt")
        case StepState.DONE:
            return BuildWords(translate("StepState", "Done"), Tone.SUCCESS, "check")
        case StepState.FAILED:
            return BuildWords(translate("StepState", "Failed"), Tone.DANGER, "error")
        case StepState.SKIPPED:
            return BuildWords(translate("StepState", "Not reached"), Tone.MUTED, "minus")
        case StepState.CANCELLED:
            return BuildWords(translate("StepState", "Stopped"), Tone.MUTED, "x-circle")


def build_title(build: Build) -> str:
    """Its first tag, else the folder, else its id."""
    if build.tags:
        return build.tags[0]
    if build.is_sent:
        return build.dockerfile
    return build.context.rstrip("/").rpartition("/")[2] or short_id(build.id)


def stage_title(name: str, *, last: bool) -> str:
    """A stage without a name is known by its number; the last one is what the build is for."""
    if not name.isdigit():
        return name
    return translate("BuildState", "Result") if last else translate("BuildState", "Stage {0}").format(name)


def where_text(build: Build) -> str:
    if build.is_sent:
        return translate("BuildState", "sent by a client")
    return build.context or translate("BuildState", "from a stream")


def seconds_of(build: Build, now: datetime | None = None) -> float:
    return ((build.ended or now or datetime.now(UTC)) - build.started).total_seconds()


def step_seconds(step: BuildStep, now: datetime | None = None) -> float:
    if step.started is None:
        return 0.0
    return ((step.ended or now or datetime.now(UTC)) - step.started).total_seconds()


def failure_title(build: Build) -> str:
    """What failed, with the line of the Dockerfile where that is known and not said yet."""
    if build.failure is None:
        return ""
    title = build.failure.title
    if not build.error_line or build.failure.subject == str(build.error_line):
        return title
    return translate("BuildState", "Line {0}: {1}").format(build.error_line, title)


def steps_text(build: Build) -> str:
    """ "12 steps, 8 cached"."""
    counts = Counter(step.state for step in build.steps)
    total = len(build.steps)
    if not total:
        return ""
    words = [translate("BuildState", "%n steps", None, total)]
    if counts[StepState.CACHED]:
        words.append(translate("BuildState", "%n cached", None, counts[StepState.CACHED]))
    if counts[StepState.FAILED]:
        words.append(translate("BuildState", "%n failed", None, counts[StepState.FAILED]))
    return ", ".join(words)
