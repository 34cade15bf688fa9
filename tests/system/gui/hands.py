"""Hands on a window in a process of its own: the X server's own pointer and keys, and eyes to see what came of it."""

from __future__ import annotations

import json
import select
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen

_SECONDS = 40.0
_PAUSE = 0.05
_MOST_TABS = 30


class Hands:
    """`see` asks the window's process; everything else goes through the X server, as from a desk."""

    def __init__(self, window: Popen[bytes], display: str) -> None:
        self._window, self._display = window, display
        self.pressed_keys = self.clicked = 0

    # --- eyes ---

    def see(self, expression: str) -> Any:
        assert self._window.stdin is not None
        assert self._window.stdout is not None
        self._window.stdin.write(expression.encode() + b"\n")
        self._window.stdin.flush()
        ready, _, _ = select.select([self._window.stdout], [], [], _SECONDS)
        assert ready, f"the window did not answer {expression}"
        answer = json.loads(self._window.stdout.readline())
        assert "error" not in answer, f"{expression}: {answer['error']}"
        return answer["seen"]

    def until(self, expression: str) -> Any:
        """Wait until something is seen; gives it."""
        deadline = time.monotonic() + _SECONDS
        while not (seen := self.see(expression)):
            assert time.monotonic() < deadline, f"never seen: {expression}\n{self.scene()}"
            time.sleep(_PAUSE)
        return seen

    def scene(self) -> str:
        parts = ("w.current_page_id", "containers()", "dialogs()", "toasts()", "focus()")
        return "\n".join(f"{part}: {self.see(part)}" for part in parts)

    # --- pointer ---

    def click(self, expression: str, *, button: int = 1, times: int = 1, holding: str = "") -> None:
        """Press where an expression says."""
        x, y = self._standing(expression)
        self.clicked += 1
        keys = (["keydown", holding], ["keyup", holding]) if holding else ([], [])
        repeat = ["--repeat", str(times), "--delay", "60"] if times > 1 else []
        self._do(*keys[0], "mousemove", str(x), str(y), "click", *repeat, str(button), *keys[1])

    def press(self, words: str, kind: str = "") -> None:
        """Click a button, a field or a tile by its words."""
        self.click(f"widget({words!r}, {kind!r})")

    def drag(self, expression: str, down: int) -> None:
        """Take what is there and drop it so many points further down."""
        x, y = self._standing(expression)
        self.clicked += 1
        self._do("mousemove", str(x), str(y), "mousedown", "1")
        for part in (down // 2, down):
            self._do("mousemove", str(x), str(y + part))
        self._do("mouseup", "1")

    def fill(self, words: str, text: str) -> None:
        """Choose all of a field by three clicks and write over it: letters, but no key that does anything."""
        self.click(f"widget({words!r})", times=3)
        self.write(text)

    def write(self, text: str) -> None:
        """A text where the cursor stands, which also who works by mouse has to type."""
        self._do("type", "--clearmodifiers", "--delay", "15", text)

    def hover(self, expression: str) -> None:
        x, y = self._standing(expression)
        self._do("mousemove", str(x), str(y))

    def _standing(self, expression: str) -> tuple[int, int]:
        """Where it is once it moves no more: a list that has just been filled is laid out once again."""
        last = self.until(expression)
        while (now := self.until(expression)) != last:
            last = now
        return last[0], last[1]

    # --- keys ---

    def keys(self, *names: str) -> None:
        """Press keys one after another: "ctrl+n", "Return"."""
        self.pressed_keys += len(names)
        self._do("key", "--clearmodifiers", "--delay", "40", *names)

    def type(self, text: str) -> None:
        self.pressed_keys += len(text)
        self.write(text)

    def tab_to(self, focus: str) -> None:
        """Tab until the focus is on something, by the beginning of its kind and name."""
        for _ in range(_MOST_TABS):
            if self.see(f"focus().startswith({focus!r})"):
                return
            self.keys("Tab")
        raise AssertionError(f"the focus never came to {focus}\n{self.scene()}")

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env={"DISPLAY": self._display, "PATH": "/usr/bin:/bin"}, check=True)
