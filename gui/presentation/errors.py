"""An error in the words of its sheet: title, text, and which buttons mend it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import Code, WherryError
from gui.words import translate


@dataclass(frozen=True, slots=True)
class Remedy:
    """A button on an error: words, and what it asks the window for (see `gui/feedback/errors.py`)."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class ErrorWords:
    title: str
    text: str
    details: str
    remedies: tuple[Remedy, ...]
    subject: str = ""


def error_words(code: str, title: str, explanation: str, hint: str, details: str, subject: str) -> ErrorWords:
    """From the fields every error and every `Failure` has."""
    text = " ".join(_sentence(part) for part in (explanation, hint) if part.strip())
    return ErrorWords(title, text, details, _remedies(code), subject)


def _sentence(part: str) -> str:
    """What a server said often lacks the capital and the full stop that would set it off from our own words."""
    said = part.strip()
    if said.partition(" ")[0].isalpha():  # a host or a path begins as it is written
        said = said[:1].upper() + said[1:]
    return said + ("" if said[-1] in ".!?…:)" else ".")


def words_of(error: BaseException) -> ErrorWords:
    if isinstance(error, WherryError):
        return error_words(error.code, error.title, error.explanation, error.hint, error.details, error.subject)
    return ErrorWords(
        translate("Errors", "Something went wrong inside Wherry"),
        f"{type(error).__name__}: {error}",
        "",
        (Remedy("report", translate("Errors", "Show the report")),),
    )


def _remedies(code: str) -> tuple[Remedy, ...]:
    retry = Remedy("retry", translate("Errors", "Try again"))
    doctor = Remedy("doctor", translate("Errors", "Open the doctor"))
    table: dict[str, tuple[Remedy, ...]] = {
        Code.UNAUTHORIZED: (Remedy("login", translate("Errors", "Log in…")), retry),
        Code.FORBIDDEN: (Remedy("login", translate("Errors", "Log in…")), retry),
        Code.NO_PLATFORM: (Remedy("choose-platform", translate("Errors", "Choose a platform…")),),
        Code.STORE_LOCKED: (retry,),
        Code.DNS: (retry,),
        Code.CONNECT: (retry,),
        Code.TIMEOUT: (retry,),
        Code.RATE_LIMITED: (Remedy("login", translate("Errors", "Log in…")), retry),
        Code.TLS: (Remedy("registries", translate("Errors", "Registry settings…")), retry),
        Code.DISK_FULL: (Remedy("prune", translate("Errors", "Free space…")), retry),
        Code.PORT_IN_USE: (Remedy("edit-ports", translate("Errors", "Change the port…")), retry),
        Code.PORT_PRIVILEGED: (doctor,),
        Code.IN_USE: (Remedy("show-users", translate("Errors", "Show what uses it")),),
        Code.COMMAND_NOT_FOUND: (Remedy("edit", translate("Errors", "Change the command…")),),
        Code.COMMAND_NOT_EXECUTABLE: (Remedy("edit", translate("Errors", "Change the command…")),),
        Code.MOUNT_SOURCE_MISSING: (Remedy("edit", translate("Errors", "Change the mounts…")),),
        Code.HOST: (doctor,),
        Code.MOUNT_FAILED: (doctor,),
        Code.CORRUPT: (Remedy("check-store", translate("Errors", "Check the store")),),
        Code.INTERNAL: (Remedy("report", translate("Errors", "Show the report")),),
    }
    return table.get(code, ())
