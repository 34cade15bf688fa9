"""What this machine allows, line by line, each with the command that mends it."""

from __future__ import annotations

from enum import StrEnum

from engine.types.data import Data
from engine.types.frontdoor import DoorSettings


class Verdict(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    MISSING = "missing"


class HostCheck(Data, frozen=True, kw_only=True):
    name: str
    """A stable word for programs, as "user-namespaces"."""
    title: str
    verdict: Verdict
    found: str
    """What was seen, in words: a version, a range, a path."""
    matters: str = ""
    """What does not work without it."""
    fix: str = ""
    """The exact command that mends it."""


class HostReport(Data, frozen=True, kw_only=True):
    checks: tuple[HostCheck, ...]

    @property
    def healthy(self) -> bool:
        return all(check.verdict is not Verdict.MISSING for check in self.checks)


class EngineFacts(Data, frozen=True, kw_only=True):
    """What the status bar and `info` show."""

    version: str
    driver: str
    driver_reason: str
    cgroup_mode: str
    """"v2", "v1", "hybrid" or "none"."""
    controllers: tuple[str, ...]
    rootless: bool
    single_id: bool
    """No subordinate ids: everything in a container is one user."""
    root: str
    run: str
    socket: str = ""
    processors: int = 0
    memory: int = 0
    kernel: str = ""
    operating_system: str = ""
    runtime_versions: dict[str, str] = {}
    host_name: str = ""
    warnings: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    """Whose programs run here: this machine's first, then those that are emulated."""


class StoreProblem(Data, frozen=True, kw_only=True):
    """Something the store check found out of place."""

    kind: str
    """"orphan-mount", "orphan-layer", "orphan-cgroup", "orphan-process", "missing-layer", "missing-row", …"""
    subject: str
    explanation: str
    mendable: bool
    mended: bool = False


class Settings(Data, frozen=True, kw_only=True):
    """What a person may choose; kept in the store."""

    driver: str = ""
    """"" is the probe's choice, else "overlay" or "fuse-overlayfs"."""
    api_socket: bool = True
    parallel_downloads: int = 4
    default_log_max_bytes: int = 256 * 1024 * 1024
    default_log_max_files: int = 4
    history_max_bytes: int = 2 * 1024 * 1024 * 1024
    stats_background_seconds: float = 10.0
    door: DoorSettings = DoorSettings()
