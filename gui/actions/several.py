"""An act on several objects of which some failed: one error that names each of them and its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import WherryError
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class FailedOne:
    """One object that an act did not reach."""

    key: str
    name: str
    error: WherryError


class SeveralFailed(WherryError):
    """At least one of several; the others were done."""

    def __init__(self, failures: Sequence[FailedOne], tried: int) -> None:
        title = translate("Several", "{0} of {1} failed").format(len(failures), tried)
        super().__init__(title, code=failures[0].error.code, subject=failures[0].error.subject)
        self.failures = tuple(failures)
        self.tried = tried

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(one.key for one in self.failures)


def raise_failures(keys: Sequence[str], names: Sequence[str], results: Sequence[Any]) -> None:
    """What `gather` gave for these objects: the error of a single one as it is, of several in one."""
    failures: list[FailedOne] = []
    for key, name, result in zip(keys, names, results, strict=True):
        if isinstance(result, WherryError):
            failures.append(FailedOne(key, name, result))
        elif isinstance(result, BaseException):
            raise result
    if failures and len(keys) == 1:
        raise failures[0].error
    if failures:
        raise SeveralFailed(failures, len(keys))
