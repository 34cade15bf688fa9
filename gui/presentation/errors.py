"""An error in the words of its sheet: title, text, and which buttons mend it.

The engine tells what happened in English and exactly. A window in another language says in its own words what kind of
trouble it is and what helps; the engine's sentences stand between, for they name what it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Code, WherryError
from gui.words import marked, translate

if TYPE_CHECKING:
    from engine.types.operations import Failure


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
    parts: tuple[str, ...] = (explanation, hint)
    if own := _own_words(code):
        parts = (title, explanation, own[1])
        title = own[0]
    text = " ".join(_sentence(part) for part in parts if part.strip())
    return ErrorWords(title, text, details, _remedies(code), subject)


def _own_words(code: str) -> tuple[str, str] | None:
    """Title and advice in the window's language; None where that is the engine's, which says it better."""
    title, advice = _WORDS.get(code, ("", ""))
    translated = translate("Errors", title) if title else ""
    if translated == title:
        return None
    return translated, translate("Errors", advice) if advice else ""


def _sentence(part: str) -> str:
    """What a server said often lacks the capital and the full stop that would set it off from our own words."""
    said = part.strip()
    if said.partition(" ")[0].isalpha():  # a host or a path begins as it is written
        said = said[:1].upper() + said[1:]
    return said + ("" if said[-1] in ".!?…:)" else ".")


def words_of_failure(failure: Failure) -> ErrorWords:
    """Of an operation that failed, and of what its record tells of that later."""
    f = failure
    return error_words(f.code, f.title, f.explanation, f.hint, f.details, f.subject)


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
        Code.WRONG_LOGIN: (Remedy("login", translate("Errors", "Log in…")), retry),
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


_WORDS: dict[str, tuple[str, str]] = {
    Code.INVALID: (marked("Errors", "This cannot be done like that"), ""),
    Code.INVALID_REFERENCE: (
        marked("Errors", "This is no name of an image"),
        marked("Errors", "A name looks like team/app:1.0."),
    ),
    Code.INVALID_DOCKERFILE: (marked("Errors", "There is a mistake in the Dockerfile"), ""),
    Code.NOT_FOUND: (marked("Errors", "Not found"), marked("Errors", "Perhaps it has been removed or is misspelt.")),
    Code.AMBIGUOUS: (marked("Errors", "That could be several"), marked("Errors", "Give more of the name or the id.")),
    Code.NAME_TAKEN: (marked("Errors", "The name is taken"), marked("Errors", "Choose another one.")),
    Code.IN_USE: (marked("Errors", "It is still in use"), marked("Errors", "What uses it has to go first.")),
    Code.WRONG_STATE: (marked("Errors", "Not possible in this state"), ""),
    Code.STORE_LOCKED: (
        marked("Errors", "The store is in use"),
        marked("Errors", "Another Wherry has it open. End that one, or use it."),
    ),
    Code.UNSUPPORTED: (marked("Errors", "This is not possible here"), ""),
    Code.DNS: (
        marked("Errors", "The registry was not found"),
        marked("Errors", "Check its name and the network connection."),
    ),
    Code.CONNECT: (
        marked("Errors", "The registry cannot be reached"),
        marked("Errors", "Check the network connection, the name and the port."),
    ),
    Code.TLS: (
        marked("Errors", "The connection is not trusted"),
        marked("Errors", "Name the registry's certificate in its settings, or allow plain HTTP there."),
    ),
    Code.TIMEOUT: (marked("Errors", "It took too long"), marked("Errors", "Try again later.")),
    Code.UNAUTHORIZED: (marked("Errors", "The registry wants a login"), marked("Errors", "Log in and try again.")),
    Code.WRONG_LOGIN: (
        marked("Errors", "The user name or the password is wrong"),
        marked("Errors", "Check both. Where a second factor is asked for, an access token is the password."),
    ),
    Code.FORBIDDEN: (
        marked("Errors", "The registry does not allow this"),
        marked("Errors", "The login may lack the right, or the name may be wrong."),
    ),
    Code.RATE_LIMITED: (
        marked("Errors", "The registry allows no more for now"),
        marked("Errors", "Wait a while; with a login it usually allows more."),
    ),
    Code.NO_PLATFORM: (
        marked("Errors", "The image does not exist for this computer"),
        marked("Errors", "Choose another platform or another tag."),
    ),
    Code.BAD_RESPONSE: (marked("Errors", "The registry answered what makes no sense"), ""),
    Code.DIGEST_MISMATCH: (
        marked("Errors", "What arrived is not what was promised"),
        marked("Errors", "It was thrown away. Try again."),
    ),
    Code.DISK_FULL: (marked("Errors", "The disk is full"), marked("Errors", "Free some space and try again.")),
    Code.DISK_READ_ONLY: (
        marked("Errors", "The disk is read-only"),
        marked("Errors", "The system’s log says why it takes nothing any more; mend it, and mount it anew."),
    ),
    Code.CORRUPT: (marked("Errors", "Something in the store is damaged"), marked("Errors", "Check the store.")),
    Code.BAD_ARCHIVE: (marked("Errors", "The archive cannot be read"), ""),
    Code.MOUNT_FAILED: (
        marked("Errors", "A mount failed"),
        marked("Errors", "The doctor tells what this computer allows."),
    ),
    Code.COMMAND_NOT_FOUND: (
        marked("Errors", "The command does not exist in the image"),
        marked("Errors", "Change the command, or take another image."),
    ),
    Code.COMMAND_NOT_EXECUTABLE: (marked("Errors", "The command cannot be run"), ""),
    Code.BAD_USER: (marked("Errors", "The user does not exist in the image"), ""),
    Code.PORT_IN_USE: (
        marked("Errors", "The port is taken"),
        marked("Errors", "Choose another one, or end what has it."),
    ),
    Code.PORT_PRIVILEGED: (
        marked("Errors", "The port is reserved for the system"),
        marked("Errors", "Choose one from 1024 on; the doctor tells how lower ones are allowed."),
    ),
    Code.MOUNT_SOURCE_MISSING: (
        marked("Errors", "What is to be mounted does not exist"),
        marked("Errors", "Make it, or change the mounts."),
    ),
    Code.BUILD_STEP_FAILED: (marked("Errors", "A step of the build failed"), ""),
    Code.RUNTIME: (marked("Errors", "The container could not be started"), ""),
    Code.HOST: (
        marked("Errors", "Something is missing on this computer"),
        marked("Errors", "The doctor tells what, and how to mend it."),
    ),
}
"""Kind of trouble and what helps, where the window does not speak the engine's language."""
