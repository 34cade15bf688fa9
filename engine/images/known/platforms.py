"""Which machine an image is for, and which image of an index to take for this one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from engine.errors import Code, InvalidRequest, NotFound, RegistryError
from engine.types.data import Platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.images.known.manifest import Descriptor, PlatformBlock

_ARCHITECTURES: Final[dict[str, tuple[str, str]]] = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "arm64v8": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv6l": ("arm", "v6"),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "loongarch64": ("loong64", ""),
}
_DEFAULT_VARIANT: Final = {"arm64": "v8", "arm": "v7", "amd64": "v1"}
_RUNS_ALSO: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("arm", "v8"): ("v7", "v6", "v5"),
    ("arm", "v7"): ("v6", "v5"),
    ("arm", "v6"): ("v5",),
    ("amd64", "v1"): ("v2",),  # every desktop since 2010 runs it; anything newer is taken only when asked for
    ("arm64", "v8"): ("v9",),
}
_KNOWN_SYSTEMS: Final = frozenset({"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "wasip1"})


def host_platform() -> Platform:
    return _normal("linux", os.uname().machine, "")


def parse_platform(text: str) -> Platform:
    """ "linux/arm64/v8", "arm64" or "linux", as `--platform` takes it."""
    parts = text.strip().lower().split("/")
    if not all(parts) or len(parts) > 3 or not all(part.replace("_", "").replace("-", "").isalnum() for part in parts):
        raise InvalidRequest(
            f"“{text}” is not a platform", hint="Platforms look like linux/amd64, arm64 or linux/arm/v7.", subject=text
        )
    host = host_platform()
    if len(parts) == 1:
        if parts[0] in _KNOWN_SYSTEMS:
            return _normal(parts[0], host.architecture, host.variant)
        return _normal("linux", parts[0], "")
    return _normal(parts[0], parts[1], parts[2] if len(parts) == 3 else "")


def wanted_platform(text: str) -> Platform:
    return parse_platform(text) if text else host_platform()


def matches(wanted: Platform, found: Platform) -> bool:
    return _rank(wanted, found) is not None


def must_match(wanted: str, found: Platform, name: str) -> None:
    """Whether the image that is here is the one that was asked for; "" asks for no platform."""
    if wanted and not matches(parse_platform(wanted), found):
        raise NotFound(
            "The image that is here is for another machine",
            f"{name} is for {found}, and {wanted} was asked for.",
            code=Code.NO_PLATFORM,
            hint=f"Pull it for {wanted}; it then takes the name.",
            subject=name,
            docker=f"image with reference {name} was found but does not match the specified platform: "
            f"wanted {wanted}, actual: {found}",
        )


def choose(manifests: Sequence[Descriptor], wanted: Platform, subject: str) -> Descriptor:
    """The best image of an index for a machine; the first of equals, as the maker ordered them."""
    best: tuple[int, Descriptor] | None = None
    for descriptor in manifests:
        if descriptor.platform is None:
            continue
        rank = _rank(wanted, of_block(descriptor.platform))
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, descriptor)
    if best is not None:
        return best[1]
    if len(manifests) == 1 and manifests[0].platform is None:
        return manifests[0]  # an index of one that names no platform: its config will tell
    raise no_platform(subject, wanted, offered(manifests))


def offered(manifests: Sequence[Descriptor]) -> list[str]:
    """Platforms of an index in words, without the attestations that pose as images."""
    names = (str(of_block(item.platform)) for item in manifests if item.platform is not None)
    return sorted({name for name in names if not name.startswith("unknown")})


def no_platform(subject: str, wanted: Platform, names: Sequence[str]) -> RegistryError:
    return RegistryError(
        f"{subject} is not made for {wanted}",
        f"It is offered for {', '.join(names)}." if names else "It names no platform at all.",
        code=Code.NO_PLATFORM,
        hint="Choose one of these platforms, or another tag.",
        details="\n".join(names),
        subject=subject,
    )


def of_block(block: PlatformBlock) -> Platform:
    return _normal(block.os, block.architecture, block.variant or "")


def of_strings(system: str, architecture: str, variant: str | None) -> Platform:
    return _normal(system, architecture, variant or "")


def _normal(system: str, architecture: str, variant: str) -> Platform:
    system, architecture, variant = system.lower(), architecture.lower(), variant.lower()
    if system == "macos":
        system = "darwin"
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = variant or implied
    if variant.isdigit():
        variant = f"v{variant}"
    if architecture in ("arm64", "amd64") and variant == _DEFAULT_VARIANT[architecture]:
        variant = ""
    if architecture == "arm" and not variant:
        variant = "v7"
    return Platform(os=system, architecture=architecture, variant=variant)


def _rank(wanted: Platform, found: Platform) -> int | None:
    """0 is exact, higher is worse, None does not run."""
    if (wanted.os, wanted.architecture) != (found.os, found.architecture):
        return None
    if wanted.variant == found.variant:
        return 0
    default = _DEFAULT_VARIANT.get(wanted.architecture, "")
    runs = _RUNS_ALSO.get((wanted.architecture, wanted.variant or default), ())
    variant = found.variant or default
    if variant in runs:
        return runs.index(variant) + 1
    return 1 if not wanted.variant and not default else None
