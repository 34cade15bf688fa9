"""A window in a session without a message bus has none: libdbus would start one that stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from gui.interpreter import start_no_bus

if TYPE_CHECKING:
    from pathlib import Path


def test_no_bus_is_started_where_there_is_none(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    start_no_bus(environment)
    assert environment["DBUS_SESSION_BUS_ADDRESS"] == "disabled:"


def test_one_that_is_there_is_used(tmp_path: Path) -> None:
    (tmp_path / "bus").touch()
    found = {"XDG_RUNTIME_DIR": str(tmp_path)}
    start_no_bus(found)
    assert "DBUS_SESSION_BUS_ADDRESS" not in found
    named = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/somewhere"}
    start_no_bus(named)
    assert named["DBUS_SESSION_BUS_ADDRESS"] == "unix:path=/somewhere"


_ASK = """
from PySide6.QtDBus import QDBusConnection
bus = QDBusConnection.sessionBus()
assert not bus.isConnected()
print(bus.lastError().message())
"""
_PREPARED = "from gui.interpreter import prepare_for_start; prepare_for_start()"


def test_libdbus_starts_none_for_a_prepared_window(tmp_path: Path) -> None:
    """What it would start stands in its way, and says whether it was called."""
    called, launcher = tmp_path / "called", tmp_path / "dbus-launch"
    launcher.write_text(f"#!/bin/sh\ntouch '{called}'\n")
    launcher.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":77", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", f"{_PREPARED}\n{_ASK}"], env=environment, check=True, timeout=60, capture_output=True
    )
    assert not called.exists()
    assert b"Unknown address type" in done.stdout, "it has asked no launcher, for it has an address: of nothing"
