"""Every word of a service, as a manager is sent it; and everything a manager says of services, tasks and nodes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import InvalidRequest
from engine.swarm.lone_service import lone_service, spoken_of
from engine.swarm.shapes import file, node, service, swarm, task
from engine.types.swarm import ServiceUpdate, SwarmNode, SwarmPort, SwarmTask

AT, LATER = "2026-11-28T10:00:00Z", "2026-11-28T11:00:00Z"
WHEN, THEN = datetime(2026, 11, 28, 10, tzinfo=UTC), datetime(2026, 11, 28, 11, tzinfo=UTC)
EPOCH = datetime.fromtimestamp(0, UTC)
WORDS: dict[str, Any] = {
    "image": "shop:1",
    "entrypoint": ["/run"],
    "command": ["serve", "x"],
    "hostname": "h",
    "environment": {"B": "2", "A": None, "C": ""},
    "working_dir": "/w",
    "user": "web",
    "group_add": ["5"],
    "tty": True,
    "stdin_open": True,
    "init": True,
    "read_only": True,
    "stop_signal": "SIGINT",
    "stop_grace_period": "90s",
    "healthcheck": {"test": ["CMD", "ok"], "interval": "5s", "retries": 3},
    "extra_hosts": ["db:10.0.0.9", "six=[fd::9]"],
    "dns": ["9.9.9.9"],
    "dns_search": ["here.org"],
    "dns_opt": ["ndots:2"],
    "sysctls": {"net.x": "1"},
    "cap_add": ["net_admin", "ALL"],
    "cap_drop": ["CAP_CHOWN"],
    "ulimits": {"nofile": {"soft": 5, "hard": 6}},
    "oom_score_adj": 7,
    "labels": {"in": "side"},
    "volumes": [
        {"type": "volume", "source": "data", "target": "/data", "read_only": True, "volume": {"nocopy": True}},
        {"type": "bind", "source": "/h", "target": "/b", "bind": {"propagation": "rshared"}},
        {"type": "tmpfs", "target": "/t", "tmpfs": {"size": 1000, "mode": 0o700}},
    ],
    "tmpfs": ["/u:size=5"],
    "configs": [{"source": "conf", "target": "/etc/c", "uid": "5", "gid": "6", "mode": "0400"}, {"source": "plain"}],
    "secrets": [{"source": "sec", "target": "/run/secrets/s"}],
    "networks": {"back": {"aliases": ["www"]}},
    "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
    "ports": [
        {"target": 80, "published": "8080", "protocol": "tcp", "mode": "host"},
        {"target": 53, "protocol": "udp"},
    ],
    "deploy": {
        "mode": "replicated",
        "replicas": 3,
        "labels": {"out": "side"},
        "endpoint_mode": "dnsrr",
        "resources": {
            "limits": {"cpus": "0.5", "memory": "50M", "pids": 9},
            "reservations": {
                "cpus": "0.25",
                "memory": "20M",
                "generic_resources": [{"discrete_resource_spec": {"kind": "gpu", "value": 2}}],
            },
        },
        "restart_policy": {"condition": "on-failure", "delay": "5s", "max_attempts": 3, "window": "60s"},
        "placement": {
            "constraints": ["node.role==worker"],
            "preferences": [{"spread": "node.labels.z"}],
            "max_replicas_per_node": 2,
        },
        "update_config": {
            "parallelism": 2,
            "delay": "10s",
            "failure_action": "rollback",
            "monitor": "5s",
            "max_failure_ratio": 0.5,
            "order": "start-first",
        },
        "rollback_config": {"parallelism": 0},
    },
}
EXPECTED: dict[str, Any] = {
    "Name": "web",
    "Labels": {"out": "side"},
    "TaskTemplate": {
        "ContainerSpec": {
            "Image": "shop:1",
            "Command": ["/run"],
            "Args": ["serve", "x"],
            "Hostname": "h",
            "Env": ["A", "B=2", "C="],
            "Dir": "/w",
            "User": "web",
            "Groups": ["5"],
            "TTY": True,
            "OpenStdin": True,
            "Init": True,
            "ReadOnly": True,
            "StopSignal": "SIGINT",
            "StopGracePeriod": 90000000000,
            "Healthcheck": {"Test": ["CMD", "ok"], "Interval": 5000000000, "Retries": 3},
            "Hosts": ["10.0.0.9 db", "fd::9 six"],
            "DNSConfig": {"Nameservers": ["9.9.9.9"], "Search": ["here.org"], "Options": ["ndots:2"]},
            "Sysctls": {"net.x": "1"},
            "CapabilityAdd": ["CAP_NET_ADMIN", "ALL"],
            "CapabilityDrop": ["CAP_CHOWN"],
            "Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 6}],
            "OomScoreAdj": 7,
            "Labels": {"in": "side"},
            "Mounts": [
                {
                    "Type": "volume",
                    "Source": "data",
                    "Target": "/data",
                    "ReadOnly": True,
                    "VolumeOptions": {
                        "NoCopy": True,
                        "Labels": {"v": "l"},
                        "DriverConfig": {"Name": "local", "Options": {"o": "1"}},
                    },
                },
                {"Type": "bind", "Source": "/h", "Target": "/b", "BindOptions": {"Propagation": "rshared"}},
                {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1000, "Mode": 448}},
                {"Type": "tmpfs", "Target": "/u"},
            ],
            "Configs": [
                {"File": {"Name": "/etc/c", "UID": "5", "GID": "6", "Mode": 256}, "ConfigName": "conf"},
                {"File": {"Name": "plain", "UID": "0", "GID": "0", "Mode": 292}, "ConfigName": "plain"},
            ],
            "Secrets": [{"File": {"Name": "s", "UID": "0", "GID": "0", "Mode": 292}, "SecretName": "sec"}],
        },
        "Resources": {
            "Limits": {"NanoCPUs": 500000000, "MemoryBytes": 52428800, "Pids": 9},
            "Reservations": {
                "NanoCPUs": 250000000,
                "MemoryBytes": 20971520,
                "GenericResources": [{"DiscreteResourceSpec": {"Kind": "gpu", "Value": 2}}],
            },
        },
        "RestartPolicy": {"Condition": "on-failure", "Delay": 5000000000, "MaxAttempts": 3, "Window": 60000000000},
        "Placement": {
            "Constraints": ["node.role==worker"],
            "Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.z"}}],
            "MaxReplicas": 2,
        },
        "Networks": [{"Target": "back", "Aliases": ["www"]}],
        "LogDriver": {"Name": "json-file", "Options": {"max-size": "1m"}},
    },
    "Mode": {"Replicated": {"Replicas": 3}},
    "UpdateConfig": {
        "Parallelism": 2,
        "Delay": 10000000000,
        "FailureAction": "rollback",
        "Monitor": 5000000000,
        "MaxFailureRatio": 0.5,
        "Order": "start-first",
    },
    "RollbackConfig": {"Parallelism": 0, "MaxFailureRatio": 0.0},
    "EndpointSpec": {
        "Mode": "dnsrr",
        "Ports": [
            {"Protocol": "tcp", "TargetPort": 80, "PublishMode": "host", "PublishedPort": 8080},
            {"Protocol": "udp", "TargetPort": 53, "PublishMode": "ingress"},
        ],
    },
}


def test_every_word_has_its_place() -> None:
    volumes = {"data": {"driver": "local", "driver_opts": {"o": "1"}, "labels": {"v": "l"}}}
    assert lone_service("web", WORDS, volumes) == EXPECTED


@pytest.mark.parametrize(
    ("deploy", "mode"),
    [
        ({}, {"Replicated": {"Replicas": 1}}), ({"mode": "global"}, {"Global": {}}),
        ({"mode": "global-job"}, {"GlobalJob": {}}),
        ({"mode": "replicated-job", "replicas": 4}, {"ReplicatedJob": {"TotalCompletions": 4, "MaxConcurrent": 2}}),
    ],
)  # fmt: skip
def test_in_which_mode(deploy: dict[str, Any], mode: dict[str, Any]) -> None:
    assert lone_service("w", {"image": "a", "deploy": deploy}, {}, max_concurrent=2)["Mode"] == mode


@pytest.mark.parametrize(
    ("restart", "policy"),
    [
        ("no", {"Condition": "none"}), ("always", {"Condition": "any"}), ("unless-stopped", {"Condition": "any"}),
        ("on-failure", {"Condition": "on-failure"}), ("on-failure:5", {"Condition": "on-failure", "MaxAttempts": 5}),
    ],
)  # fmt: skip
def test_when_it_is_started_again(restart: str, policy: dict[str, Any]) -> None:
    assert lone_service("w", {"image": "a", "restart": restart}, {})["TaskTemplate"]["RestartPolicy"] == policy


def test_limits_in_the_words_of_before() -> None:
    words = {"image": "a", "cpus": 1.5, "mem_limit": "64m", "mem_reservation": "32m", "pids_limit": 7}
    assert lone_service("w", words, {})["TaskTemplate"]["Resources"] == {
        "Limits": {"NanoCPUs": 1_500_000_000, "MemoryBytes": 64 << 20, "Pids": 7},
        "Reservations": {"MemoryBytes": 32 << 20},
    }


def test_of_words_only_what_they_say() -> None:
    assert spoken_of({}, {}) == {}
    assert spoken_of({"hostname": "h"}, {}) == {"TaskTemplate": {"ContainerSpec": {"Hostname": "h"}}}
    assert spoken_of({"deploy": {"endpoint_mode": "vip"}}, {}) == {"EndpointSpec": {"Mode": "vip"}}
    with pytest.raises(InvalidRequest, match="The service cannot be made"):
        spoken_of({"imagee": "x"}, {})


# --- what a manager says ---


def test_a_task_whole_and_bare() -> None:
    row = {
        "ID": "t", "ServiceID": "s", "NodeID": "n", "Slot": 3, "DesiredState": "running", "CreatedAt": AT,
        "UpdatedAt": LATER, "Spec": {"ContainerSpec": {"Image": "shop:1@sha256:1"}},
        "Status": {
            "State": "failed", "Message": "m", "Err": "e", "Timestamp": AT,
            "ContainerStatus": {"ContainerID": "c", "ExitCode": 7},
            "PortStatus": {"Ports": [{"TargetPort": 80, "PublishedPort": 5, "PublishMode": "host"}]},
        },
    }  # fmt: skip
    assert task(row, {"s": "web"}, {"n": "box"}) == SwarmTask(
        id="t", name="web.3", service_id="s", service="web", slot=3, node_id="n", node="box", image="shop:1",
        state="failed", desired="running", message="m", error="e", since=WHEN, created=WHEN, container_id="c",
        exit_code=7, ports=(SwarmPort(target=80, published=5, protocol="tcp", mode="host"),),
    )  # fmt: skip
    bare = task({"ServiceID": "s", "NodeID": "n", "UpdatedAt": LATER}, {}, {})
    assert (bare.name, bare.service, bare.node, bare.since, bare.created) == ("s.n", "s", "n", THEN, EPOCH)
    assert task({}, {}, {}).since == EPOCH


def test_a_node_whole_and_bare() -> None:
    row = {
        "ID": "n", "Spec": {"Role": "manager", "Availability": "drain", "Labels": {"a": "b"}},
        "Description": {
            "Hostname": "box", "Resources": {"NanoCPUs": 2_000_000_000, "MemoryBytes": 5},
            "Engine": {"EngineVersion": "28"},
        },
        "Status": {"State": "ready", "Message": "m", "Addr": "10.0.0.1"},
        "ManagerStatus": {"Leader": True, "Reachability": "reachable"},
    }  # fmt: skip
    assert node(row, "n") == SwarmNode(
        id="n", name="box", role="manager", availability="drain", state="ready", message="m", address="10.0.0.1",
        leader=True, reachability="reachable", engine="28", processors=2.0, memory=5, labels={"a": "b"}, asked=True,
    )  # fmt: skip
    bare = node({"ID": "n"})
    assert (bare.name, bare.role, bare.availability, bare.leader, bare.asked) == ("n", "worker", "active", False, False)
    assert not node({"ID": ""}, "").asked


def test_a_service_whole() -> None:
    row = {
        "ID": "s", "CreatedAt": AT, "UpdatedAt": LATER, "PreviousSpec": {"a": 1},
        "Spec": {
            **EXPECTED, "Labels": {"com.docker.stack.namespace": "shop"},
            "TaskTemplate": {
                **EXPECTED["TaskTemplate"],
                "ContainerSpec": {**EXPECTED["TaskTemplate"]["ContainerSpec"], "Image": "shop:1@sha256:1"},
            },
        },
        "UpdateStatus": {"State": "completed", "Message": "m", "StartedAt": AT, "CompletedAt": LATER},
    }  # fmt: skip
    tasks = [
        {"ServiceID": "s", "DesiredState": "running", "Status": {"State": "running"}},
        {"ServiceID": "s", "DesiredState": "shutdown", "Status": {"State": "running"}},
        {"ServiceID": "s", "DesiredState": "remove", "Status": {"State": "complete"}},
        {"ServiceID": "other", "DesiredState": "running", "Status": {"State": "running"}},
    ]
    found = service(row, tasks)
    assert (found.id, found.name, found.stack, found.image, found.digest) == ("s", "web", "shop", "shop:1", "sha256:1")
    assert (found.mode, found.replicas, found.wanted, found.running, found.completed) == ("replicated", 3, 3, 1, 1)
    assert (found.max_per_node, found.created, found.updated, found.has_earlier) == (2, WHEN, THEN, True)
    assert found.update == ServiceUpdate(state="completed", message="m", started=WHEN, ended=THEN)
    assert found.command == ("/run", "serve", "x")
    assert (found.environment, found.constraints) == (("A", "B=2", "C="), ("node.role==worker",))
    assert (found.networks, found.configs, found.secrets) == (("back",), ("conf", "plain"), ("sec",))
    assert found.ports == (
        SwarmPort(target=80, published=8080, protocol="tcp", mode="host"),
        SwarmPort(target=53, published=0, protocol="udp", mode="ingress"),
    )
    told = service({**row, "ServiceStatus": {"DesiredTasks": 9, "CompletedTasks": 8}}, tasks)
    assert (told.wanted, told.running, told.completed) == (9, 1, 8)


def test_files_and_who_uses_them() -> None:
    row = {"ID": "f", "CreatedAt": AT, "UpdatedAt": LATER,
           "Spec": {"Name": "conf", "Data": "aGVsbG8=", "Labels": {"com.docker.stack.namespace": "shop"}}}  # fmt: skip
    user = service({"ID": "s", "Spec": EXPECTED}, [])
    found = file("config", row, [user])
    assert (found.kind, found.id, found.name, found.stack, found.size, found.used_by) == (
        "config", "f", "conf", "shop", 5, ("web",),
    )  # fmt: skip
    assert (found.created, found.updated) == (WHEN, THEN)
    secret = file("secret", row, [user])
    assert (secret.size, secret.used_by) == (None, ())


def test_a_swarm_is_told_in_the_order_of_names() -> None:
    answers = {
        "services": [{"ID": "2", "Spec": {"Name": "b"}}, {"ID": "1", "Spec": {"Name": "a"}}, "odd"],
        "nodes": [{"ID": "2", "Description": {"Hostname": "y"}}, {"ID": "1", "Description": {"Hostname": "x"}}],
        "tasks": [
            {"ID": "old", "ServiceID": "1", "Slot": 1, "NodeID": "1", "CreatedAt": AT},
            {"ID": "new", "ServiceID": "1", "Slot": 1, "NodeID": "1", "CreatedAt": LATER},
            {"ID": "b", "ServiceID": "2", "Slot": 1}, {"ID": "second", "ServiceID": "1", "Slot": 2},
        ],
        "configs": [{"Spec": {"Name": "d"}}, {"Spec": {"Name": "c"}}], "secrets": None,
    }  # fmt: skip
    found = swarm(answers, "1")
    assert [each.name for each in found.services] == ["a", "b"]
    assert [each.name for each in found.nodes] == ["x", "y"]
    assert [each.id for each in found.tasks] == ["new", "old", "second", "b"]
    assert ([each.name for each in found.configs], found.secrets, found.stacks) == (["c", "d"], (), ())
    assert [each.asked for each in found.nodes] == [True, False]
