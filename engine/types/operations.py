"""Anything that takes time: one record with a title in three tenses, a state, progress, and an end."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from engine.types.data import Data
from engine.types.images import LayerProgress


class OperationState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Failure(Data, frozen=True, kw_only=True):
    """A WherryError as data, so that it can cross threads, sockets and the history table."""

    code: str
    title: str
    explanation: str = ""
    hint: str = ""
    details: str = ""
    subject: str = ""


StepState = Literal["", "waiting", "running", "done", "failed", "skipped"]


class StepProgress(Data, frozen=True, kw_only=True):
    """One step of an operation that has many, as they stand beside each other."""

    id: str
    action: str
    subject: str
    state: StepState = ""
    note: str = ""


class Operation(Data, frozen=True, kw_only=True):
    """A pull, push, build, prune, save, load, backup … as it stands."""

    id: str
    kind: str
    """"pull", "push", "build", "load", "save", "import", "prune", "commit", "backup", "restore", "clone", …"""
    title: str
    subject: str
    state: OperationState
    started: datetime
    ended: datetime | None = None
    done: int = 0
    total: int = 0
    """0 where the end is not known."""
    status: str = ""
    layers: tuple[LayerProgress, ...] = ()
    steps: tuple[StepProgress, ...] = ()
    failure: Failure | None = None
    cancellable: bool = True
    request: dict[str, str] = {}
    """What it takes beside kind and subject to ask for the same again: a path, a platform, a new name."""
    result: str = ""
    """Id of what came of it: an image id, a container id, a path."""
