"""What a service becomes: the body of the request for its container, field by field, and where its secrets lie."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from engine.compose.planning.bodies import (
    Others,
    WrittenFile,
    container_name,
    create_body,
    image_name,
    network_body,
    one_off_body,
    volume_body,
    written_files,
)
from engine.compose.reading.loading import Project, Request, load

TEXT = """
services:
  vault:
    image: vault
    secrets: [key, word, {source: key, target: token}, {source: key, target: deep/er}, {source: word, target: other},
              {source: key, target: /etc/key}]
    configs: [page, {source: page, target: etc/page}, {source: rules, target: rules.yml}, rules]
secrets: {key: {file: /k}, word: {environment: WORD}}
configs: {page: {content: hello}, rules: {file: /r}}
"""


def loaded() -> Project:
    def opened(path: str) -> str:
        if path == "/p/compose.yaml":
            return TEXT
        raise FileNotFoundError(path)

    return load(Request(("/p/compose.yaml",), "/p", {"WORD": "open"}), opened)


def test_a_secret_of_another_name_lies_beside_the_others() -> None:
    vault = loaded()
    made = create_body(vault, "vault", 1, image_id="sha256:0", others=Others({}))
    mounted = {(each["Source"], each["Target"]) for each in made["HostConfig"]["Mounts"]}
    assert mounted == {
        ("/k", "/run/secrets/key"), ("/k", "/run/secrets/token"), ("/k", "/run/secrets/deep/er"), ("/k", "/etc/key"),
        ("/r", "/rules.yml"), ("/r", "/rules"),
    }  # fmt: skip
    written = {(each.target, each.text) for each in written_files(vault, "vault", {"WORD": "open"})}
    assert written == {
        ("/run/secrets/word", "open"), ("/run/secrets/other", "open"), ("/page", "hello"), ("/etc/page", "hello"),
    }  # fmt: skip


# --- every field ---

OTHERS = Others({"db": "f" * 64})


def project(service: str, more: str = "") -> Project:
    text = f"name: p\nservices:\n  db: {{image: d}}\n  a:\n    image: x\n{textwrap.indent(service, '    ')}\n{more}\n"

    def opened(path: str) -> str:
        if path == "/p/compose.yaml":
            return text
        raise FileNotFoundError(path)

    return load(Request(("/p/compose.yaml",), "/p", {}), opened)


def body(service: str, more: str = "") -> dict[str, Any]:
    return create_body(project(service, more), "a", 1, image_id="sha256:0", others=OTHERS)


def said(service: str, more: str = "") -> dict[str, Any]:
    """What of the body is otherwise for it than for a service that is nothing but its image."""

    def flat(made: dict[str, Any]) -> dict[str, Any]:
        host, network = made.pop("HostConfig"), made.pop("NetworkingConfig")
        made.pop("Labels")
        return {**made, **{f"Host.{key}": value for key, value in host.items()}, **network["EndpointsConfig"]}

    usual, found = flat(body("")), flat(body(service, more))
    return {key: found.get(key) for key in {**usual, **found} if found.get(key) != usual.get(key)}


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("", {}),
        ("hostname: h\ndomainname: d", {"Hostname": "h", "Domainname": "d"}),
        ('user: "5"', {"User": "5"}),
        ("tty: true\nstdin_open: true", {"Tty": True, "OpenStdin": True}),
        ("command: a b", {"Cmd": ["a", "b"]}),
        ("entrypoint: [a]", {"Entrypoint": ["a"]}),
        ("entrypoint: []", {"Entrypoint": [""]}),
        ("environment: {A: b, C: '', D: }", {"Env": ["A=b", "C=", "D"]}),
        ("working_dir: /w", {"WorkingDir": "/w"}),
        ("stop_signal: INT\nstop_grace_period: 1m", {"StopSignal": "INT", "StopTimeout": 60}),
        ("stop_grace_period: 0s", {"StopTimeout": 0}),
        ("mac_address: 02:42:ac:11:00:02", {"MacAddress": "02:42:ac:11:00:02"}),
        ('ports: ["8080:80", "127.0.0.1:53:53/udp", "80"]',
         {"ExposedPorts": {"80/tcp": {}, "53/udp": {}},
          "Host.PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "", "HostPort": ""}],
                                "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}]}}),
        ('expose: ["80", "90-91/udp"]', {"ExposedPorts": {"80/tcp": {}, "90/udp": {}, "91/udp": {}}}),
        ("healthcheck: {test: a b, interval: 5s, timeout: 2s, start_period: 1s, start_interval: 500ms, retries: 4}",
         {"Healthcheck": {"Test": ["CMD-SHELL", "a b"], "Interval": 5 * 10**9, "Timeout": 2 * 10**9,
                          "StartPeriod": 10**9, "StartInterval": 5 * 10**8, "Retries": 4}}),
        ("healthcheck: {disable: true}", {"Healthcheck": {"Test": ["NONE"]}}),
        ("healthcheck: {interval: 5s}", {"Healthcheck": {"Interval": 5 * 10**9}}),
        ("annotations: {a: b}", {"Host.Annotations": {"a": "b"}}),
        ("cap_add: [A]\ncap_drop: [B]", {"Host.CapAdd": ["A"], "Host.CapDrop": ["B"]}),
        ("cgroup: host\ncgroup_parent: x", {"Host.CgroupnsMode": "host", "Host.CgroupParent": "x"}),
        ("dns: 9.9.9.9\ndns_opt: [rotate]\ndns_search: [a.b]",
         {"Host.Dns": ["9.9.9.9"], "Host.DnsOptions": ["rotate"], "Host.DnsSearch": ["a.b"]}),
        ("extra_hosts: [db=10.0.0.1]", {"Host.ExtraHosts": ["db:10.0.0.1"]}),
        ("group_add: [5]", {"Host.GroupAdd": ["5"]}),
        ("init: true", {"Host.Init": True}),
        ("ipc: service:db\npid: host", {"Host.IpcMode": f"container:{'f' * 64}", "Host.PidMode": "host"}),
        ("pid: service:db\nipc: container:far",
         {"Host.PidMode": f"container:{'f' * 64}", "Host.IpcMode": "container:far"}),
        ("logging: {driver: local, options: {max-size: 1m}}",
         {"Host.LogConfig": {"Type": "local", "Config": {"max-size": "1m"}}}),
        ("logging: {options: {max-size: 1m}}", {"Host.LogConfig": {"Type": "", "Config": {"max-size": "1m"}}}),
        ("oom_score_adj: -5\noom_kill_disable: true", {"Host.OomScoreAdj": -5, "Host.OomKillDisable": True}),
        ("privileged: true\nread_only: true", {"Host.Privileged": True, "Host.ReadonlyRootfs": True}),
        ("restart: always", {"Host.RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}),
        ("restart: on-failure:3", {"Host.RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
        ("deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}",
         {"Host.RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}),
        ("deploy: {restart_policy: {condition: none}}", {"Host.RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
        ("deploy: {restart_policy: {condition: any, max_attempts: 2}}",
         {"Host.RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}),
        ("deploy: {restart_policy: {max_attempts: 2}}",
         {"Host.RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}),
        ("runtime: r\nsecurity_opt: [a]", {"Host.Runtime": "r", "Host.SecurityOpt": ["a"]}),
        ("shm_size: 1m\nstorage_opt: {size: 1G}", {"Host.ShmSize": 1 << 20, "Host.StorageOpt": {"size": "1G"}}),
        ("sysctls: {a.b: 1}", {"Host.Sysctls": {"a.b": "1"}}),
        ('tmpfs: [/t, "/u:size=1m"]', {"Host.Tmpfs": {"/t": "", "/u": "size=1m"}}),
        ("uts: host\nuserns_mode: host", {"Host.UTSMode": "host", "Host.UsernsMode": "host"}),
        ("volumes_from: [db, container:far]", {"Host.VolumesFrom": ["f" * 64, "far"]}),
        ("volumes_from: [db:ro]", {"Host.VolumesFrom": ["f" * 64]}),
        ("mem_limit: 64m\nmem_reservation: 32m\nmemswap_limit: 128m\nmem_swappiness: 5",
         {"Host.Memory": 64 << 20, "Host.MemoryReservation": 32 << 20, "Host.MemorySwap": 128 << 20,
          "Host.MemorySwappiness": 5}),
        ("deploy: {resources: {limits: {memory: 64m, cpus: '1.5', pids: 7}, reservations: {memory: 32m}}}",
         {"Host.Memory": 64 << 20, "Host.MemoryReservation": 32 << 20, "Host.NanoCpus": 1_500_000_000,
          "Host.PidsLimit": 7}),
        ("cpus: 0.5\ncpu_period: 1000\ncpu_quota: 2000\ncpu_shares: 5\ncpuset: 0-1",
         {"Host.NanoCpus": 500_000_000, "Host.CpuPeriod": 1000, "Host.CpuQuota": 2000, "Host.CpuShares": 5,
          "Host.CpusetCpus": "0-1"}),
        ("cpu_rt_period: 1000\ncpu_rt_runtime: 2000",
         {"Host.CpuRealtimePeriod": 1000, "Host.CpuRealtimeRuntime": 2000}),
        ("pids_limit: 9", {"Host.PidsLimit": 9}),
        ("blkio_config: {weight: 300, device_read_bps: [{path: /a, rate: 1}], device_write_bps: [{path: /b, rate: 2}], "
         "device_read_iops: [{path: /c, rate: 3}], device_write_iops: [{path: /d, rate: 4}]}",
         {"Host.BlkioWeight": 300, "Host.BlkioDeviceReadBps": [{"Path": "/a", "Rate": 1}],
          "Host.BlkioDeviceWriteBps": [{"Path": "/b", "Rate": 2}],
          "Host.BlkioDeviceReadIOps": [{"Path": "/c", "Rate": 3}],
          "Host.BlkioDeviceWriteIOps": [{"Path": "/d", "Rate": 4}]}),
        ('devices: ["/dev/a:/dev/b:r", /dev/c]\ndevice_cgroup_rules: ["c 1:3 r"]',
         {"Host.Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"},
                           {"PathOnHost": "/dev/c", "PathInContainer": "/dev/c", "CgroupPermissions": "rwm"}],
          "Host.DeviceCgroupRules": ["c 1:3 r"]}),
        ("gpus: [{driver: nvidia, count: 2, device_ids: [a], options: {x: y}}]",
         {"Host.DeviceRequests": [{"Capabilities": [["gpu"]], "Count": 2, "DeviceIDs": ["a"], "Driver": "nvidia",
                                   "Options": {"x": "y"}}]}),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [tpu], count: 1}]}}}",
         {"Host.DeviceRequests": [{"Capabilities": [["tpu"]], "Count": 1, "DeviceIDs": None, "Driver": "",
                                   "Options": None}]}),
        ("ulimits: {nproc: 5, nofile: {soft: 1, hard: 2}}",
         {"Host.Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}, {"Name": "nproc", "Soft": 5, "Hard": 5}]}),
        # files
        ('volumes: ["/h:/c", "/h:/d:ro", "named:/e", "named:/f:ro,nocopy", "/anonymous"]',
         {"Host.Binds": ["/h:/c:rw", "/h:/d:ro", "p_named:/e:rw", "p_named:/f:ro,nocopy"],
          "Host.Mounts": [{"Type": "volume", "Source": "", "Target": "/anonymous", "ReadOnly": False}]}),
        ("volumes: [{type: bind, source: /h, target: /c, bind: {propagation: rslave, selinux: z}}]",
         {"Host.Binds": ["/h:/c:rw,z,rslave"]}),
        ("volumes: [{type: bind, source: /h, target: /c, read_only: true, bind: {create_host_path: false, "
         "propagation: rslave}}]",
         {"Host.Mounts": [{"Type": "bind", "Source": "/h", "Target": "/c", "ReadOnly": True,
                           "BindOptions": {"Propagation": "rslave"}}]}),
        ("volumes: [{type: bind, source: /h, target: /c, bind: {create_host_path: true, recursive: disabled}}]",
         {"Host.Mounts": [{"Type": "bind", "Source": "/h", "Target": "/c", "ReadOnly": False,
                           "BindOptions": {"CreateMountpoint": True}}]}),
        ("volumes: [{type: volume, source: named, target: /c, volume: {nocopy: true, subpath: s, labels: {a: b}}}]",
         {"Host.Mounts": [{"Type": "volume", "Source": "p_named", "Target": "/c", "ReadOnly": False,
                           "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}, "Subpath": "s"}}]}),
        ("volumes: [{type: volume, source: named, target: /c, volume: {labels: {a: b}}}]",
         {"Host.Mounts": [{"Type": "volume", "Source": "p_named", "Target": "/c", "ReadOnly": False,
                           "VolumeOptions": {"Labels": {"a": "b"}}}]}),
        ("volumes: [{type: tmpfs, target: /c, tmpfs: {size: 1m, mode: 0o700}}]",
         {"Host.Mounts": [{"Type": "tmpfs", "Source": "", "Target": "/c", "ReadOnly": False,
                           "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700}}]}),
        ("volumes: [{type: image, source: i, target: /c, image: {subpath: s}}]",
         {"Host.Mounts": [{"Type": "image", "Source": "i", "Target": "/c", "ReadOnly": False,
                           "ImageOptions": {"Subpath": "s"}}]}),
        # networks
        ("network_mode: host", {"Host.NetworkMode": "host", "p_default": None}),
        ("network_mode: service:db", {"Host.NetworkMode": f"container:{'f' * 64}", "p_default": None}),
        ("network_mode: none", {"Host.NetworkMode": "none", "p_default": None}),
        ("networks: {back: {priority: 1}, front: {priority: 9, aliases: [w], ipv4_address: 10.0.0.5, "
         "ipv6_address: 'fd00::5', link_local_ips: [169.254.0.1], mac_address: 02:42:ac:11:00:02, gw_priority: 3, "
         "interface_name: eth7, driver_opts: {a: b}}}",
         {"Host.NetworkMode": "p_front", "p_default": None, "p_back": {"Aliases": ["p-a-1", "a"]},
          "p_front": {"Aliases": ["p-a-1", "a", "w"],
                      "IPAMConfig": {"IPv4Address": "10.0.0.5", "IPv6Address": "fd00::5",
                      "LinkLocalIPs": ["169.254.0.1"]}, "MacAddress": "02:42:ac:11:00:02", "GwPriority": 3,
                      "DriverOpts": {"a": "b", "com.docker.network.endpoint.ifname": "eth7"}}}),
        ("networks: [front, back]",
         {"Host.NetworkMode": "p_back", "p_default": None, "p_back": {"Aliases": ["p-a-1", "a"]},
          "p_front": {"Aliases": ["p-a-1", "a"]}}),
    ],
)  # fmt: skip
def test_a_field_is_its_part_of_the_body(service: str, told: dict[str, Any]) -> None:
    assert said(service, "volumes: {named: {}}\nnetworks: {front: {}, back: {}}") == told


def test_a_service_that_says_nothing_sends_next_to_nothing() -> None:
    made = body("")
    made.pop("Labels")
    assert made == {
        "Image": "x",
        "HostConfig": {"Memory": 0, "MemoryReservation": 0, "MemorySwap": 0, "ShmSize": 0, "NetworkMode": "p_default"},
        "NetworkingConfig": {"EndpointsConfig": {"p_default": {"Aliases": ["p-a-1", "a"]}}},
    }


def test_labels_say_of_what_it_was_made() -> None:
    made = project("labels: {mine: x}\ndepends_on: {db: {condition: service_healthy, restart: true}}")
    found = create_body(made, "a", 3, image_id="sha256:0", others=OTHERS)["Labels"]
    assert len(found.pop("com.docker.compose.config-hash")) == 64
    assert found.pop("com.docker.compose.version")
    assert found == {
        "mine": "x",
        "com.docker.compose.project": "p",
        "com.docker.compose.service": "a",
        "com.docker.compose.container-number": "3",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.image": "sha256:0",
        "com.docker.compose.project.config_files": "/p/compose.yaml",
        "com.docker.compose.project.working_dir": "/p",
        "com.docker.compose.depends_on": "db:service_healthy:true",
    }
    two = create_body(project("depends_on: [db, c]", "  c: {image: y}"), "a", 1, image_id="", others=OTHERS)["Labels"]
    assert two["com.docker.compose.depends_on"] == "c:service_started:false,db:service_started:false"
    plain = create_body(project("depends_on: [db]"), "a", 1, image_id="", others=OTHERS)["Labels"]
    assert plain["com.docker.compose.depends_on"] == "db:service_started:false"


def test_names_are_the_services_own_unless_it_is_given_one() -> None:
    made = project("container_name: fixed")
    assert (container_name(made, "a", 2), container_name(made, "db", 2)) == ("fixed", "p-db-2")
    built = project("build: .")
    built.services["a"].pop("image")
    assert (image_name(built, "a"), image_name(built, "db")) == ("p-a", "d")


def one_off(service: str, *, ports: bool = False, aliases: bool = False) -> dict[str, Any]:
    return one_off_body(
        project(service), "a", "5lug", image_id="", others=OTHERS, service_ports=ports, use_aliases=aliases
    )


def test_one_for_a_command_has_no_ports_restarts_checks_and_names_of_the_service() -> None:
    full = 'ports: ["80:80"]\nexpose: ["90"]\nrestart: always\nhealthcheck: {test: a}\nhostname: h'
    made = one_off(full)
    assert {"RestartPolicy", "PortBindings"}.isdisjoint(made["HostConfig"])
    assert {"Healthcheck", "ExposedPorts"}.isdisjoint(made)
    assert made["Hostname"] == "h"
    assert (made["Labels"]["com.docker.compose.oneoff"], made["Labels"]["com.docker.compose.slug"]) == ("True", "5lug")
    assert made["NetworkingConfig"]["EndpointsConfig"] == {"p_default": {}}
    whole = one_off(full, ports=True, aliases=True)
    assert set(whole["HostConfig"]["PortBindings"]) == {"80/tcp"}
    assert set(whole["ExposedPorts"]) == {"80/tcp", "90/tcp"}
    assert whole["NetworkingConfig"]["EndpointsConfig"]["p_default"]["Aliases"] == ["p-a-1", "a"]
    assert one_off("network_mode: host")["HostConfig"]["NetworkMode"] == "host"


def without_hash(made: dict[str, Any]) -> dict[str, Any]:
    assert len(made["Labels"].pop("com.docker.compose.config-hash")) == 64
    assert made["Labels"].pop("com.docker.compose.version")
    return made


def test_a_network_is_asked_for_as_the_file_says() -> None:
    made = project("networks: [n, plain]", """
networks:
  plain: {}
  n:
    driver: bridge
    internal: true
    attachable: true
    enable_ipv6: true
    driver_opts: {a: b}
    labels: {mine: x}
    ipam: {driver: default, options: {o: p}, config: [{subnet: 10.5.0.0/16, ip_range: 10.5.1.0/24, gateway: 10.5.0.1,
                                                      aux_addresses: {router: 10.5.0.2}}]}
""")  # fmt: skip
    assert without_hash(network_body(made, "n")) == {
        "Name": "p_n", "Driver": "bridge", "Internal": True, "Attachable": True, "EnableIPv6": True,
        "Options": {"a": "b"},
        "IPAM": {"Driver": "default", "Options": {"o": "p"},
                 "Config": [{"Subnet": "10.5.0.0/16", "IPRange": "10.5.1.0/24", "Gateway": "10.5.0.1",
                             "AuxiliaryAddresses": {"router": "10.5.0.2"}}]},
        "Labels": {"mine": "x", "com.docker.compose.project": "p", "com.docker.compose.network": "n"},
    }  # fmt: skip
    assert without_hash(network_body(made, "plain")) == {
        "Name": "p_plain", "Labels": {"com.docker.compose.project": "p", "com.docker.compose.network": "plain"},
    }  # fmt: skip


def test_a_volume_is_asked_for_as_the_file_says() -> None:
    made = project(
        'volumes: ["v:/v", "w:/w"]', "volumes: {w: {}, v: {driver: local, driver_opts: {a: b}, labels: {m: x}}}"
    )
    assert without_hash(volume_body(made, "v")) == {
        "Name": "p_v", "Driver": "local", "DriverOpts": {"a": "b"},
        "Labels": {"m": "x", "com.docker.compose.project": "p", "com.docker.compose.volume": "v"},
    }  # fmt: skip
    assert without_hash(volume_body(made, "w"))["Name"] == "p_w"


def test_a_text_of_the_project_is_written_as_whose_it_is_to_be() -> None:
    made = project(
        "configs: [{source: page, target: b, uid: '5', gid: '6', mode: 0o640}, page, {source: word, target: /w}]",
        "configs: {page: {content: hello}, word: {environment: WORD}}",
    )
    assert written_files(made, "a", {}) == [
        WrittenFile("/b", "hello", 0o640, 5, 6), WrittenFile("/page", "hello", 0o444, 0, 0),
        WrittenFile("/w", "", 0o444, 0, 0),
    ]  # fmt: skip
