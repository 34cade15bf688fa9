"""Bytes, rates, times and shares in words.

All bytes count in powers of two, and say so (KiB, MiB, GiB): memory as limits are given (256m is 256 MiB), and disks
and traffic beside it, so that two figures in one window can be compared. No other module writes a unit of bytes.

Sizes are humanize's, in figures of our own; its times are not used (DESIGN.md, section 7).
"""

from __future__ import annotations

from datetime import UTC, datetime

from humanize import naturalsize

from gui.words import decimal, translate

WIDEST = "99.9 MiB"
"""As wide as an amount on a disk gets, for columns."""


def bytes_text(count: float) -> str:
    """Three figures: "1.84 GiB", "23.1 MiB", "512 B"."""
    if abs(count) < 1024:
        return f"{count:.0f} B"
    number, _, unit = naturalsize(count, binary=True, format="%.3f").partition(" ")
    value = float(number)
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{decimal(value, digits)} {unit}"


def memory_text(count: float) -> str:
    """As limits are given, without figures that say nothing: "256 MiB"."""
    if abs(count) < 1024:
        return f"{count:.0f} B"
    text = naturalsize(count, binary=True, format="%.1f")
    number, _, unit = text.partition(" ")
    whole = number.endswith(".0") or len(number) > 4
    return _localized(f"{float(number):.0f} {unit}" if whole else text)


def _localized(text: str) -> str:
    return text.replace(".", translate("Numbers", "."))


def rate_text(count: float) -> str:
    return translate("Units", "{0}/s").format(bytes_text(count))


def percent_text(value: float) -> str:
    return f"{decimal(value, 1 if value < 9.95 else 0)} %"


def duration_text(seconds: float) -> str:
    """The two largest parts of a time span: "5 h 12 min", "3 d"."""
    seconds = max(0, int(seconds))
    if seconds < 60:
        return translate("Units", "{0} s").format(seconds)
    minutes = seconds // 60
    if minutes < 60:
        return translate("Units", "{0} min").format(minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        if minutes and hours < 10:
            return translate("Units", "{0} h {1} min").format(hours, minutes)
        return translate("Units", "{0} h").format(hours)
    days = hours // 24
    return translate("Units", "{0} d").format(days)


def ago_text(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in one figure: "just now", "3 min ago", "2 h ago", "12 d ago", "5 months ago"."""
    if moment is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 5:
        return translate("Units", "just now")
    if seconds >= 2 * 365 * 86400:
        return translate("Units", "%n years ago", None, int(seconds // (365 * 86400)))
    if seconds >= 60 * 86400:
        return translate("Units", "%n months ago", None, int(seconds // (30 * 86400)))
    if 3600 <= seconds < 86400:
        return translate("Units", "{0} ago").format(translate("Units", "{0} h").format(int(seconds // 3600)))
    return translate("Units", "{0} ago").format(duration_text(seconds))


def clock_text(moment: datetime | None) -> str:
    """The local date and time, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment is not None else ""


def milliseconds_text(value: float) -> str:
    if value >= 1000:
        return translate("Units", "{0} s").format(decimal(value / 1000, 2))
    return translate("Units", "{0} ms").format(decimal(value, 1 if value < 100 else 0))


def step_text(seconds: float) -> str:
    """How long a step took: short spans to the millisecond, long ones in minutes and seconds."""
    if seconds < 60:
        return milliseconds_text(seconds * 1000)
    minutes, rest = divmod(int(seconds), 60)
    return translate("Units", "{0} min {1} s").format(minutes, rest)


def short_id(identifier: str) -> str:
    """Twelve characters, as Docker shows ids."""
    return identifier.removeprefix("sha256:")[:12]
