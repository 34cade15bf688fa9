"""Each check, on a machine where all is well and on every broken one we know; a red line always says how to mend it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.host import doctor
from engine.host.checks import cgroups, filesystems, identity, names, network, runtime, session
from engine.host.machine import Space
from engine.processes.ask import Answer
from engine.storage.paths import Paths
from engine.types.host import HostCheck, Verdict
from tests.unit.host.machine import MOUNTINFO, FakeMachine, GiB

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = Paths(Path("/home/alice/.local/share/wherry"), Path("/run/user/1000/wherry"))
REFUSED = Answer(1, "", "unshare: unshare failed: Operation not permitted\n")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    fake = FakeMachine()
    # The overlay is tried in a directory that a dictionary cannot hold; its answer is the program's.
    monkeypatch.setattr(filesystems, "_try_overlay", lambda _machine, _place: fake.variables.get("OVERLAY", ""))
    monkeypatch.setattr(
        cgroups, "read_controllers", lambda _path: frozenset(fake.variables.get("C", "cpu memory pids").split())
    )
    monkeypatch.setattr(
        cgroups.subtree, "prospect", lambda *_: frozenset(fake.variables.get("PROSPECT", "cpu memory pids").split())
    )
    return fake


def judge(machine: FakeMachine, name: str) -> HostCheck:
    return next(check for check in doctor.examine(machine, PATHS).checks if check.name == name)


def test_a_good_machine_is_all_green(machine: FakeMachine) -> None:
    report = doctor.examine(machine, PATHS)

    assert [check for check in report.checks if check.verdict is not Verdict.OK] == []
    assert report.healthy


def test_names_are_stable_and_unique(machine: FakeMachine) -> None:
    assert [check.name for check in doctor.examine(machine, PATHS).checks] == [
        "user-namespaces",
        "subordinate-ids",
        "id-mapping-tools",
        "overlay",
        "fuse",
        "cgroups",
        "crun",
        "conmon",
        "init",
        "pasta",
        "names",
        "packet-filter",
        "unprivileged-ports",
        "runtime-directory",
        "linger",
        "window",
        "free-space",
        "store",
        "store-closed",
        "contents",
        "kernel-bounds",
    ]


def userns(setting: str, value: str) -> Callable[[FakeMachine], None]:
    def broken(machine: FakeMachine) -> None:
        machine.answers["unshare"] = REFUSED
        machine.files[setting] = value

    return broken


def change(**fields: Any) -> Callable[[FakeMachine], None]:
    """Break attributes: sets are reduced by `without_*`, dictionaries updated, everything else replaced."""

    def broken(machine: FakeMachine) -> None:
        for name, value in fields.items():
            current = getattr(machine, name)
            if isinstance(current, dict):
                current.update(value)
            elif isinstance(current, set):
                current.update(value)
            else:
                setattr(machine, name, value)

    return broken


def without(kind: str, *names: str) -> Callable[[FakeMachine], None]:
    return lambda machine: getattr(machine, kind).difference_update(names)


def both(*breaks: Callable[[FakeMachine], None]) -> Callable[[FakeMachine], None]:
    def broken(machine: FakeMachine) -> None:
        for each in breaks:
            each(machine)

    return broken


OK, DEGRADED, MISSING = Verdict.OK, Verdict.DEGRADED, Verdict.MISSING
SUB = "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 alice"

BROKEN: dict[str, tuple[str, Callable[[FakeMachine], None], Verdict, str, str]] = {
    "Debian's switch": (
        "user-namespaces",
        userns("/proc/sys/kernel/unprivileged_userns_clone", "0\n"),
        MISSING,
        "unprivileged_userns_clone is 0",
        "kernel.unprivileged_userns_clone=1 | sudo tee",
    ),
    "Ubuntu's AppArmor": (
        "user-namespaces",
        userns("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"),
        MISSING,
        "AppArmor",
        "apparmor_restrict_unprivileged_userns=0",
    ),
    "none allowed": (
        "user-namespaces",
        userns("/proc/sys/user/max_user_namespaces", "0\n"),
        MISSING,
        "max_user_namespaces is 0",
        "28633",
    ),
    "kernel without": (
        "user-namespaces",
        both(userns("/x", ""), without("present", "/proc/self/ns/user")),
        MISSING,
        "built without",
        "CONFIG_USER_NS",
    ),
    "refused for no known reason": (
        "user-namespaces",
        userns("/x", ""),
        MISSING,
        "Operation not permitted",
        "outside a container",
    ),
    "no unshare to try with": (
        "user-namespaces",
        lambda m: m.answers.clear(),
        DEGRADED,
        "Could not be tried",
        "util-linux",
    ),
    "no ids": ("subordinate-ids", change(files={"/etc/subuid": "", "/etc/subgid": ""}), DEGRADED, "no user ids", SUB),
    "no file at all": (
        "subordinate-ids",
        lambda m: [m.files.pop(f"/etc/sub{k}id") for k in "ug"] and None,
        DEGRADED,
        "no group ids",
        SUB,
    ),
    "too few ids": (
        "subordinate-ids",
        change(files={"/etc/subuid": "alice:100000:1000\n"}),
        DEGRADED,
        "1000 user ids",
        "--add-subuids 165536-",
    ),
    "someone else's": (
        "subordinate-ids",
        change(files={"/etc/subuid": "bob:100000:65536\n"}),
        DEGRADED,
        "no user ids",
        "165536-231071",
    ),
    "overlapping": (
        "subordinate-ids",
        change(files={"/etc/subuid": "alice:100000:65536\nbob:120000:65536\n"}),
        DEGRADED,
        "overlap those of bob",
        "185536-",
    ),
    "garbage": (
        "subordinate-ids",
        change(files={"/etc/subuid": "alice:100000:65536\nwhat\n\x00:::\nalice:-5:9\nalice:1:99999999999999\n"}),
        DEGRADED,
        "unreadable lines: 2, 3, 4, 5",
        "usermod",
    ),
    "newuidmap gone": (
        "id-mapping-tools",
        without("programs", "newuidmap"),
        DEGRADED,
        "newuidmap",
        "apt-get install uidmap",
    ),
    "newgidmap without its bit": (
        "id-mapping-tools",
        change(modes={"/usr/bin/newgidmap": 0o100755}),
        DEGRADED,
        "newgidmap",
        "chmod u+s /usr/bin/newgidmap",
    ),
    "newuidmap not root's": (
        "id-mapping-tools",
        change(owners={"/usr/bin/newuidmap": 7}),
        DEGRADED,
        "newuidmap",
        "chown root:root /usr/bin/newuidmap",
    ),
    "overlay refused": (
        "overlay",
        change(variables={"OVERLAY": "wrong fs type."}),
        DEGRADED,
        "wrong fs type",
        "WHERRY_ROOT",
    ),
    "overlay and fuse refused": (
        "overlay",
        both(change(variables={"OVERLAY": "no."}), without("programs", "fuse-overlayfs")),
        MISSING,
        "(btrfs): no.",
        "install fuse-overlayfs",
    ),
    "no fuse-overlayfs": (
        "fuse",
        without("programs", "fuse-overlayfs"),
        DEGRADED,
        "Not installed",
        "install fuse-overlayfs",
    ),
    "no /dev/fuse": ("fuse", without("present", "/dev/fuse"), DEGRADED, "no /dev/fuse", "modprobe fuse"),
    "closed /dev/fuse": (
        "fuse",
        change(denied={"/dev/fuse"}),
        DEGRADED,
        "may not be opened by alice",
        "chmod 666 /dev/fuse",
    ),
    "no controllers": ("cgroups", change(variables={"C": "pids"}), DEGRADED, "Not yours: cpu, memory", "Delegate=cpu"),
    "no controllers without systemd": (
        "cgroups",
        both(without("present", "/run/systemd/system"), change(variables={"PROSPECT": "pids"})),
        DEGRADED,
        "Not yours: cpu, memory",
        "mkdir -p /sys/fs/cgroup/alice/session",
    ),
    "no cgroups": (
        "cgroups",
        change(files={"/proc/self/mountinfo": "", "/proc/self/cgroup": ""}),
        DEGRADED,
        "Not mounted",
        "mount -t cgroup2",
    ),
    "old cgroups": (
        "cgroups",
        change(
            files={
                "/proc/self/mountinfo": MOUNTINFO.replace("cgroup2 cgroup2 rw", "cgroup cgroup rw,memory"),
                "/proc/self/cgroup": "3:memory:/\n",
            }
        ),
        DEGRADED,
        "v1; controllers: ",
        "unified_cgroup_hierarchy",
    ),
    "unreadable mounts": (
        "cgroups",
        change(files={"/proc/self/mountinfo": "x - y\n\n1 2 3\n"}),
        DEGRADED,
        "Not mounted",
        "mount",
    ),
    "no crun": ("crun", without("programs", "crun"), MISSING, "Not installed", "sudo apt-get install crun"),
    "old crun": ("crun", change(versions={"crun": "crun version 1.3\n"}), DEGRADED, "1.3; 1.4 or newer", "crun"),
    "no conmon": ("conmon", without("programs", "conmon"), MISSING, "Not installed", "conmon"),
    "no conmon on Fedora": (
        "conmon",
        both(without("programs", "conmon"), change(files={"/etc/os-release": "ID=fedora\n"})),
        MISSING,
        "Not",
        "sudo dnf install conmon",
    ),
    "no catatonit": ("init", without("programs", "catatonit"), DEGRADED, "Not installed", "catatonit"),
    "no pasta": ("pasta", without("programs", "pasta"), DEGRADED, "slirp4netns 1.2.1", "install passt"),
    "no network program": (
        "pasta",
        without("programs", "pasta", "slirp4netns"),
        MISSING,
        "Not installed",
        "install passt",
    ),
    "no tun": ("pasta", without("present", "/dev/net/tun"), MISSING, "no /dev/net/tun", "modprobe tun"),
    "closed tun": ("pasta", change(denied={"/dev/net/tun"}), MISSING, "may not open", "chmod 666 /dev/net/tun"),
    "closed run directory": (
        "runtime-directory",
        change(denied={"/run/user/1000"}),
        MISSING,
        "/run/user/1000 may not",
        "WHERRY_RUN",
    ),
    "no run directory": (
        "runtime-directory",
        lambda m: m.variables.pop("XDG_RUNTIME_DIR") and None,
        DEGRADED,
        "not set",
        "/run/user/1000",
    ),
    "library gone": (
        "window",
        change(absent_libraries={"libxcb-cursor.so.0"}),
        DEGRADED,
        "libxcb-cursor0",
        "install libxcb-cursor0",
    ),
    "little room": (
        "free-space",
        change(free=Space(GiB, 100 * GiB, 10**6, 10**6)),
        DEGRADED,
        "1.0 GiB of 100.0 GiB",
        "prune",
    ),
    "full disk": ("free-space", change(free=Space(0, 100 * GiB, 10**6, 10**6)), MISSING, "0 MiB of", "WHERRY_ROOT"),
    "no inodes": (
        "free-space",
        change(free=Space(90 * GiB, 100 * GiB, 12, 10**6)),
        DEGRADED,
        "only 12 more files",
        "prune",
    ),
    "read-only home": ("store", change(denied={"/home/alice"}), MISSING, "may not be written", "WHERRY_ROOT"),
    "root's directory in the way": (
        "store",
        both(change(denied={"/home/alice"}, owners={"/home/alice": 0})),
        MISSING,
        "/home/alice may not",
        "sudo install -d -o alice -g alice /home/alice/.local/share/wherry",
    ),
    "damaged layers": (
        "contents",
        change(files={str(PATHS.scrub_record): '{"finished": 1.0, "damaged": ["sha256:a"]}'}),
        DEGRADED,
        "Damaged layers were found: 1",
        "wherry doctor --deep --mend",
    ),
    "store open to others": (
        "store-closed",
        change(modes={str(PATHS.root): 0o040755}),
        MISSING,
        f"enter or read {PATHS.root}",
        f"chmod go-rwx {PATHS.root}",
    ),
    "database readable to others": (
        "store-closed",
        change(modes={str(PATHS.database): 0o100644}),
        MISSING,
        str(PATHS.database),
        "chmod go-rwx",
    ),
    "run-time directory that another could replace": (
        "runtime-directory",
        change(strangers={str(PATHS.run): "/run/user/1000 belongs to user 1001"}),
        MISSING,
        "belongs to user 1001",
        "mktemp -d",
    ),
    "few key rings left": (
        "kernel-bounds",
        change(
            files={
                "/proc/sys/kernel/keys/maxkeys": "200\n",
                "/proc/key-users": " 1000:   190 190/190 180/200 5/20000\n",
            }
        ),
        DEGRADED,
        "key rings: 180 of 200",
        "kernel.keys.maxkeys=",
    ),
    "few watches left": (
        "kernel-bounds",
        change(files={"/proc/sys/fs/inotify/max_user_watches": "60\n"}),
        DEGRADED,
        "inotify watches: 50 of 60",
        "fs.inotify.max_user_watches=",
    ),
    "few ports left": (
        "kernel-bounds",
        change(
            files={
                "/proc/sys/net/ipv4/ip_local_port_range": "32768\t32770\n",
                "/proc/net/tcp": "  sl  local_address rem_address   st\n"
                + "".join(
                    f"   0: 0100007F:{port:04X} 00000000:0000 0A 0:0 0:0 0 0 0 0\n" for port in (80, 32768, 32769)
                ),
                "/proc/net/tcp6": "  sl  local_address rem_address   st\n"
                + "".join(
                    f"   0: {'0' * 32}:{port:04X} {'0' * 32}:0000 0A 0:0 0:0 0 0 0 0\n" for port in (32769, 32770)
                ),
            }
        ),
        DEGRADED,
        "ports to pick from: 3 of 3",
        "net.ipv4.ip_local_port_range=",
    ),
    "few processes left": (
        "kernel-bounds",
        change(files={"/sys/fs/cgroup/user.slice/user-1000.slice/pids.max": "45\n"}),
        DEGRADED,
        "processes: 40 of 45",
        "TasksMax",
    ),
    "store of another": (
        "store",
        change(present={str(PATHS.root)}, owners={str(PATHS.root): 0}),
        MISSING,
        "another user",
        f"sudo chown alice:alice {PATHS.root}",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_machine_is_told_how_to_mend(case: str, machine: FakeMachine) -> None:
    name, broken, verdict, found, fix = BROKEN[case]
    broken(machine)

    check = judge(machine, name)

    assert (check.verdict, found in check.found, fix in check.fix) == (verdict, True, True), check
    assert check.matters


def test_ports_say_how_to_get_80_without_being_red(machine: FakeMachine) -> None:
    assert "ip_unprivileged_port_start=80" in judge(machine, "unprivileged-ports").fix

    machine.files["/proc/sys/net/ipv4/ip_unprivileged_port_start"] = "0"
    assert judge(machine, "unprivileged-ports").fix == ""

    machine.files["/proc/sys/net/ipv4/ip_unprivileged_port_start"] = "nonsense"
    assert "1024" in judge(machine, "unprivileged-ports").found


def test_linger_is_a_choice_not_a_fault(machine: FakeMachine) -> None:
    machine.present.discard("/var/lib/systemd/linger/alice")

    check = judge(machine, "linger")

    assert (check.verdict, check.fix) == (Verdict.OK, "sudo loginctl enable-linger alice")


def test_the_store_names_who_has_it_open(machine: FakeMachine) -> None:
    machine.present.add(str(PATHS.root))
    machine.holder = 4711

    assert "process 4711" in judge(machine, "store").found


def test_a_long_run_directory_is_told(machine: FakeMachine) -> None:
    machine.present.add("/" + "x" * 100)

    check = session.runtime_directory(machine, Paths(PATHS.root, Path("/" + "x" * 100)))

    assert check.verdict is Verdict.DEGRADED
    assert "WHERRY_RUN" in check.fix


def test_root_needs_no_subordinate_ids(machine: FakeMachine) -> None:
    machine.user_id = 0
    machine.files["/proc/self/uid_map"] = "         0          0 4294967295\n"
    machine.files["/etc/subuid"] = ""

    assert judge(machine, "subordinate-ids").verdict is Verdict.OK


def test_a_check_that_stumbles_does_not_hide_the_others(machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_machine: object) -> HostCheck:
        raise RuntimeError("oh")

    monkeypatch.setattr(runtime, "crun", stumble)

    report = doctor.examine(machine, PATHS)

    assert len(report.checks) == 21
    assert "RuntimeError: oh" in next(c for c in report.checks if c.name == "check-failed").found


def test_versions_of_what_is_there(machine: FakeMachine) -> None:
    assert doctor.runtime_versions(machine) == {
        "crun": "1.14.1",
        "conmon": "2.1.10",
        "pasta": "0.0~git20240220.1e6f92b",
        "slirp4netns": "1.2.1",
        "fuse-overlayfs": "1.13-dev",
        "catatonit": "0.1.7",
    }


@pytest.mark.parametrize(
    ("text", "numbers"), [("1.8.1", (1, 8, 1)), ("1.14-rc.2", (1, 14)), ("installed", ()), ("", ())]
)
def test_versions_as_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert runtime.as_numbers(text) == numbers


def test_free_ids_are_found_between_others() -> None:
    ranges, _ = identity.parse_ranges("a:100000:65536\nb:300000:65536\nc:165536:10\n")

    assert identity.free_start(ranges) == 165546


@pytest.mark.parametrize(
    ("path", "kind"), [("/home/alice/x", "btrfs"), ("/homeless", "ext4"), ("/sys/fs/cgroup", "cgroup2"), ("/", "ext4")]
)
def test_file_system_of_a_path(path: str, kind: str) -> None:
    assert filesystems.filesystem_of(MOUNTINFO, path) == kind
    assert filesystems.filesystem_of("rubbish\n", path) == "unknown"


def test_every_check_is_shown_a_broken_machine(machine: FakeMachine) -> None:
    never_red = {"unprivileged-ports", "linger", "names", "packet-filter"}
    assert {case[0] for case in BROKEN.values()} | never_red == {
        check.name for check in doctor.examine(machine, PATHS).checks
    }


def test_a_resolver_that_answers_the_computer_and_no_container_is_a_line_of_the_report() -> None:
    machine = FakeMachine()
    machine.files["/etc/resolv.conf"] = "nameserver 192.0.2.1\n"
    machine.answers[os.path.basename(names._INTERPRETER)] = Answer(0, "192.0.2.1\n", "")
    machine.answers["pasta"] = Answer(0, "", "")
    assert names.names(machine).verdict is Verdict.DEGRADED
    machine.answers["pasta"] = Answer(0, "192.0.2.1\n", "")
    assert names.names(machine).verdict is Verdict.OK
    machine.answers.clear()
    assert names.names(machine).verdict is Verdict.OK, "offline is no fault of the machine"


def test_a_kernel_without_a_packet_filter_is_told_with_what_a_list_then_is() -> None:
    machine = FakeMachine()
    machine.answers["unshare"] = Answer(0, "there\n", "")
    assert network.packet_filter(machine).verdict is Verdict.OK
    machine.answers["unshare"] = Answer(0, "refused: Protocol not supported\n", "")
    check = network.packet_filter(machine)
    assert (check.verdict, check.found) == (Verdict.DEGRADED, "No nf_tables for your user: Protocol not supported.")
    assert "an allow-list holds all the same" in check.matters
    assert check.fix == "sudo modprobe nf_tables"
    machine.answers["unshare"] = Answer(1, "", "unshare: unshare failed: Operation not permitted")
    assert network.packet_filter(machine).found.startswith("Not tried")
