"""What a cluster says when it refuses, as errors of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import ClusterError, Code, Conflict, InvalidRequest, NotFound, WherryError

if TYPE_CHECKING:
    from collections.abc import Mapping


class TooOld(ClusterError):
    """410: what was asked for has been forgotten; list again."""

    def __init__(self, what: str) -> None:
        super().__init__("The cluster has forgotten that by now", code=Code.BAD_RESPONSE, subject=what)


def refusal(status: int, body: Mapping[str, Any], what: str) -> WherryError:
    """`body` is a Status object, or whatever came instead."""
    said = str(body.get("message") or "").strip() or f"the cluster answered {status}"
    causes = (body.get("details") or {}).get("causes") or () if isinstance(body.get("details"), dict) else ()
    details = "\n".join(f"{each.get('field', '')}: {each.get('message', '')}" for each in causes)
    if status == 401:
        return ClusterError(
            "The cluster does not know you, or no longer", said, code=Code.UNAUTHORIZED, subject=what,
            hint="Log in again with the tool the kubeconfig names.", details=details,
        )  # fmt: skip
    if status == 403:
        return ClusterError(f"You may not do that here: {what}", said, code=Code.FORBIDDEN, subject=what)
    if status == 404:
        return NotFound(f"{what} is not there", said, subject=what)
    if status == 409:
        return Conflict(f"{what}: {said}", details=details, code=Code.IN_USE, subject=what)
    if status in (400, 422) or "typed patch" in said:  # what apply calls a field that there is not
        return InvalidRequest(f"The cluster does not take {what}", said, details=details, subject=what)
    if status == 429:
        return ClusterError("The cluster asks for patience", said, code=Code.RATE_LIMITED, subject=what)
    return ClusterError(f"{what}: {said}", code=Code.BAD_RESPONSE, details=details, subject=what)
