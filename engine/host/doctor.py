"""The host report: every check in the order in which trouble is best understood, and the versions of the tools."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from engine.host.checks import bounds, cgroups, filesystems, identity, names, network, place, runtime, session
from engine.networks.way_out.stand_ins import STAND_INS
from engine.types.host import HostCheck, HostReport, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.host.machine import Machine
    from engine.storage.paths import Paths

_log = logging.getLogger(__name__)


def examine(machine: Machine, paths: Paths) -> HostReport:
    """Look at everything. Takes some hundred milliseconds: it mounts and runs real things, in namespaces of its own."""
    checks: list[Callable[[], HostCheck]] = [
        lambda: identity.user_namespaces(machine),
        lambda: identity.subordinate_ids(machine),
        lambda: identity.id_mapping_tools(machine),
        lambda: filesystems.overlay(machine, paths),
        lambda: filesystems.fuse(machine),
        lambda: cgroups.control_groups(machine),
        lambda: runtime.crun(machine),
        lambda: runtime.conmon(machine),
        lambda: runtime.init(machine),
        lambda: network.pasta(machine),
        lambda: names.names(machine),
        lambda: network.packet_filter(machine),
        lambda: network.unprivileged_ports(machine),
        lambda: session.runtime_directory(machine, paths),
        lambda: session.linger(machine),
        lambda: session.window(machine),
        lambda: place.free_space(machine, paths),
        lambda: place.store(machine, paths),
        lambda: place.closed(machine, paths),
        lambda: place.contents(machine, paths),
        lambda: bounds.kernel_bounds(machine, paths),
    ]
    return HostReport(checks=tuple(_guarded(check) for check in checks))


def _guarded(check: Callable[[], HostCheck]) -> HostCheck:
    """A check that stumbles is a line of the report, not the end of it."""
    try:
        return check()
    except Exception as error:
        _log.debug("a check failed", exc_info=True)
        return HostCheck(
            name="check-failed",
            title="A check could not be made",
            verdict=Verdict.DEGRADED,
            found=f"{type(error).__name__}: {error}",
            matters="This is a fault of Wherry, not of the machine; please report it.",
        )


def runtime_versions(machine: Machine) -> dict[str, str]:
    """Names and versions of the programs the engine leans on, those that are there."""
    found = {}
    for name in ("crun", "conmon", "pasta", *(each.program for each in STAND_INS), "fuse-overlayfs", "catatonit"):
        if version := runtime.version_of(machine, name):
            found[name] = version
    return found
