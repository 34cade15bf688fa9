"""What a screen reader finds: the tree of accessible objects on a real accessibility bus (at-spi2-core), by D-Bus."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from jeepney import DBusAddress, MatchRule, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.support.display import serve_display
from tests.support.processes import running, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
_ACCESSIBLE = "org.a11y.atspi.Accessible"
_ROOT = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
_SHOWING, _FOCUSABLE, _CHECKED, _SELECTED, _FOCUSED = 25, 11, 4, 23, 12
_SESSION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""A session bus that starts no service by itself: whoever asked before our launcher had its name got a second one."""
_DEEPEST = 40
_MOST_CHILDREN = 300


class Seen(NamedTuple):
    """One object as a reader knows it."""

    role: str
    name: str
    description: str
    states: frozenset[int]
    trail: str

    @property
    def showing(self) -> bool:
        return _SHOWING in self.states

    @property
    def focusable(self) -> bool:
        return _FOCUSABLE in self.states

    @property
    def chosen(self) -> bool:
        return bool({_CHECKED, _SELECTED} & self.states)


class Reader:
    """Walks the tree of the one application on the bus."""

    def __init__(self, bus: DBusConnection) -> None:
        self._bus = bus

    def everything(self) -> list[Seen]:
        found: list[Seen] = []
        for bus, path in self._children(*_ROOT):
            self._walk(bus, path, "", 0, found)
        return found

    def _walk(self, bus: str, path: str, trail: str, depth: int, found: list[Seen]) -> None:
        seen = self._look(bus, path, trail)
        if seen is None or (depth > 1 and not seen.showing) or depth > _DEEPEST:
            return
        found.append(seen)
        if seen.role in ("table cell", "table column header"):
            return
        for child_bus, child in self._children(bus, path)[:_MOST_CHILDREN]:
            self._walk(child_bus, child, f"{trail} > {seen.role} {seen.name[:30]}", depth + 1, found)

    def _look(self, bus: str, path: str, trail: str) -> Seen | None:
        role = self._ask(bus, path, "GetRoleName")
        states = self._ask(bus, path, "GetState")
        if role is None or states is None:
            return None
        bits = states[0][0] | states[0][1] << 32
        on = frozenset(bit for bit in range(64) if bits >> bit & 1)
        return Seen(role[0], self._property(bus, path, "Name"), self._property(bus, path, "Description"), on, trail)

    def _children(self, bus: str, path: str) -> list[tuple[str, str]]:
        answer = self._ask(bus, path, "GetChildren")
        return list(answer[0]) if answer is not None and answer and isinstance(answer[0], list) else []

    def _ask(self, bus: str, path: str, method: str) -> Any:
        reply = self._bus.send_and_get_reply(new_method_call(DBusAddress(path, bus, _ACCESSIBLE), method), timeout=20)
        return reply.body if reply.header.message_type.name == "method_return" else None

    def _property(self, bus: str, path: str, name: str) -> str:
        reply = self._bus.send_and_get_reply(Properties(DBusAddress(path, bus, _ACCESSIBLE)).get(name), timeout=20)
        return str(reply.body[0][1]) if reply.header.message_type.name == "method_return" else ""

    def heard(self, event: str, act: Callable[[], None]) -> Any:
        """The first signal of a kind that follows an act.

        A program says nothing while nobody listens, and hears of its first listener by a signal: an act that came
        before it did is done again.
        """
        rule = MatchRule(type="signal", interface="org.a11y.atspi.Event.Object", member=event)
        self._bus.send_and_get_reply(message_bus.AddMatch(rule))
        register = DBusAddress("/org/a11y/atspi/registry", "org.a11y.atspi.Registry", "org.a11y.atspi.Registry")
        self._bus.send_and_get_reply(new_method_call(register, "RegisterEvent", "s", (f"object:{event.lower()}",)))
        with self._bus.filter(rule) as queue:
            for _attempt in range(5):
                act()
                with suppress(TimeoutError):
                    return self._bus.recv_until_filtered(queue, timeout=4).body
        raise AssertionError(f"no {event} was told")


class Window:
    """The window's process; `do` waits until it is done."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, *order: Any) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer == "ok\n", answer


@contextmanager
def read_window(place: Path) -> Iterator[tuple[Window, Reader]]:
    """A window on an X server and a session with an accessibility bus, and a reader of it."""
    address = f"unix:path={place / 'session'}"
    (place / "session.conf").write_text(_SESSION.format(address=address))
    daemon = ["dbus-daemon", f"--config-file={place / 'session.conf'}", "--nofork"]
    with serve_display(place) as display, running(daemon, log=place / "session.log"):
        wait_until((place / "session").exists, "a session bus")
        session = {
            **os.environ, "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": str(place),
            "QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        }  # fmt: skip
        with running([_LAUNCHER, "--launch-immediately"], log=place / "a11y.log", env=session):
            with open_dbus_connection(_accessibility_bus(address)) as bus, _window(session, place) as window:
                yield window, Reader(bus)


def _accessibility_bus(session: str) -> str:
    with open_dbus_connection(session) as bus:
        place = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
        found: list[str] = []

        def told() -> bool:
            reply = bus.send_and_get_reply(new_method_call(place, "GetAddress"), timeout=20)
            found.append(str(reply.body[0]))
            return bool(reply.header.message_type.name == "method_return")

        wait_until(told, "an accessibility bus")
        return found[-1]


@contextmanager
def _window(environment: dict[str, str], place: Path) -> Iterator[Window]:
    with (place / "window.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.spoken_window"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        window = Window(process)
        window.do("navigate", "containers")
        yield window
    finally:
        assert process.stdin is not None
        process.stdin.close()
        status = process.wait(30)
        assert process.stdout is not None
        process.stdout.close()
        assert status == 0, (place / "window.log").read_text()
