"""The default seccomp list beside the one that moby publishes, kept here as data: no more is allowed, and no less."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from engine.containers.spec.seccomp import default_profile, profile_from_json
from engine.containers.spec.security import ALL_CAPABILITIES, DEFAULT_CAPABILITIES
from engine.errors import InvalidRequest

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


def test_conditions_are_on_the_argument_that_means_it() -> None:
    """`clone` has its flags first, but second on one architecture; all others look at the first."""
    for architecture, index in (("amd64", 0), ("s390x", 1)):
        places = {
            (rule["names"][0], condition["index"])
            for rule in default_profile((), architecture)["syscalls"]
            for condition in rule.get("args", ())
        }
        assert places == {("socket", 0), ("personality", 0), ("clone", index)}


def test_a_condition_is_one_for_each_bit_and_family() -> None:
    rules = default_profile((), "amd64")["syscalls"]
    flags = MOBY["clone_without_flags"]
    (kept,) = [rule for rule in rules if rule["names"] == ["clone"] and rule["action"] == "SCMP_ACT_ALLOW"]
    assert kept["args"] == [{"index": 0, "value": flags, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]
    refused = [rule["args"][0] for rule in rules if rule["names"] == ["clone"] and "errnoRet" in rule]
    assert [each["value"] for each in refused] == [1 << bit for bit in range(32) if flags & 1 << bit]
    assert all(each["valueTwo"] == each["value"] for each in refused)
    families = [rule["args"][0]["op"] for rule in rules if rule["names"] == ["socket"]]
    assert (families[0], families[-1], set(families[1:-1])) == ("SCMP_CMP_LT", "SCMP_CMP_GE", {"SCMP_CMP_EQ"})
    bits = [rule["args"][0] for rule in rules if rule["names"] == ["personality"] and "errnoRet" in rule]
    assert {"index": 0, "value": 1 << 31 | 1, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"} in bits
    assert len(bits) == 31 - 2, "but for those two that are allowed"


def test_a_machine_that_nobody_knows_has_the_calls_of_all() -> None:
    profile = default_profile((), "vax")
    assert profile["architectures"] == []
    assert answer(profile, "openat") == 0
    assert answer(profile, "arch_prctl") == errno.ENOSYS


# --- a profile of one's own ---

PROFILE = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 38,
    "architectures": ["SCMP_ARCH_PARISC"],
    "syscalls": [
        {"names": ["a", "b"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0}], "comment": "x"},
        {"name": "c", "action": "SCMP_ACT_ALLOW", "args": [], "errnoRet": None},
        {"names": ["not here"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["amd64"]}},
        {"names": ["elsewhere"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["arm64"]}},
        {"names": ["may"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_A", "CAP_B"]}},
        {"names": ["may not"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_A", "CAP_C"]}},
        {"names": ["less"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_C", "CAP_A"]}},
    ],
}


def read(profile: dict[str, Any], architecture: str = "amd64") -> dict[str, Any]:
    return profile_from_json(json.dumps(profile), ("CAP_A", "CAP_B"), architecture)


def test_a_profile_is_what_is_left_of_it_here() -> None:
    assert read(PROFILE) == {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_PARISC"],
        "syscalls": [
            {"names": ["a", "b"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0}], "errnoRet": 1},
            {"names": ["c"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["elsewhere"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["may"], "action": "SCMP_ACT_ALLOW"},
        ],
        "defaultErrnoRet": 38,
    }
    assert read({"defaultAction": "x"}) == {"defaultAction": "x", "architectures": [], "syscalls": []}
    assert read({"defaultAction": "x", "syscalls": None})["syscalls"] == []


@pytest.mark.parametrize(
    ("architecture", "found"),
    [("amd64", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]), ("arm64", ["SCMP_ARCH_AARCH64"]), ("386", []), ("vax", [])],
)
def test_machines_are_chosen_by_the_map(architecture: str, found: list[str]) -> None:
    machines = [
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": None},
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
    ]
    assert read({"defaultAction": "x", "archMap": machines}, architecture)["architectures"] == found
    both = {"defaultAction": "x", "archMap": machines, "architectures": ["SCMP_ARCH_MIPS"]}
    assert read(both, architecture)["architectures"] == ["SCMP_ARCH_MIPS"]


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ("{}", "KeyError: 'defaultAction'"),
        ('{"defaultAction": "x", "syscalls": [{}]}', "KeyError: 'name'"),
        ('{"defaultAction": "x", "archMap": [{}]}', "KeyError: 'architecture'"),
        ('{"defaultAction": "x", "syscalls": [5]}', "AttributeError: 'int' object has no attribute 'get'"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, explanation: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        profile_from_json(text, (), "amd64")
    assert str(caught.value) == f"The seccomp profile cannot be read. {explanation}. It must be Docker's JSON."


def test_a_profile_is_no_longer_than_a_megabyte() -> None:
    text = '{"defaultAction": "x"}'
    assert profile_from_json(text + " " * ((1 << 20) - len(text)), (), "amd64")["defaultAction"] == "x"
    with pytest.raises(InvalidRequest) as caught:
        profile_from_json(text + " " * ((1 << 20) + 1 - len(text)), (), "amd64")
    assert str(caught.value) == "The seccomp profile is too long. A megabyte is the most that is read."
