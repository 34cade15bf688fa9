"""What is said of an image beside it: statements in in-toto's form, and images gathered under one index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.types.data import Data

if TYPE_CHECKING:
    from collections.abc import Sequence

IN_TOTO = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v0.1"


class Attestation(Data, frozen=True, kw_only=True):
    """A predicate of a known kind; whom it is of is added where that is known."""

    predicate_type: str
    predicate: bytes
    """JSON."""


class IndexEntry(Data, frozen=True, kw_only=True):
    """An image of the store as a member of an index."""

    image: str
    attestations: tuple[Attestation, ...] = ()


class IndexDescriptor(Data, frozen=True, kw_only=True):
    """How an index is known."""

    media_type: str
    digest: str
    size: int


def in_toto(attestation: Attestation, subjects: Sequence[tuple[str, str]]) -> bytes:
    """The statement of it. Subjects are names with the digests (without "sha256:") of what goes by them."""
    return msgspec.json.encode(
        {
            "_type": _STATEMENT,
            "predicateType": attestation.predicate_type,
            "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects],
            "predicate": msgspec.Raw(attestation.predicate),
        }
    )
