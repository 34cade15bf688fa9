"""Compiled seccomp filters, remembered. Compiling the default list takes crun longer than all the rest of a creation.

crun leaves the filter it compiled beside its state; the next container with the same list is given that very filter
(annotation `run.oci.seccomp_bpf_data`, which crun takes in place of the list).
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from engine.processes.crun import Crun

_ANNOTATION = "run.oci.seccomp_bpf_data"
_FILE = "seccomp.bpf"
_INSTRUCTION_BYTES = 8
_MOST_BYTES = 4096 * _INSTRUCTION_BYTES
"""The kernel takes no longer filters."""


class CompiledFilters:
    """By the digest of the list and of the runtime that compiled it. Lives with the run directory: a reboot forgets."""

    def __init__(self, directory: Path, crun: Crun) -> None:
        self._directory = directory
        self._known: dict[str, str] = {}
        self._runtime = f"{crun.program} {os.stat(crun.program).st_mtime_ns}"

    def apply(self, document: dict[str, Any]) -> str:
        """Put the compiled filter into a config.json if there is one; gives the key to `remember` it by if not."""
        profile = document["linux"].get("seccomp")
        if profile is None:
            return ""
        key = hashlib.sha256(self._runtime.encode() + msgspec.json.encode(profile)).hexdigest()
        encoded = self._known.get(key) or self._load(key)
        if not encoded:
            return key
        document["annotations"][_ANNOTATION] = encoded
        return ""

    def remember(self, key: str, state: Path) -> None:
        """Take what crun compiled for a container that was just created."""
        try:
            compiled = (state / _FILE).read_bytes()
        except OSError:
            return  # a crun that keeps none: every creation compiles
        if not compiled or len(compiled) % _INSTRUCTION_BYTES or len(compiled) > _MOST_BYTES:
            return
        self._known[key] = base64.b64encode(compiled).decode()
        self._directory.mkdir(mode=0o700, exist_ok=True)
        partial = self._directory / f"{key}.partial"
        partial.write_text(self._known[key])
        os.replace(partial, self._directory / key)

    def _load(self, key: str) -> str:
        try:
            self._known[key] = (self._directory / key).read_text()
        except OSError:
            return ""
        return self._known[key]
