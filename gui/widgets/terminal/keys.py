"""What a key, a paste or the mouse sends to the program in the terminal."""

from __future__ import annotations

from PySide6.QtCore import Qt

KILL_LINE = b"\x0b"
"""What Ctrl+K says to a shell; at its prompt that key opens the palette."""
_KEYS = Qt.Key
_CURSOR = {_KEYS.Key_Up: "A", _KEYS.Key_Down: "B", _KEYS.Key_Right: "C", _KEYS.Key_Left: "D", _KEYS.Key_Home: "H",
           _KEYS.Key_End: "F"}  # fmt: skip
_TILDE = {_KEYS.Key_Insert: 2, _KEYS.Key_Delete: 3, _KEYS.Key_PageUp: 5, _KEYS.Key_PageDown: 6, _KEYS.Key_F5: 15,
          _KEYS.Key_F6: 17, _KEYS.Key_F7: 18, _KEYS.Key_F8: 19, _KEYS.Key_F9: 20, _KEYS.Key_F10: 21,
          _KEYS.Key_F11: 23, _KEYS.Key_F12: 24}  # fmt: skip
_FUNCTION = {_KEYS.Key_F1: "P", _KEYS.Key_F2: "Q", _KEYS.Key_F3: "R", _KEYS.Key_F4: "S"}
_PLAIN = {_KEYS.Key_Return: "\r", _KEYS.Key_Enter: "\r", _KEYS.Key_Escape: "\x1b", _KEYS.Key_Tab: "\t",
          _KEYS.Key_Backtab: "\x1b[Z", _KEYS.Key_Backspace: "\x7f"}  # fmt: skip
_CONTROL = {_KEYS.Key_Space: 0, _KEYS.Key_At: 0, _KEYS.Key_BracketLeft: 27, _KEYS.Key_Backslash: 28,
            _KEYS.Key_BracketRight: 29, _KEYS.Key_AsciiCircum: 30, _KEYS.Key_Underscore: 31,
            _KEYS.Key_Slash: 31}  # fmt: skip


def encode_key(key: int, modifiers: Qt.KeyboardModifier, text: str, *, application_cursor: bool = False) -> bytes:
    """The bytes a key stands for; empty for keys that stand for nothing."""
    shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
    control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    level = 1 + shift + 2 * alt + 4 * control
    name = _KEYS(key) if key in _KEYS._value2member_map_ else None
    if name in _CURSOR:
        if level > 1:
            return f"\x1b[1;{level}{_CURSOR[name]}".encode()
        return f"\x1b{'O' if application_cursor else '['}{_CURSOR[name]}".encode()
    if name in _FUNCTION:
        return (f"\x1b[1;{level}{_FUNCTION[name]}" if level > 1 else f"\x1bO{_FUNCTION[name]}").encode()
    if name in _TILDE:
        return f"\x1b[{_TILDE[name]}{f';{level}' if level > 1 else ''}~".encode()
    return _text_key(name, text, alt=alt, control=control)


def _text_key(name: Qt.Key | None, text: str, *, alt: bool, control: bool) -> bytes:
    prefix = b"\x1b" if alt else b""
    if name in _PLAIN:
        plain = "\x08" if control and name is _KEYS.Key_Backspace else _PLAIN[name]
        return prefix + plain.encode()
    if control and name is not None:
        if _KEYS.Key_A <= name <= _KEYS.Key_Z:
            return prefix + bytes([name - _KEYS.Key_A + 1])
        if name in _CONTROL:
            return prefix + bytes([_CONTROL[name]])
    return prefix + text.encode("utf-8", "ignore") if text else b""


def belongs_to_window(key: int, modifiers: Qt.KeyboardModifier, *, full_screen: bool) -> bool:
    """Keys a terminal has no use for, so that nobody is caught in it by keyboard.

    A shell's prompt can do without Ctrl+K, Alt+Left and F1; a program that has the whole screen gets them.
    """
    control, shift, alt = (
        Qt.KeyboardModifier.ControlModifier,
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.AltModifier,
    )
    held = modifiers & (control | shift | alt)
    if held & (control | shift) == control | shift:
        return True
    if held == control and (_KEYS.Key_0 <= key <= _KEYS.Key_9 or key in (_KEYS.Key_Tab, _KEYS.Key_Question)):
        return True
    at_prompt = ((_KEYS.Key_K, control), (_KEYS.Key_Left, alt), (_KEYS.Key_F1, Qt.KeyboardModifier.NoModifier))
    return not full_screen and (key, held) in at_prompt


def encode_paste(text: str, *, bracketed: bool) -> bytes:
    """A paste. Control characters that could end the bracket or run something are taken out of a bracketed one."""
    text = text.replace("\r\n", "\r").replace("\n", "\r")
    if bracketed:
        clean = "".join(char for char in text if char >= " " or char in "\r\t")
        return b"\x1b[200~" + clean.encode("utf-8", "ignore") + b"\x1b[201~"
    return text.replace("\x1b", "").encode("utf-8", "ignore")


def encode_mouse(
    button: int, column: int, row: int, modifiers: Qt.KeyboardModifier, *, sgr: bool, release: bool, motion: bool
) -> bytes:
    """A mouse event at a cell counted from 0; button 0–2, 64 and 65 for the wheel, 3 for none."""
    code = button + (32 if motion else 0)
    code += 4 if modifiers & Qt.KeyboardModifier.ShiftModifier else 0
    code += 8 if modifiers & Qt.KeyboardModifier.AltModifier else 0
    code += 16 if modifiers & Qt.KeyboardModifier.ControlModifier else 0
    if sgr:
        return f"\x1b[<{code};{column + 1};{row + 1}{'m' if release else 'M'}".encode()
    if column > 222 or row > 222:
        return b""  # the old form has no bytes for such places
    if release:
        code = (code & ~3) | 3
    return b"\x1b[M" + bytes([32 + code, 33 + column, 33 + row])
