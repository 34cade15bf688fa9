"""What a container can and cannot do, in sentences, from its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container, ContainerSpec


class Ability(NamedTuple):
    """One sentence: a check is the calm default, anything else deserves a look."""

    text: str
    tone: Tone
    icon: str


def abilities(container: Container) -> list[Ability]:
    """Most remarkable first."""
    return [*_remarkable(container.spec), *_calm(container.spec)]


def _remarkable(spec: ContainerSpec) -> list[Ability]:
    security = spec.security
    found: list[Ability] = []
    if security.privileged:
        found.append(_warn(translate("Security", "Privileged: every capability, within its own user namespace")))
    if spec.engine_socket:
        found.append(_warn(translate("Security", "Commands Wherry, and so all that you may do here")))
    if spec.network == "host":
        found.append(_warn(translate("Security", "Shares the network of this computer")))
    if security.seccomp == "unconfined":
        found.append(_warn(translate("Security", "Any system call: no seccomp filter")))
    for mount in spec.mounts:
        if mount.kind == "bind" and not mount.read_only:
            found.append(_note(translate("Security", "Can change files of yours in {0}").format(mount.source)))
    if spec.devices:
        names = ", ".join(device.host_path for device in spec.devices)
        found.append(_note(translate("Security", "Reaches devices: {0}").format(names)))
    if security.capabilities_add:
        names = ", ".join(security.capabilities_add)
        found.append(_note(translate("Security", "Extra capabilities: {0}").format(names)))
    return found


def _calm(spec: ContainerSpec) -> list[Ability]:
    security = spec.security
    lines = [(True, translate("Security", "Its root is your ordinary user: it is never root on this computer"))]
    none = "ALL" in security.capabilities_drop
    lines.append((none, translate("Security", "No capabilities at all")))
    usual = translate("Security", "The 14 usual capabilities or fewer")
    lines.append((not none and not security.privileged, usual))
    lines.append((security.seccomp == "", translate("Security", "Filters system calls by the default list")))
    own = security.seccomp not in ("", "unconfined")
    lines.append((own, translate("Security", "Filters system calls by its own list")))
    lines.append((security.read_only_root, translate("Security", "Cannot change its own file system")))
    lines.append((security.no_new_privileges, translate("Security", "Cannot gain privileges by set-uid programs")))
    lines.append((spec.network == "none", translate("Security", "Has no network")))
    return [_good(text) for true, text in lines if true]


def _warn(text: str) -> Ability:
    return Ability(text, Tone.WARNING, "warning")


def _note(text: str) -> Ability:
    return Ability(text, Tone.INFO, "info")


def _good(text: str) -> Ability:
    return Ability(text, Tone.SUCCESS, "shield")
