"""The default seccomp list beside the one that moby publishes, kept here as data: no more is allowed, and no less."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from engine.containers.spec.seccomp import default_profile
from engine.containers.spec.security import ALL_CAPABILITIES, DEFAULT_CAPABILITIES

MOBY: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "moby-seccomp.json").read_text())
AF_ALG, AF_VSOCK = 38, 40
ARCHITECTURES = [each for each in MOBY["on_architecture"] if each != "loong64"]


def allowed_by_moby(held: set[str], architecture: str) -> set[str]:
    """Without conditions on arguments."""
    names = {*MOBY["always"], *MOBY["always_since_kernel_4.8"], *MOBY["on_architecture"][architecture]}
    for capability, more in MOBY["with_capability"].items():
        if capability in held:
            names.update(more)
    return names


def answer(profile: dict[str, Any], name: str, argument: int = 0) -> int:
    """0 where the call is let through, else the error: as libseccomp would, whose rules here never contradict."""
    found = set()
    for rule in profile["syscalls"]:
        if name in rule["names"] and all(_holds(each, argument) for each in rule.get("args", ())):
            found.add(0 if rule["action"] == "SCMP_ACT_ALLOW" else rule["errnoRet"])
    assert len(found) <= 1, f"{name}({argument}) has two answers"
    return found.pop() if found else profile["defaultErrnoRet"]


def _holds(condition: dict[str, Any], argument: int) -> bool:
    value = condition["value"]
    return {
        "SCMP_CMP_LT": argument < value,
        "SCMP_CMP_EQ": argument == value,
        "SCMP_CMP_GE": argument >= value,
        "SCMP_CMP_MASKED_EQ": argument & value == condition.get("valueTwo"),
    }[condition["op"]]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    "held",
    [set(), set(DEFAULT_CAPABILITIES), {*DEFAULT_CAPABILITIES, "CAP_SYS_PTRACE"}, set(ALL_CAPABILITIES)],
    ids=["none", "default", "one more", "all"],
)
def test_what_is_allowed_is_what_moby_allows(held: set[str], architecture: str) -> None:
    profile = default_profile(held, architecture)
    ours = {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }
    assert ours == allowed_by_moby(held, architecture)


def test_families_of_sockets_are_mobys_and_the_kernels_crypto_is_none_of_them() -> None:
    profile = default_profile(DEFAULT_CAPABILITIES, "amd64")
    for family in range(60):
        wanted = family < MOBY["socket_families_below"] or family in MOBY["socket_families"]
        assert answer(profile, "socket", family) == (0 if wanted else errno.EPERM), family
    assert answer(profile, "socket", AF_ALG) == answer(profile, "socket", AF_VSOCK) == errno.EPERM


def test_personalities_are_mobys() -> None:
    profile = default_profile(DEFAULT_CAPABILITIES, "amd64")
    for value in MOBY["personalities"]:
        assert answer(profile, "personality", value) == 0
    for value in (1, 0x40000, 0x20000 | 0x400000, 9):
        assert answer(profile, "personality", value) == errno.EPERM


def test_new_namespaces_are_not_permitted() -> None:
    profile = default_profile(DEFAULT_CAPABILITIES, "amd64")
    assert answer(profile, "clone", 0x11) == 0
    for flag in (0x10000000, 0x40000000, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x20000000):
        assert flag & MOBY["clone_without_flags"]
        assert answer(profile, "clone", flag | 0x11) == errno.EPERM
    assert answer(profile, "unshare") == answer(profile, "setns") == errno.EPERM
    assert answer(profile, "clone3") == errno.ENOSYS
    assert answer(default_profile(ALL_CAPABILITIES, "amd64"), "clone3") == 0


@pytest.mark.parametrize("name", ["mount", "keyctl", "bpf", "io_uring_setup", "kexec_load", "reboot", "userfaultfd"])
def test_what_is_known_and_refused_is_not_permitted(name: str) -> None:
    assert answer(default_profile(DEFAULT_CAPABILITIES, "amd64"), name) == errno.EPERM


def test_what_nobody_knows_yet_is_not_implemented() -> None:
    """As an older kernel says it: the program then takes the call it knows as well."""
    assert answer(default_profile(DEFAULT_CAPABILITIES, "amd64"), "a_call_of_next_year") == errno.ENOSYS
