"""Machines in words: what they are called, how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.machines import Link
from gui.presentation.units import bytes_text, clock_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.machines import Bringable, Found, Machine, MovePart, MovePlan


def machine_title(name: str) -> str:
    return name or translate("Machines", "This computer")


def kind_word(kind: str) -> str:
    return {"wherry": "Wherry", "docker": "Docker", "podman": "Podman"}.get(kind, "")


def link_tone(machine: Machine | None) -> Tone:
    """This computer is always there."""
    if machine is None:
        return Tone.SUCCESS
    return {
        Link.NONE: Tone.MUTED,
        Link.CONNECTING: Tone.INFO,
        Link.CONNECTED: Tone.SUCCESS,
        Link.STALE: Tone.WARNING,
        Link.UNREACHABLE: Tone.DANGER,
    }[machine.link]


def link_words(machine: Machine) -> str:
    """One line: how it is, and since when where that matters."""
    if machine.link is Link.STALE and machine.since is not None:
        return translate("Machines", "Not heard of since {0}").format(clock_text(machine.since))
    return {
        Link.NONE: translate("Machines", "Not connected"),
        Link.CONNECTING: translate("Machines", "Connecting…"),
        Link.CONNECTED: translate("Machines", "Connected"),
        Link.STALE: translate("Machines", "Not heard of"),
        Link.UNREACHABLE: translate("Machines", "Not reachable"),
    }[machine.link]


def machine_tip(machine: Machine) -> str:
    """All there is to say of it, a line each."""
    lines = [machine.address, " ".join(word for word in (kind_word(machine.kind), machine.version) if word)]
    lines.append(link_words(machine))
    if machine.problem is not None:
        lines += [machine.problem.title, machine.problem.explanation, machine.problem.hint]
    sources = {
        "docker": translate("Machines", "From a docker context"),
        "podman": translate("Machines", "From a podman connection"),
    }
    lines.append(sources.get(machine.source, ""))
    return "\n".join(line for line in lines if line)


def found_words(found: Found) -> str:
    """What a test has shown."""
    what = " ".join(word for word in (kind_word(found.kind), found.version) if word)
    passed = max(1, round(found.round_trip * 1000))
    containers = translate("Machines", "%n containers", None, found.containers)
    running = translate("Machines", "%n running", None, found.running)
    images = translate("Machines", "%n images", None, found.images)
    line = translate("Machines", "{0} on {1}: {2} ({3}), {4}; answers in {5} ms")
    return line.format(what, found.host_name or "?", containers, running, images, passed)


def plan_words(plan: MovePlan) -> str:
    """What goes along, a line for each kind."""
    kinds = {
        "container": translate("Machines", "Containers"),
        "image": translate("Machines", "Images"),
        "volume": translate("Machines", "Volumes"),
        "network": translate("Machines", "Networks"),
    }
    lines: list[str] = []
    for kind, title in kinds.items():
        parts = [part for part in plan.parts if part.kind == kind]
        if parts:
            lines.append(f"{title}: {', '.join(_part_words(part) for part in parts)}")
    lines.append(
        translate("Machines", "At most {0} are sent; what is there already is not.").format(bytes_text(plan.bytes))
    )
    return "\n".join(lines)


def _part_words(part: MovePart) -> str:
    if part.there:
        return translate("Machines", "{0} (is there)").format(part.name)
    return f"{part.name} ({bytes_text(part.size)})" if part.size else part.name


def bringable_words(thing: Bringable) -> str:
    """One line of the list of what can be brought over."""
    kind = {
        "container": translate("Machines", "Container"),
        "project": translate("Machines", "Project"),
        "volume": translate("Machines", "Volume"),
        "image": translate("Machines", "Image"),
    }[thing.kind]
    words = [kind, thing.name, kind_word(thing.engine)]
    if thing.here:
        words.append(translate("Machines", "is here already"))
    elif thing.size:
        words.append(bytes_text(thing.size))
    return "  ·  ".join(word for word in words if word)
