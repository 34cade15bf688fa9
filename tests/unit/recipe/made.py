"""Recipes made up by the test, as every way in would settle them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from engine.recipe.kinds.mounts import mount
from engine.recipe.kinds.ports import port
from engine.types.containers import ContainerSpec

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs", "Co")), max_size=12)
WORD = st.from_regex(r"[a-z][a-z0-9._-]{0,8}", fullmatch=True)
PATH = st.lists(st.text("abcXYZ019 ,:=\"'$-_é", min_size=1, max_size=5), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(part if part.strip(". ") else "x" for part in parts)
)
PLAIN_PATH = st.lists(WORD, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
COUNT = st.integers(1, 1 << 40)
SECONDS = st.integers(1, 10**13).map(lambda count: count / 1e9) | st.integers(1, 900).map(float)
ON = st.sampled_from([True])
PAIRS = st.dictionaries(WORD, TEXT, min_size=1, max_size=3)
PROPAGATION = st.sampled_from(["rprivate", "rshared", "slave", "private"])
OWNERSHIP = st.sampled_from(["", "chown", "idmap"])
BIND = st.builds(
    lambda target, source, **given: mount("bind", target, source=source, **given),
    PATH,
    PATH,
    read_only=st.booleans(),
    propagation=PROPAGATION,
    ownership=OWNERSHIP,
    create_source=st.booleans(),
)
VOLUME = st.builds(
    lambda target, source, **given: mount("volume", target, source=source, **given),
    PATH,
    WORD | st.just(""),
    read_only=st.booleans(),
    copy_up=st.booleans(),
    volume_labels=st.dictionaries(WORD, st.text("ab,\"= '", max_size=6), max_size=2),
    volume_options=st.just({}) | st.just({"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=7"}),
    subpath=st.just("") | WORD,
)
TMPFS = st.builds(
    lambda target, **given: mount("tmpfs", target, **given),
    PATH,
    read_only=st.booleans(),
    tmpfs_size=st.integers(0, 1 << 40),
    tmpfs_mode=st.sampled_from([0o1777, 0o700, 0o755]),
    tmpfs_options=st.lists(st.sampled_from(["uid=1000", "gid=5", "exec", "nr_inodes=1k"]), max_size=2, unique=True),
)
IMAGE = st.builds(
    lambda target, source, **given: mount("image", target, source=source, **given),
    PATH,
    st.sampled_from(["img:2", "localhost:5000/a/b@sha256:00"]),
    read_only=st.booleans(),
    subpath=st.just("") | WORD,
)
ADDRESS = st.sampled_from(["", "127.0.0.1", "::1"])
NUMBER = st.integers(1, 65535)
ONE_PORT = st.builds(port, NUMBER, st.integers(0, 65535), st.sampled_from(["tcp", "udp"]), ADDRESS)
ANY_OF_SOME = st.builds(
    lambda inside, first, more: port(inside, first, last=first + more), NUMBER, st.integers(1, 60000), st.integers(1, 9)
)
PORT = ONE_PORT | ANY_OF_SOME
RATE = st.builds(
    lambda device, kind, rate: {"device": f"/dev/{device}", "kind": kind, "rate": rate},
    WORD,
    st.sampled_from(["read-bps", "write-bps", "read-iops", "write-iops"]),
    COUNT,
)
VALUES: dict[str, SearchStrategy[Any]] = {
    "command": st.lists(TEXT, min_size=1, max_size=3),
    "entrypoint": st.lists(TEXT.filter(lambda text: bool(text) and not text.startswith("[")), min_size=1, max_size=1),
    "env": PAIRS,
    "workdir": PATH,
    "user": WORD,
    "extra_groups": st.lists(WORD, min_size=1, max_size=2),
    "hostname": WORD,
    "domainname": WORD,
    "labels": PAIRS,
    "tty": ON,
    "stdin_open": ON,
    "auto_remove": ON,
    "init": ON,
    "ports": st.lists(PORT, min_size=1, max_size=3),
    "publish_all": ON,
    "exposed_ports": st.lists(st.sampled_from(["7/tcp", "8/udp", "9/tcp"]), min_size=1, unique=True),
    "mounts": st.lists(BIND | VOLUME | TMPFS | IMAGE, min_size=1, max_size=4, unique_by=lambda item: item["target"]),
    "volumes_from": st.lists(WORD, min_size=1, max_size=2),
    "shm_size": COUNT,
    "ulimits": st.lists(
        st.builds(
            lambda soft, hard: {"name": "nofile", "soft": soft, "hard": hard}, st.integers(-1, 9), st.integers(1, 99)
        ),
        min_size=1, max_size=2,
    ),
    "sysctls": PAIRS,
    "devices": st.builds(
        lambda plain, named: [*plain, *named],
        st.lists(
            st.builds(
                lambda host, inside, rights: {"host_path": host, "container_path": inside, "permissions": rights},
                PLAIN_PATH, PLAIN_PATH, st.sampled_from(["r", "rw", "rwm"]),
            ),
            max_size=2,
        ),
        st.lists(
            st.sampled_from(["nvidia.com/gpu=all", "v.example/c=a:1"]).map(
                lambda name: {"host_path": name, "container_path": "", "permissions": "rwm"}
            ),
            min_size=1, max_size=2,
        ),
    ),
    "device_rules": st.lists(st.sampled_from(["c 189:* rwm", "a *:* r"]), min_size=1, max_size=2),
    "engine_socket": ON,
    "cgroup_parent": st.sampled_from(["/docker/buildx", "x.slice"]),
    "resources": st.fixed_dictionaries(
        {},
        optional={
            "memory": COUNT,
            "memory_reservation": COUNT,
            "memory_swap": COUNT | st.just(-1),
            "cpus": st.integers(1, 10**12).map(lambda count: count / 1e9),
            "cpu_shares": COUNT,
            "cpu_quota": COUNT,
            "cpu_period": COUNT,
            "cpuset_cpus": st.just("0-3,5"),
            "cpuset_mems": st.just("0"),
            "pids": COUNT | st.just(-1),
            "io_weight": st.integers(10, 1000),
            "swappiness": st.integers(0, 100),
            "oom_kill_disable": ON,
            "oom_score_adj": st.integers(-1000, 1000).filter(bool),
            "io": st.lists(RATE, min_size=1, max_size=4),
        },
    ),
    "security": st.fixed_dictionaries(
        {},
        optional={
            "privileged": ON,
            "read_only_root": ON,
            "capabilities_add": st.lists(st.sampled_from(["NET_ADMIN", "ALL"]), min_size=1, max_size=2),
            "capabilities_drop": st.lists(st.sampled_from(["CHOWN", "KILL"]), min_size=1, max_size=2),
            "no_new_privileges": ON,
            "seccomp": st.sampled_from(["unconfined", '{"defaultAction": "SCMP_ACT_ALLOW"}']),
            "unmask_paths": ON,
            "user_namespace": st.sampled_from(["keep-id", "host"]),
        },
    ),
    "restart": st.sampled_from(["always", "unless-stopped"]).map(lambda name: {"name": name, "maximum_retries": 0})
    | st.integers(0, 9).map(lambda count: {"name": "on-failure", "maximum_retries": count}),
    "stop_signal": st.sampled_from(["SIGINT", "QUIT"]),
    "stop_timeout": st.integers(-1, 900).map(float),
    "health": st.just({"test": ["NONE"]})
    | st.fixed_dictionaries(
        {"test": TEXT.filter(bool).map(lambda text: ["CMD-SHELL", text])},
        optional={
            "interval": SECONDS, "timeout": SECONDS, "start_period": SECONDS, "start_interval": SECONDS,
            "retries": st.integers(1, 99),
        },
    ),
    "network": st.sampled_from(["none", "host", "shop", "container:web"]),
    "network_aliases": st.lists(WORD, min_size=1, max_size=2),
    "ip": st.just("10.90.0.9"),
    "ip6": st.just("fd00::9"),
    "interface_name": st.just("eth7"),
    "mac_address": st.just("92:d0:c6:0a:29:33"),
    "dns": st.lists(st.sampled_from(["9.9.9.9", "::1"]), min_size=1, max_size=2),
    "dns_search": st.lists(WORD, min_size=1, max_size=2),
    "dns_options": st.lists(WORD, min_size=1, max_size=2),
    "extra_hosts": st.lists(st.sampled_from(["db:10.0.0.2", "six:fe80::1", "me:host-gateway"]), min_size=1, max_size=2),
    "links": st.lists(st.sampled_from(["db", "db:store"]), min_size=1, max_size=2, unique=True),
    "pid_mode": st.sampled_from(["host", "container:web"]),
    "ipc_mode": st.sampled_from(["host", "shareable", "container:web"]),
    "uts_mode": st.just("host"),
    "cgroup_mode": st.just("host"),
    "log": st.builds(lambda size, files: {"max_bytes": size, "max_files": files}, COUNT, st.integers(1, 99)),
}  # fmt: skip
"""What each field may hold; of a new field this is the test."""

NOT_ON_A_LINE = {"stdin_once", "driver"}
NOT_IN_A_BODY = {"driver", "platform"}


def specs(*without: str) -> SearchStrategy[dict[str, Any]]:
    chosen = {name: values for name, values in VALUES.items() if name not in without}
    return st.fixed_dictionaries({"image": st.just("img:1")}, optional=chosen)


def fields() -> set[str]:
    return set(ContainerSpec.__struct_fields__)
