"""Exit codes and signals in words. Pure."""

from __future__ import annotations

import signal as signals

_CODES = {
    0: "It ended by itself and reports success.",
    1: "The program reports a general error. What it printed last usually says which.",
    2: "The program reports wrong usage: an option or an argument it does not know, or a shell script with a mistake.",
    64: "The program reports that its command line was wrong.",
    65: "The program reports that its input was wrong.",
    69: "The program reports that something it needs is not available.",
    70: "The program reports an internal error of its own.",
    73: "The program reports that it could not create a file.",
    74: "The program reports a read or write error.",
    75: "The program reports a failure that may pass; it asks to be tried again.",
    77: "The program reports that it lacks a permission.",
    78: "The program reports a mistake in its configuration.",
    125: "The container itself could not be set up; its command never ran.",
    126: "The command was found but could not be executed.",
    127: "The command was not found in the image.",
    255: "The program reports an error outside its numbers (often −1).",
}

_SIGNALS = {
    "SIGHUP": "It was told that its terminal is gone (SIGHUP).",
    "SIGINT": "It was interrupted, as by Ctrl+C (SIGINT).",
    "SIGQUIT": "It was told to quit and leave a core dump (SIGQUIT).",
    "SIGILL": "It ran into an instruction this processor does not have (SIGILL): perhaps it was built for another one.",
    "SIGTRAP": "It hit a debugger's trap (SIGTRAP).",
    "SIGABRT": "It gave up by itself after finding something impossible (SIGABRT).",
    "SIGBUS": "It touched memory that could not be provided (SIGBUS): a truncated file, or /dev/shm that is full.",
    "SIGFPE": "It divided by zero or did other impossible arithmetic (SIGFPE).",
    "SIGKILL": "It was killed at once, without a chance to clean up (SIGKILL).",
    "SIGSEGV": "It touched memory that is not its own, a bug in the program (SIGSEGV).",
    "SIGPIPE": "It wrote to something nobody reads any more (SIGPIPE).",
    "SIGALRM": "A timer it had set ran out (SIGALRM).",
    "SIGTERM": "It was asked to end (SIGTERM).",
    "SIGXCPU": "It used more CPU time than its limit allows (SIGXCPU).",
    "SIGXFSZ": "It wrote a file larger than its limit allows (SIGXFSZ).",
    "SIGSYS": "It made a system call that its sandbox forbids (SIGSYS).",
}


def signal_of(code: int, signal: int = 0) -> int:
    """The signal behind an end, 0 for none: shells and runtimes report 128 + N."""
    if signal:
        return signal
    return code - 128 if 128 < code < 128 + signals.NSIG else 0


def signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"


def meaning_of(code: int, signal: int = 0) -> str:
    """One sentence about an exit code or a signal."""
    number = signal_of(code, signal)
    if number:
        name = signal_name(number)
        return _SIGNALS.get(name, f"It was ended by {name}.")
    return _CODES.get(code, f"The program ended with code {code}, whose meaning is its own.")
