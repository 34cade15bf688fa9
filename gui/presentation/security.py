"""What a container can and cannot do, in sentences, from its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container


class Ability(NamedTuple):
    """One sentence: a check is the calm default, anything else deserves a look."""

    text: str
    tone: Tone
    icon: str


def abilities(container: Container) -> list[Ability]:
    """Most remarkable first."""
    security, spec = container.spec.security, container.spec
    found: list[Ability] = []
    if security.privileged:
        found.append(_warn(translate("Security", "Privileged: every capability, within its own user namespace")))
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
    found.append(_good(translate("Security", "Its root is your ordinary user: it is never root on this computer")))
    if not security.privileged:
        if "ALL" in security.capabilities_drop:
            found.append(_good(translate("Security", "No capabilities at all")))
        else:
            found.append(_good(translate("Security", "The 14 usual capabilities or fewer")))
    if security.seccomp != "unconfined":
        own = security.seccomp != ""
        text = (
            translate("Security", "Filters system calls by its own list")
            if own
            else translate("Security", "Filters system calls by the default list")
        )
        found.append(_good(text))
    if security.read_only_root:
        found.append(_good(translate("Security", "Cannot change its own file system")))
    if security.no_new_privileges:
        found.append(_good(translate("Security", "Cannot gain privileges by set-uid programs")))
    if spec.network == "none":
        found.append(_good(translate("Security", "Has no network")))
    return found


def _warn(text: str) -> Ability:
    return Ability(text, Tone.WARNING, "warning")


def _note(text: str) -> Ability:
    return Ability(text, Tone.INFO, "info")


def _good(text: str) -> Ability:
    return Ability(text, Tone.SUCCESS, "shield")
