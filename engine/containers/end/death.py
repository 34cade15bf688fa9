"""Why a container ended, in words, with the proof. Pure: the service gathers the evidence, this tells the story."""

from __future__ import annotations

import re
import signal as signals
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.containers.end.exit_words import meaning_of, signal_name, signal_of
from engine.containers.spec.image_config import stop_timeout
from engine.types.containers import Cause, DeathReport, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container, ContainerSpec, Exit
    from engine.types.stats import Sample

_NEAR_THE_LIMIT = 0.97
_SECRET_WORDS = ("password", "passwd", "secret", "token", "key", "credential")
_MOST_SHOWN = 80
_CUT_OFF = {
    Cause.LOST: "Without it nobody could read what the program writes or see it end, so it could not go on. "
    "Nothing says that the program itself failed.",
    Cause.REBOOT: "Nothing says that the program itself failed. How it ended is not known.",
}
_OF_SHELLS = {
    126: "The program ran, and then reported that something it wanted to start could not be executed, as shells do "
    "with this code. What it printed last says what.",
    127: "The program ran, and then reported that a command was not found, as shells do with this code. What it "
    "printed last says which; it may be missing in the image, or in PATH.",
}
"""Codes that mean something else where the container itself did start."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])")


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
    """`evidence.container.exit` must be there."""
    container = evidence.container
    ending = container.exit
    if ending is None:
        raise ValueError("a container that has not ended has no death report")
    proof = _oom_proof(evidence, ending)
    return DeathReport(
        container_id=container.id,
        summary=_summary(container, ending, out_of_memory=bool(proof)),
        meaning=_meaning(container, ending, out_of_memory=bool(proof)) + _given_up(container),
        exit=ending,
        oom_proof=proof,
        memory_curve=tuple(evidence.memory_curve),
        memory_limit=_limit(evidence),
        stderr_tail=tuple(_clean(line) for line in evidence.stderr_tail),
        health_output=_health_output(container),
        restarts=container.restart_count,
        next_restart_seconds=evidence.next_restart_seconds,
        changes_since_good_run=_changes(evidence),
        next_steps=_next_steps(evidence, ending, out_of_memory=bool(proof)),
    )


def _clean(line: str) -> str:
    """As it would stand on paper: without colours, and of a line drawn over itself the last state."""
    return _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]


def _limit(evidence: Evidence) -> int:
    sample = evidence.last_sample
    return (sample.memory_limit if sample is not None else 0) or evidence.container.spec.resources.memory


def _oom_proof(evidence: Evidence, ending: Exit) -> str:
    """Words only where the kernel counted a kill: an exit code of 137 alone proves nothing."""
    sample = evidence.last_sample
    kills = sample.oom_kills if sample is not None else 0
    if not ending.oom_killed and not kills:
        return ""
    limit = _limit(evidence)
    times = f"{kills} time{'s' if kills != 1 else ''}" if kills else "at least once"
    proof = f"The kernel killed processes in this container for want of memory, {times} in this run."
    if limit:
        proof += f" The limit was {_size(limit)}."
    highest = max((memory for _, memory in evidence.memory_curve), default=0)
    highest = max(highest, sample.memory_peak if sample is not None else 0)
    if highest:
        proof += f" The highest use seen was {_size(highest)}."
    if limit and highest and highest < limit * _NEAR_THE_LIMIT:
        proof += " It must have grown in one jump between two looks."
    return proof


def _summary(container: Container, ending: Exit, *, out_of_memory: bool) -> str:
    name = f"“{container.name}”"
    if ending.cause in _CUT_OFF:
        return f"{name} was cut off. {ending.error}"
    if ending.error:
        return f"{name} could not start. {_first_sentence(ending.error)[0]}"
    if out_of_memory:
        return f"{name} ran out of memory and was killed."
    if _outstayed(ending):
        return f"{name} did not end when it was asked to, and was killed."
    if ending.requested:
        return f"{name} was {ending.cause or Cause.STOPPED} on request (code {ending.code})."
    signal = signal_of(ending.code, ending.signal)
    lasted = _lasted(container, ending)
    if signal:
        return f"{name} was ended by {signal_name(signal)}{lasted}."
    if ending.code == 0:
        return f"{name} finished its work{lasted}."
    return f"{name} failed with code {ending.code}{lasted}."


def _lasted(container: Container, ending: Exit) -> str:
    if container.started is None:
        return ""
    seconds = (ending.ended - container.started).total_seconds()
    # The kernel's clock for files and ours are some milliseconds apart.
    if seconds < 0.005:
        return " right after its start" if seconds > -1 else ""
    if seconds < 2:
        return f" after {seconds * 1000:.0f} ms"
    if seconds < 120:
        return f" after {seconds:.0f} seconds"
    if seconds < 7200:
        return f" after {seconds / 60:.0f} minutes"
    return f" after {seconds / 3600:.0f} hours"


def _meaning(container: Container, ending: Exit, *, out_of_memory: bool) -> str:
    if ending.cause in _CUT_OFF:
        return _CUT_OFF[ending.cause]
    if ending.error:
        return _first_sentence(ending.error)[1] or meaning_of(ending.code if ending.code in (126, 127) else 125)
    if _outstayed(ending):
        return _ignored_the_signal(container)
    signal = signal_of(ending.code, ending.signal)
    meaning = meaning_of(ending.code, ending.signal)
    if out_of_memory:
        return f"{meaning} The kernel did it because the container's memory limit was reached."
    if signal == signals.SIGKILL and not ending.requested:
        return f"{meaning} The kernel counted no out-of-memory kill here, so somebody or something else sent it."
    if ending.requested and ending.code == 0:
        return "It ended in its own way when it was asked to, and reports success."
    if ending.code in _OF_SHELLS:
        return _OF_SHELLS[ending.code]
    return meaning


def _given_up(container: Container) -> str:
    policy, tries = container.spec.restart, container.restart_count
    if container.state is not State.EXITED or not 0 < policy.maximum_retries <= tries:
        return ""
    return f" It was started anew {tries} time{'s' if tries != 1 else ''}, and its restart policy allows no more."


def _outstayed(ending: Exit) -> bool:
    """Asked to end, and killed when it did not."""
    return ending.cause is Cause.STOPPED and signal_of(ending.code, ending.signal) == signals.SIGKILL


def _ignored_the_signal(container: Container) -> str:
    spec = container.spec
    wanted = spec.stop_signal or "SIGTERM"
    told = f"It had not ended {stop_timeout(spec):g} seconds after {wanted}, so it had no chance to clean up (SIGKILL)."
    if spec.init:
        return f"{told} Give it more time to end, or another signal if it waits for one."
    return (
        f"{told} The first process of a container ignores every signal it has no handler for. Let the program handle "
        f"{wanted}, start it with “exec” where a shell script starts it, or run the container with an init."
    )


def _first_sentence(text: str) -> tuple[str, str]:
    """It, and what is behind it."""
    head, dot, rest = text.partition(". ")
    return (f"{head}.", rest) if dot else (text, "")


def _health_output(container: Container) -> str:
    return container.health.log[-1].output if container.health.log else ""


def _unwell(container: Container) -> bool:
    """Its last health check failed."""
    return bool(container.health.log) and container.health.log[-1].exit_code != 0


# --- what is different from the last good run ---


def _changes(evidence: Evidence) -> tuple[str, ...]:
    good = evidence.last_good
    if good is None:
        return tuple(evidence.exec_notes)
    changes = []
    if good.image_id != evidence.container.image_id:
        changes.append(f"The image: {_short(good.image_id)} is now {_short(evidence.container.image_id)}")
    changes += _spec_changes(good.spec, evidence.container.spec)
    return (*changes, *evidence.exec_notes)


def _spec_changes(old: ContainerSpec, new: ContainerSpec) -> list[str]:
    changes = []
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if name == "env":
            changes += _env_changes(before, after)
        elif isinstance(before, msgspec.Struct) and isinstance(after, msgspec.Struct) and type(before) is type(after):
            changes += [
                f"{name}.{part}: {_shown(getattr(before, part))} is now {_shown(getattr(after, part))}"
                for part in before.__struct_fields__
                if getattr(before, part) != getattr(after, part)
            ]
        else:
            changes.append(f"{name}: {_shown(before)} is now {_shown(after)}")
    return changes


def _env_changes(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Values of variables that smell of secrets are not told."""
    changes = []
    for name in sorted({*old, *new}):
        if old.get(name) == new.get(name):
            continue
        secret = any(word in name.lower() for word in _SECRET_WORDS)
        if name not in new:
            changes.append(f"environment: {name} was taken away")
        elif name not in old:
            changes.append(f"environment: {name} was added" + ("" if secret else f" ({_shown(new[name])})"))
        else:
            told = "was changed" if secret else f"was {_shown(old[name])}, is {_shown(new[name])}"
            changes.append(f"environment: {name} {told}")
    return changes


def _shown(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return "as the image says"
    if isinstance(value, str):
        text = value or "nothing"
    elif isinstance(value, msgspec.Struct | tuple | list | dict):
        text = msgspec.json.encode(value).decode() if value else "nothing"
    else:
        text = str(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


# --- what to do next ---


def _next_steps(evidence: Evidence, ending: Exit, *, out_of_memory: bool) -> tuple[str, ...]:
    """Names of actions, best first."""
    steps: list[str] = []
    words = " ".join((ending.error, *evidence.stderr_tail)).lower()
    if out_of_memory:
        steps.append("raise-memory")
    if ending.code in (126, 127) and ending.error:
        steps.append("fix-command")
    if "address already in use" in words or "port is already allocated" in words:
        steps.append("change-port")
    if "no space left on device" in words:
        steps.append("free-space")
    if "permission denied" in words or "operation not permitted" in words:
        steps.append("check-mounts")
    if _outstayed(ending) or (evidence.last_good is not None and _changes(evidence)):
        steps.append("edit")
    if _unwell(evidence.container):
        steps.append("show-health")
    if evidence.stderr_tail:
        steps.append("show-log")
    return tuple(dict.fromkeys((*steps, "open-shell", "restart")))


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if size >= 100 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
