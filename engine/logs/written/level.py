"""Which level a line has, guessed from its words. Standard library only: the search worker imports it.

Structured lines (JSON, logfmt) say it in a field. Other lines say it among their first words: written in capitals or
set apart by punctuation; a plain small "error" in a sentence says nothing, "0 errors" less.
"""

from __future__ import annotations

import re

_NAMES = {
    "trace": ("trace", "trc", "verbose", "finest", "silly"),
    "debug": ("debug", "dbg", "debu", "fine", "finer"),
    "info": ("info", "inf", "information", "notice", "log", "informational"),
    "warning": ("warn", "warning", "wrn"),
    "error": ("error", "err", "eror", "erro", "severe"),
    "fatal": ("fatal", "ftl", "critical", "crit", "alert", "emerg", "emergency", "panic", "fata"),
}
_BY_NAME = {name: level for level, names in _NAMES.items() for name in names}
_CAPITALS_TOO_COMMON = {"LOG", "FINE", "ALERT"}
_NUMBERS = {10: "trace", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "fatal"}
"""As bunyan and pino number them."""
_SYSLOG = ("fatal", "fatal", "fatal", "error", "warning", "info", "info", "debug")
_LOOK = 160
_FIELD_LOOK = 4096


def _decorated() -> dict[str, str]:
    words: dict[str, str] = {}
    for name, level in _BY_NAME.items():
        capitals = name.upper()
        spellings = [name, capitals, name.capitalize()]
        for word in spellings:
            for left, right in (("[", "]"), ("[", "]:"), ("(", ")"), ("<", ">"), ("|", "|"), ("{", "}"), ("[", ""),
                                ("", ":"), ("", "]"), ("", "|")):  # fmt: skip
                words[left + word + right] = level
        if capitals not in _CAPITALS_TOO_COMMON:
            for ending in ("", ",", ";", " -"):
                words[capitals + ending] = level
    return words


_WORDS = _decorated()
_JSON = re.compile(
    r'"(?:level|severity|lvl|log\.level|levelname|loglevel|log_level|@level|level_name|severity_text|SeverityText)"'
    r'\s?:\s?(?:"([A-Za-z]+)[^"]{0,20}"|(\d{1,2})\b)'
)
_LOGFMT = re.compile(r'(?:^|[\s"])(?:level|lvl|severity|loglevel)=["\[]?([A-Za-z]+)')
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d")
_KLOG_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}
_SYSLOG_HEAD = re.compile(r"<(\d{1,3})>")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def traces(levels: frozenset[str]) -> tuple[bytes, ...]:
    """What a line of one of these levels must have in it, in small letters: at least one of them.

    Given for a whole physical line, whose head ends in " f " or " p ".
    """
    found = {name.encode() for name, level in _BY_NAME.items() if level in levels}
    found |= {b" f <", b" p <"}
    found |= {f" f {letter.lower()}".encode() for letter, level in _KLOG_LEVELS.items() if level in levels}
    for number, level in _NUMBERS.items():
        if level in levels:
            found |= {b'"%s:%s%d' % (left, right, number // 10) for left in (b"", b" ") for right in (b"", b" ")}
    return tuple(trace for trace in found if not any(other in trace for other in found if other != trace))


def guess_level(text: str) -> str:
    """ "" where nothing says."""
    if "\x1b" in text[:_LOOK]:
        text = _ANSI.sub("", text[: 2 * _LOOK])
    if text[:1] == "{":
        return _structured(text)
    words = _WORDS
    tokens = text[:_LOOK].split(None, 8)[:8]
    for token in tokens:
        level = words.get(token)
        if level is not None:
            return level
    if "=" in text:
        found = _LOGFMT.search(text, 0, _FIELD_LOOK)
        if found is not None:
            return _BY_NAME.get(found[1].lower(), "")
    return _headed(text, tokens[0]) if tokens else ""


def _structured(text: str) -> str:
    found = _JSON.search(text, 0, _FIELD_LOOK)
    if found is None:
        return ""
    if found[1]:
        return _BY_NAME.get(found[1].lower(), "")
    return _NUMBERS.get(int(found[2]) // 10 * 10, "")


def _headed(text: str, token: str) -> str:
    """Levels that sit in the very first word: `E1121 10:00:00`, `<3>…`, `ERROR:root:…`, `error - …`."""
    if text[:1] in "IWEF":
        found = _KLOG.match(text)
        if found is not None:
            return _KLOG_LEVELS[found[1]]
    if text[:1] == "<":
        found = _SYSLOG_HEAD.match(text)
        if found is not None:
            return _SYSLOG[int(found[1]) & 7]
    name, colon, _ = token.partition(":")
    if colon:
        return _BY_NAME.get(name.lower(), "")
    return _BY_NAME.get(token, "") if text[len(token) :].startswith(" - ") else ""
