"""Values, errors and frames as bytes, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec

from engine import errors
from engine.errors import Code, InvalidRequest, WherryError
from engine.types.events import Change, EngineSnapshot, Event, Kind, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.spoken.signatures import Method

MEDIA_TYPE = "application/vnd.wherry.facade"
VALUE, FAILURE, END, BEAT = b"v", b"e", b"z", b"h"
_HEAD = 5
LARGEST_FRAME = 256 << 20
LARGEST_REQUEST = 64 << 20
_SNAPSHOTS: dict[Kind, Any] = {kind: get_args(get_type_hints(EngineSnapshot)[f"{kind}s"])[0] for kind in get_args(Kind)}


def _plain(value: Any) -> Any:
    """Ranges and arrays of numbers are kept packed in the engine."""
    return list(value)


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)


def pack(value: Any) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # Names of files that are no UTF-8 travel as what can be shown of them.
        return _encoder.encode(_shown(msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=_plain)))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_shown(key): _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, (list, tuple)) else value


def unpack(data: bytes, shape: Any) -> Any:
    """Raises InvalidRequest where the bytes are no such value."""
    try:
        return msgspec.msgpack.decode(data, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidRequest("What the other machine said cannot be read", str(error)) from None


# --- arguments ---


def pack_arguments(given: Mapping[str, Any]) -> bytes:
    data = pack(dict(given))
    return len(data).to_bytes(4, "big") + data


def unpack_arguments(method: Method, data: bytes) -> dict[str, Any]:
    given = unpack(data, dict[str, msgspec.Raw])
    unknown = given.keys() - method.parameters.keys()
    if unknown:
        raise InvalidRequest(f"{method.name} takes no “{sorted(unknown)[0][:80]}”")
    return {name: unpack(bytes(raw), method.parameters[name]) for name, raw in given.items()}


# --- frames ---


def frame(kind: bytes, data: bytes = b"") -> bytes:
    return kind + len(data).to_bytes(4, "big") + data


class Unframer:
    """Fed with pieces as they come, gives whole frames."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        self._kept += data
        at = 0
        while len(self._kept) - at >= _HEAD:
            size = int.from_bytes(self._kept[at + 1 : at + _HEAD], "big")
            if size > LARGEST_FRAME:
                raise InvalidRequest("What the other machine said cannot be read", "One piece of it is too large.")
            if len(self._kept) - at - _HEAD < size:
                break
            yield bytes(self._kept[at : at + 1]), bytes(self._kept[at + _HEAD : at + _HEAD + size])
            at += _HEAD + size
        del self._kept[:at]


# --- errors ---


class _Told(msgspec.Struct):
    family: str
    code: str
    title: str
    explanation: str = ""
    hint: str = ""
    details: str = ""
    subject: str = ""
    docker: str = ""
    exit_code: int = 125


def pack_error(error: WherryError) -> bytes:
    """Rooms have kinds of their own; told is the nearest one that everybody knows."""
    family = next(each.__name__ for each in type(error).__mro__ if each.__module__ == errors.__name__)
    return pack(
        _Told(
            family, error.code.value, error.title, error.explanation, error.hint, error.details,
            error.subject, error.docker, getattr(error, "exit_code", 125),
        )
    )  # fmt: skip


def unpack_error(data: bytes) -> WherryError:
    told = unpack(data, _Told)
    found = getattr(errors, told.family, None)
    family = found if isinstance(found, type) and issubclass(found, WherryError) else WherryError
    if family is errors.Cancelled:
        return errors.Cancelled(told.title)
    code = Code(told.code) if told.code in set(Code) else Code.INTERNAL
    words = {"hint": told.hint, "details": told.details, "subject": told.subject, "docker": told.docker}
    more: dict[str, Any] = {"exit_code": told.exit_code} if family is errors.RuntimeFailure else {}
    return family(told.title, told.explanation, code=code, **words, **more)


# --- what is watched ---


def pack_change(change: Change | EngineSnapshot) -> bytes:
    if isinstance(change, EngineSnapshot):
        return pack(["", "", pack(change), b""])
    value = b"" if change.value is None else pack(change.value)
    return pack([change.kind, change.id, value, b"" if change.event is None else pack(change.event)])


def unpack_change(data: bytes) -> EngineSnapshot | tuple[Kind, str, Snapshot | None, Event | None] | None:
    """None for a kind of thing that this Wherry does not know yet."""
    kind, object_id, value, event = unpack(data, tuple[str, str, bytes, bytes])
    if not kind:
        snapshot: EngineSnapshot = unpack(value, EngineSnapshot)
        return snapshot
    if kind not in _SNAPSHOTS:
        return None
    known: Kind = kind
    return (
        known,
        object_id,
        unpack(value, _SNAPSHOTS[known]) if value else None,
        unpack(event, Event) if event else None,
    )
