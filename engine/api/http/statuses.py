"""Which HTTP status and which words an engine error becomes. Every `Code` is in the table; a test proves it."""

from __future__ import annotations

from engine.errors import Code, WherryError

STATUS: dict[Code, int] = {
    Code.INVALID: 400,
    Code.INVALID_REFERENCE: 400,
    Code.INVALID_DOCKERFILE: 400,
    Code.NOT_FOUND: 404,
    Code.AMBIGUOUS: 400,  # Docker says so for a prefix of several ids
    Code.NAME_TAKEN: 409,
    Code.IN_USE: 409,
    Code.WRONG_STATE: 409,
    Code.STORE_LOCKED: 409,
    Code.UNSUPPORTED: 501,
    Code.CANCELLED: 499,
    # The registry's fault is a fault of our server in Docker's eyes, but for what it says of rights and names.
    Code.DNS: 500,
    Code.CONNECT: 500,
    Code.TLS: 500,
    Code.TIMEOUT: 504,
    Code.UNAUTHORIZED: 401,
    Code.WRONG_LOGIN: 401,
    Code.FORBIDDEN: 403,
    Code.RATE_LIMITED: 429,
    Code.NO_PLATFORM: 404,
    Code.BAD_RESPONSE: 500,
    Code.DIGEST_MISMATCH: 500,
    Code.DISK_FULL: 507,
    Code.DISK_READ_ONLY: 507,
    Code.CORRUPT: 500,
    Code.BAD_ARCHIVE: 400,
    Code.MOUNT_FAILED: 500,
    # Docker's command line turns a 400 of `start` with these words into exit codes 127 and 126.
    Code.COMMAND_NOT_FOUND: 400,
    Code.COMMAND_NOT_EXECUTABLE: 400,
    Code.BAD_USER: 400,
    Code.PORT_IN_USE: 500,
    Code.PORT_PRIVILEGED: 500,
    Code.MOUNT_SOURCE_MISSING: 400,
    Code.BUILD_STEP_FAILED: 500,
    Code.RUNTIME: 500,
    Code.HOST: 500,
    Code.INTERNAL: 500,
}

_PHRASES = {
    # The command line looks for these very words to choose its exit code.
    Code.COMMAND_NOT_FOUND: "executable file not found in $PATH",
    Code.COMMAND_NOT_EXECUTABLE: "permission denied",
}


class Refusal(Exception):
    """A request that ends before the engine is asked: a status and words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def unsupported(what: str, why: str) -> Refusal:
    """A field that changes the meaning of a request and that we cannot honour."""
    return Refusal(501, f"{what} is not supported by Wherry: {why}")


def status_of(error: WherryError) -> int:
    return STATUS.get(error.code, 500)


def advice_of(error: WherryError) -> str:
    """What people are told beyond the message, where that had to be Docker's."""
    if not error.docker:
        return ""
    story = str(error)
    return "" if story.rstrip(".") == error.docker.rstrip(".") else story


def message_of(error: WherryError) -> str:
    """Docker's words where it has some, else the whole story in one line with the words in it that clients look for."""
    if error.docker:
        return error.docker
    message = str(error) if error.explanation or error.hint else error.title
    phrase = _PHRASES.get(error.code)
    if phrase and phrase not in message:
        return f"{phrase}: {message}"
    return message
