"""Names of images as people write them, and as registries know them. Pure text; nothing is looked up here.

    reference  = name [":" tag] ["@" digest]
    name       = [domain "/"] component {"/" component}
    domain     = host [":" port]

A first part counts as a domain only if it has a dot, a colon or a capital, or is `localhost`; otherwise the name is one
of Docker Hub's, and a single word there belongs to `library/`.
"""

from __future__ import annotations

import re
from typing import Final

from engine.errors import Code, InvalidRequest
from engine.types.data import Data

DEFAULT_DOMAIN: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
_OFFICIAL: Final = "library/"
_LEGACY_DOMAIN: Final = "index.docker.io"
_LONGEST_NAME: Final = 255
_LONGEST_TAG: Final = 128

_DOMAIN_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:]+\]")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HEX_ID = re.compile(r"[a-f0-9]{64}")
_ALGORITHM = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*")
_DIGEST_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX = re.compile(r"[a-f0-9]*")


class Reference(Data, frozen=True, kw_only=True):
    """A parsed name. `str()` gives the canonical form, `familiar` the one people type."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Domain and path, without tag or digest."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        rest = self.path.removeprefix(_OFFICIAL)
        return rest if "/" not in rest else self.path

    @property
    def familiar(self) -> str:
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._suffix

    def with_default_tag(self) -> Reference:
        if self.tag or self.digest:
            return self
        return Reference(domain=self.domain, path=self.path, tag=DEFAULT_TAG)

    def with_tag(self, tag: str) -> Reference:
        return Reference(domain=self.domain, path=self.path, tag=tag)

    def with_digest(self, digest: str) -> Reference:
        """The name pinned to one manifest; a tag would only be an ornament."""
        return Reference(domain=self.domain, path=self.path, digest=digest)


class _BadReference(InvalidRequest):
    """Points at the character that cannot be there."""

    default_code = Code.INVALID_REFERENCE

    def __init__(self, text: str, position: int, explanation: str, *, hint: str = "", docker: str = "") -> None:
        position = max(0, min(position, len(text)))
        marker = "".join("\t" if character == "\t" else " " for character in text[:position]) + "^"
        super().__init__(
            f"“{text}” is not an image name",
            f"At character {position + 1}: {explanation}" if text else explanation,
            hint=hint,
            details=f"{text}\n{marker}",
            subject=text,
            docker=docker or "invalid reference format",
        )
        self.position = position


def parse(text: str) -> Reference:
    """Read a name as Docker reads it on its command line."""
    if not text:
        raise _BadReference(text, 0, "The name is empty.", hint="A name looks like “nginx” or “ghcr.io/owner/app:1.2”.")
    name, tag, digest = _split_suffix(text)
    if _HEX_ID.fullmatch(name):
        raise _BadReference(
            text,
            0,
            "64 hexadecimal digits are an image id, not a name.",
            docker=f"invalid repository name ({name}), cannot specify 64-byte hexadecimal strings",
        )
    domain, path, path_start = _split_domain(name)
    _check_path_case(text, path, path_start)
    if path_start:
        _check_domain(text, domain if domain != DEFAULT_DOMAIN else name[: path_start - 1])
    _check_path(text, name, path_start)
    if len(f"{domain}/{path}") > _LONGEST_NAME:
        raise _BadReference(text, _LONGEST_NAME, f"A name has at most {_LONGEST_NAME} characters.")
    _check_tag(text, tag, len(name) + 1)
    _check_digest(text, digest, len(text) - len(digest or ""))
    return Reference(domain=domain, path=path, tag=tag or "", digest=digest or "")


def must_be_a_name(name: Reference) -> None:
    """An image tagged `sha256:…` would be found where somebody asks for another by its id."""
    if name.familiar_name in _DIGEST_LENGTHS:
        raise InvalidRequest(
            f"“{name.familiar}” is no name for an image",
            "It looks like an id.",
            code=Code.INVALID_REFERENCE,
            docker="refusing to create an ambiguous tag using digest algorithm as name",
        )


def parse_repository(text: str) -> Reference:
    """Read a name that must carry neither tag nor digest."""
    reference = parse(text)
    if reference.tag or reference.digest:
        raise _BadReference(text, len(_split_suffix(text)[0]), "A repository has no tag and no digest.")
    return reference


def digest_of_id(text: str) -> str:
    """The digest an image id spells (with or without "sha256:"), or "" if the text is no whole id."""
    bare = text.removeprefix("sha256:")
    return f"sha256:{bare}" if _HEX_ID.fullmatch(bare) else ""


def is_digest(text: str) -> bool:
    """A digest of an algorithm we can check."""
    algorithm, separator, encoded = text.partition(":")
    return bool(separator) and _DIGEST_LENGTHS.get(algorithm) == len(encoded) and _HEX.fullmatch(encoded) is not None


def _split_suffix(text: str) -> tuple[str, str | None, str | None]:
    rest, at, digest = text.partition("@")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    if colon < 0:
        return rest, None, digest if at else None
    return rest[:colon], rest[colon + 1 :], digest if at else None


def _split_domain(name: str) -> tuple[str, str, int]:
    """Domain, path, and where the path starts in the text (0 when no domain was written)."""
    first, slash, rest = name.partition("/")
    is_domain = bool(slash) and ("." in first or ":" in first or first == "localhost" or first.lower() != first)
    domain, path, start = (first, rest, len(first) + 1) if is_domain else (DEFAULT_DOMAIN, name, 0)
    if domain == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = _OFFICIAL + path
    return domain, path, start


def _check_path_case(text: str, path: str, start: int) -> None:
    capital = next((index for index, character in enumerate(text[start:]) if character.isupper()), -1)
    if path.lower() != path and capital >= 0:
        raise _BadReference(
            text,
            start + capital,
            "a repository name has no capital letters.",
            docker=f"invalid reference format: repository name ({path}) must be lowercase",
            hint=f"Did you mean “{_without_capitals(text, start)}”?",
        )


def _without_capitals(text: str, start: int) -> str:
    """The same name as it may be written. A first part that looks like a host only by its capitals is none."""
    name = _split_suffix(text)[0]
    host = text[:start]
    if not any(sign in host for sign in ".:"):
        host = host.lower()
    return host + name[start:].lower() + text[len(name) :]


def _check_domain(text: str, domain: str) -> None:
    host, port = domain, None
    end = 0
    if domain.startswith("["):
        bracket = _IPV6.match(domain)
        if bracket is None:
            raise _BadReference(text, 1, "an IPv6 address stands in square brackets, as [::1]:5000.")
        end = bracket.end()
        host, rest = domain[:end], domain[end:]
        port = rest[1:] if rest.startswith(":") else None
        if rest and port is None:
            raise _BadReference(text, end, "only a colon and a port can follow the address.")
    else:
        host, colon, rest = domain.partition(":")
        port = rest if colon else None
        position = 0
        for label in host.split("."):
            matched = _DOMAIN_LABEL.match(label)
            if matched is None or matched.end() != len(label):
                wrong = position + (matched.end() if matched else 0)
                raise _BadReference(text, wrong, "that cannot be part of a registry's host name.")
            position += len(label) + 1
    if port is not None and not (port.isascii() and port.isdigit()):
        wrong = next((i for i, c in enumerate(port) if not ("0" <= c <= "9")), 0)
        raise _BadReference(text, len(host) + 1 + wrong, "a port is a number.")


def _check_path(text: str, name: str, start: int) -> None:
    position = start
    for component in name[start:].split("/"):
        matched = _COMPONENT.match(component)
        if matched is None or matched.end() != len(component):
            wrong = position + (matched.end() if matched else 0)
            raise _BadReference(text, wrong, _why_not_in_path(text, wrong, component))
        position += len(component) + 1


def _why_not_in_path(text: str, position: int, component: str) -> str:
    if not component:
        return "a part of the name is empty."
    character = text[position] if position < len(text) else ""
    if character in "._-":
        return f"“{character}” must stand between letters or digits, and not doubled (only __ and -- may be)."
    if character.isspace():
        return "a name has no blanks."
    return f"“{character}” cannot be in a name; only a–z, 0–9, and . _ - between them."


def _check_tag(text: str, tag: str | None, start: int) -> None:
    if tag is None:
        return
    matched = _TAG.match(tag)
    if not tag:
        raise _BadReference(text, start, "the tag after the colon is missing.")
    if matched is None or matched.end() != len(tag):
        raise _BadReference(
            text,
            start + (matched.end() if matched else 0),
            "a tag has letters, digits, “_”, “.” and “-”, and starts with none of the last two.",
        )
    if len(tag) > _LONGEST_TAG:
        raise _BadReference(text, start + _LONGEST_TAG, f"a tag has at most {_LONGEST_TAG} characters.")


def _check_digest(text: str, digest: str | None, start: int) -> None:
    if digest is None:
        return
    algorithm, colon, encoded = digest.partition(":")
    if not _ALGORITHM.fullmatch(algorithm) or not colon:
        raise _BadReference(text, start, "a digest looks like sha256:0123…, after “@”.")
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None:
        raise _BadReference(
            text, start, f"“{algorithm}” is no digest algorithm we know ({', '.join(_DIGEST_LENGTHS)})."
        )
    matched = _HEX.match(encoded)
    good = matched.end() if matched else 0
    first = start + len(algorithm) + 1
    if good != len(encoded):
        raise _BadReference(text, first + good, "a digest is written in the digits 0–9 and a–f.")
    if good != length:
        raise _BadReference(text, first + good, f"a {algorithm} digest has {length} digits, this one {good}.")
