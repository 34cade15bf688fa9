"""The session the program runs in: its run-time directory, whether services outlive it, and the window's libraries."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from engine.host.checks.filesystems import nearest_directory
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from engine.host.machine import Machine
    from engine.storage.paths import Paths

_LONGEST_SOCKET_PATH = 107
_DEEPEST = len("/docker.sock")

_QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
}
_X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
QT_LIBRARIES = _QT_LIBRARIES | _X11_LIBRARIES
"""What Qt opens at run time, and Debian's package of each; the window does not come up where one is missing."""


def runtime_directory(machine: Machine, paths: Paths) -> HostCheck:
    line = partial(HostCheck, name="runtime-directory", title="Run-time directory")
    place = nearest_directory(machine, paths.run)
    if not machine.may(place, os.W_OK | os.X_OK):
        return line(
            verdict=Verdict.MISSING,
            found=f"{place} may not be written to by {machine.user}.",
            matters="The engine keeps its socket and the containers' control files there.",
            fix='Log in again, so that the system makes $XDG_RUNTIME_DIR; or: WHERRY_RUN="$(mktemp -d)" wherry',
        )
    if trouble := machine.stranger_on_the_way(paths.run):
        return line(
            verdict=Verdict.MISSING,
            found=f"{paths.run} is not private: {trouble}.",
            matters="Somebody else could put his socket in the place of the engine's, so none is opened there.",
            fix='WHERRY_RUN="$(mktemp -d)" wherry',
        )
    if len(os.fsencode(paths.run)) + _DEEPEST > _LONGEST_SOCKET_PATH:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"{paths.run} is a long path.",
            matters="A socket's path may have 107 bytes only, so the Docker API can have no socket there.",
            fix='WHERRY_RUN="$(mktemp -d)" wherry',
        )
    if not machine.environment.get("XDG_RUNTIME_DIR") and machine.uid != 0:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"XDG_RUNTIME_DIR is not set; {paths.run} is used.",
            matters="Nobody empties that directory at a reboot.",
            fix=f"export XDG_RUNTIME_DIR=/run/user/{machine.uid} (a login through PAM and systemd makes it)",
        )
    return line(verdict=Verdict.OK, found=str(paths.run))


def linger(machine: Machine) -> HostCheck:
    """Never red: to stop with the session is what most people expect. The line says how to have it otherwise."""
    line = partial(HostCheck, name="linger", title="After you log out")
    if not machine.exists("/run/systemd/system"):
        return line(verdict=Verdict.OK, found="No systemd: containers go on running.")
    if machine.uid == 0 or machine.exists(f"/var/lib/systemd/linger/{machine.user}"):
        return line(verdict=Verdict.OK, found="Containers go on running.")
    return line(
        verdict=Verdict.OK,
        found="Containers end when your last session ends.",
        matters="To let them go on running:",
        fix=f"sudo loginctl enable-linger {machine.user}",
    )


def window(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="window", title="The window")
    missing = [package for library, package in QT_LIBRARIES.items() if not machine.has_library(library)]
    if missing:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"Libraries that Qt opens are missing: {', '.join(missing)}.",
            matters="The window does not come up; the engine and the command line work.",
            fix=machine.distribution.install({"debian": " ".join(missing)}),
        )
    display = machine.environment.get("WAYLAND_DISPLAY") or machine.environment.get("DISPLAY")
    if not display:
        found = "Its libraries are here; this terminal has no display (neither DISPLAY nor WAYLAND_DISPLAY)."
        return line(verdict=Verdict.OK, found=found)
    return line(verdict=Verdict.OK, found=f"Its libraries are here, the display is {display}.")
