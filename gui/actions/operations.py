"""Asking again for what failed or was cancelled, as far as the record tells what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.images import PullImage, PushImage
from engine.types.operations import OperationState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.types.builds import Build
    from engine.types.operations import Operation
    from gui.bridge import Engine, OperationHandle


def asked_again(operation: Operation, builds: Mapping[str, Build]) -> Callable[[Engine], OperationHandle] | None:
    """The same request anew; None where it runs, went well, or its record does not tell all of it."""
    if operation.state not in (OperationState.FAILED, OperationState.CANCELLED):
        return None
    subject, request = operation.subject, operation.request
    path, new_name = request.get("path", ""), request.get("new_name", "")
    build = builds.get(operation.id)
    match operation.kind:
        case "pull":
            pull = PullImage(reference=subject, platform=request.get("platform", ""))
            return lambda engine: engine.images.pull(pull)
        case "push":
            return lambda engine: engine.images.push(PushImage(reference=subject))
        case "build" if build is not None and (recipe := build.request) is not None:
            return lambda engine: engine.builds.build(recipe)
        case "save" if path:
            return lambda engine: engine.images.save_to(subject.split(", "), path)
        case "load" if path:
            return lambda engine: engine.images.load(path)
        case "backup" if path:
            return lambda engine: engine.volumes.backup(subject, path)
        case "restore" if path:
            return lambda engine: engine.volumes.restore(subject, path)
        case "clone" if new_name:
            return lambda engine: engine.volumes.clone(subject, new_name)
    return None
