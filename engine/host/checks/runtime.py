"""The programs that run containers: crun, conmon, and an init."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from engine.host.machine import Machine

_NUMBER = re.compile(r"\d{4}_\d{2}_\d{2}\.[0-9a-f]+|\b\d+(?:\.\d+)+(?:[-+~][\w.]+)?")

OLDEST_CRUN = (1, 4)
OLDEST_CONMON = (2, 1)


def version_of(machine: Machine, program: str) -> str | None:
    """What the program says its version is; "installed" if it says nothing readable; None if it is not there."""
    path = machine.which(program)
    if path is None:
        return None
    answer = machine.ask([path, "--version"])
    lines = (answer.output or answer.errors).splitlines()
    # Some name their libraries first ("fusermount3 version: …"), some the address of their licence.
    for line in (line for line in lines if program in line):
        if found := _NUMBER.search(line):
            return found.group()
    return "installed"


def as_numbers(version: str) -> tuple[int, ...]:
    """(1, 8, 1) of "1.8.1-rc2"; () where there is no number."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in leading.group().split(".")) if leading else ()


def crun(machine: Machine) -> HostCheck:
    return _program(
        machine, "crun", version_of(machine, "crun"), OLDEST_CRUN, "It starts containers; without it none can start."
    )


def conmon(machine: Machine) -> HostCheck:
    return _program(
        machine,
        "conmon",
        version_of(machine, "conmon"),
        OLDEST_CONMON,
        "It holds a container's output and exit code while the window is closed; without it none can start.",
    )


def _program(machine: Machine, program: str, version: str | None, oldest: tuple[int, ...], matters: str) -> HostCheck:
    line = partial(HostCheck, name=program, title=program)
    install = machine.distribution.install({"debian": program})
    if version is None:
        return line(verdict=Verdict.MISSING, found="Not installed.", matters=matters, fix=install)
    if (numbers := as_numbers(version)) and numbers < oldest:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"{version}; {'.'.join(map(str, oldest))} or newer is needed.",
            matters=matters,
            fix=install,
        )
    return line(verdict=Verdict.OK, found=version)


def init(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="init", title="catatonit")
    version = version_of(machine, "catatonit")
    if version is None:
        return line(
            verdict=Verdict.DEGRADED,
            found="Not installed.",
            matters="Containers started with an init (--init) need it to pass on signals and clear up zombies.",
            fix=machine.distribution.install({"debian": "catatonit"}),
        )
    return line(verdict=Verdict.OK, found=version)
