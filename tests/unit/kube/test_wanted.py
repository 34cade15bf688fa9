"""Manifests as what this engine is to run: a field at a time, faults with their place, and what is told and left."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest

from engine.compose.faults import ComposeError
from engine.kube.amounts import quantity
from engine.kube.environment import expanded
from engine.kube.labels import EMPTY, FILES, HASH, OBJECT
from engine.kube.wanted import Wanted, WantedPod, Wishes, names_of, read_wanted
from engine.types.containers import ContainerSpec, HealthCheck, Mount, PortMapping
from engine.types.pods import ADDRESS_WORD, INIT_LABEL, LIVENESS_LABEL, SIDECAR_LABEL

POD = """
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec:
{spec}
"""


def pod_text(spec: str) -> str:
    return POD.format(spec=textwrap.indent(textwrap.dedent(spec).strip("\n"), "  "))


def read(text: str, **wishes: Any) -> Wanted:
    return read_wanted({"web.yaml": text}, Wishes(**wishes))


def pod(spec: str, more: str = "") -> WantedPod:
    (found,) = read(pod_text(spec) + more).pods
    return found


def one(container: str, spec: str = "", more: str = "") -> ContainerSpec:
    """The recipe of a pod's only container."""
    inside = textwrap.indent(textwrap.dedent(container).strip("\n"), "  ")
    return (
        pod(f"{textwrap.dedent(spec).strip()}\ncontainers:\n- name: app\n  image: busybox\n{inside}", more)
        .containers[0]
        .spec
    )


def faults(text: str) -> list[str]:
    with pytest.raises(ComposeError) as caught:
        read(text)
    return [str(each) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ("command: [a, b]", "entrypoint", ("a", "b")),
        ("args: [c]", "command", ("c",)),
        ("workingDir: /srv", "workdir", "/srv"),
        ("tty: true", "tty", True),
        ("stdin: true", "stdin_open", True),
        ("env: [{name: A, value: b}]", "env", {"A": "b"}),
        ('env: [{name: A, value: "1"}, {name: B, value: "$(A)-$(NO)-$$(A)"}]', "env", {"A": "1", "B": "1-$(NO)-$(A)"}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]", "env", {"N": "web"}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}]", "env", {"N": "default"}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]", "env", {"N": ADDRESS_WORD}),
        ("""env: [{name: N, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}]""", "env", {"N": "web"}),
        ("securityContext: {runAsUser: 1000}", "user", "1000"),
        ("securityContext: {runAsUser: 1000, runAsGroup: 50}", "user", "1000:50"),
        ("securityContext: {privileged: true}", "security.privileged", True),
        ("securityContext: {readOnlyRootFilesystem: true}", "security.read_only_root", True),
        ("securityContext: {allowPrivilegeEscalation: false}", "security.no_new_privileges", True),
        ("securityContext: {capabilities: {add: [NET_ADMIN]}}", "security.capabilities_add", ("NET_ADMIN",)),
        ("securityContext: {capabilities: {drop: [ALL]}}", "security.capabilities_drop", ("ALL",)),
        ("securityContext: {seccompProfile: {type: Unconfined}}", "security.seccomp", "unconfined"),
        ("resources: {limits: {memory: 64Mi}}", "resources.memory", 64 << 20),
        ("resources: {limits: {cpu: 500m}}", "resources.cpus", 0.5),
        ("resources: {limits: {cpu: 2}}", "resources.cpus", 2.0),
        ("resources: {requests: {memory: 1G}}", "resources.memory_reservation", 10**9),
        ("resources: {requests: {cpu: 250m}}", "resources.cpu_shares", 256),
        ("ports: [{containerPort: 80}]", "exposed_ports", ("80/tcp",)),
        ("ports: [{containerPort: 53, protocol: UDP}]", "exposed_ports", ("53/udp",)),
        ("stdin: true\nstdinOnce: true", "stdin_once", True),
        ("stdinOnce: true", "stdin_once", False),
        ("securityContext: {runAsGroup: 50}", "user", "0:50"),
        ("securityContext: {allowPrivilegeEscalation: true}", "security.no_new_privileges", False),
        ("tty: false", "security.no_new_privileges", False),
        ("securityContext: {procMount: Unmasked}", "security.unmask_paths", True),
        ("securityContext: {procMount: Default}", "security.unmask_paths", False),
        ("securityContext: {seccompProfile: {type: RuntimeDefault}}", "security.seccomp", ""),
        ("resources: {requests: {cpu: 1m}}", "resources.cpu_shares", 2),
        ("tty: true", "resources.cpu_shares", 0),
        ("""env: [{name: N, valueFrom: {fieldRef: {fieldPath: "metadata.labels['no']"}}}]""", "env", {"N": ""}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: metadata.labels}}}]", "env", {"N": 'app="web"'}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]", "env", {"N": ""}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]", "env", {"N": "localhost"}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}]", "env", {"N": "default"}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]", "env", {"N": "127.0.0.1"}),
        ("env: [{name: N, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}]", "env", {"N": ADDRESS_WORD}),
        ("env: [{name: N, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]", "env", {"N": "0"}),
        ("resources: {limits: {memory: 65Mi}}\nenv: [{name: N, valueFrom: {resourceFieldRef: "
         "{resource: limits.memory, divisor: 2Mi}}}]", "env", {"N": "33"}),
        ("resources: {limits: {hugepages-2.Mi: 7}}\nenv: [{name: N, valueFrom: {resourceFieldRef: "
         "{resource: limits.hugepages-2.Mi}}}]", "env", {"N": "7"}),
    ],
)  # fmt: skip
def test_a_containers_field(written: str, field: str, value: Any) -> None:
    found: Any = one(written)
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("probe", "check"),
    [
        (
            "livenessProbe: {exec: {command: [cat, /ok]}, periodSeconds: 5, failureThreshold: 2}",
            HealthCheck(test=("CMD", "cat", "/ok"), interval=5, timeout=1, retries=2, start_interval=1),
        ),
        (
            "ports: [{name: www, containerPort: 8080}]\n"
            "readinessProbe: {httpGet: {path: /ready, port: www}, initialDelaySeconds: 3}",
            HealthCheck(test=("WHERRY-HTTP", "http://127.0.0.1:8080/ready"), interval=10, timeout=1, retries=3,
                        start_period=3, start_interval=1),
        ),
        (
            "readinessProbe: {httpGet: {path: ok, port: 1, host: db, scheme: HTTPS, "
            "httpHeaders: [{name: A, value: b}]}}\n"
            "startupProbe: {exec: {command: [a]}, initialDelaySeconds: 5, periodSeconds: 2}",
            HealthCheck(test=("WHERRY-HTTP", "https://db:1/ok", "A: b"), interval=10, timeout=1, retries=3,
                        start_period=11, start_interval=1),
        ),
        (
            "livenessProbe: {tcpSocket: {port: 1, host: db}, periodSeconds: 0, timeoutSeconds: 0, failureThreshold: 0}",
            HealthCheck(test=("WHERRY-TCP", "db:1"), interval=10, timeout=1, retries=3, start_interval=1),
        ),
        (
            "livenessProbe: {grpc: {port: 9}, timeoutSeconds: 4}",
            HealthCheck(test=("WHERRY-TCP", "127.0.0.1:9"), interval=10, timeout=4, retries=3, start_interval=1),
        ),
        (
            "readinessProbe: {tcpSocket: {port: 5432}}\nstartupProbe: {tcpSocket: {port: 5432}, failureThreshold: 30}",
            HealthCheck(test=("WHERRY-TCP", "127.0.0.1:5432"), interval=10, timeout=1, retries=3, start_period=300,
                        start_interval=1),
        ),
    ],
)  # fmt: skip
def test_a_probe_is_a_health_check(probe: str, check: HealthCheck) -> None:
    spec = one(probe)
    assert spec.health == check
    assert (LIVENESS_LABEL in spec.labels) is ("livenessProbe" in probe)


DATA = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {greeting: hello, sub.conf: "a=1\\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
data: {password: c2VjcmV0}
stringData: {user: me}
"""


@pytest.mark.parametrize(
    ("written", "env"),
    [
        ("env: [{name: A, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}]", {"A": "hello"}),
        ("env: [{name: A, valueFrom: {secretKeyRef: {name: key, key: password}}}]", {"A": "secret"}),
        ("envFrom: [{secretRef: {name: key}}]", {"password": "secret", "user": "me"}),
        ("envFrom: [{prefix: X_, configMapRef: {name: words}}]", {"X_greeting": "hello", "X_sub.conf": "a=1\n"}),
        ("envFrom: [{configMapRef: {name: none, optional: true}}]", {}),
        ("resources: {limits: {memory: 64Mi}}\nenv: [{name: M, valueFrom: {resourceFieldRef: {resource: limits.memory, "
         "divisor: 1Mi}}}]", {"M": "64"}),
    ],
)  # fmt: skip
def test_variables_come_from_maps_and_secrets(written: str, env: dict[str, str]) -> None:
    assert one(written, more=DATA).env == env


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ("securityContext: {runAsUser: 7}", "user", "7"),
        ("securityContext: {supplementalGroups: [5, 6], fsGroup: 7}", "extra_groups", ("5", "6", "7")),
        ("securityContext: {seccompProfile: {type: Unconfined}}", "security.seccomp", "unconfined"),
        ("hostPID: true", "pid_mode", "host"),
        ("hostPID: true", "ipc_mode", ""),
        ("hostIPC: true", "ipc_mode", "host"),
        ("hostIPC: true", "pid_mode", ""),
        ("terminationGracePeriodSeconds: 0", "stop_timeout", 0.0),
        ("hostname: x", "stop_timeout", None),
        ("hostname: x", "restart.name", "always"),
        ("restartPolicy: Never", "restart.name", "no"),
        ("restartPolicy: OnFailure", "restart.maximum_retries", 0),
    ],
)
def test_what_a_pod_says_of_all_its_containers(spec: str, field: str, value: Any) -> None:
    found: Any = one("", spec)
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("volume", "mount", "expected"),
    [
        ("hostPath: {path: /srv}", "", Mount(kind="bind", source="/srv", target="/m", create_source=False)),
        ("hostPath: {path: /}", ", subPath: a/b",
         Mount(kind="bind", source="/a/b", target="/m", create_source=False)),
        ("hostPath: {path: /srv/, type: DirectoryOrCreate}", ", subPath: a",
         Mount(kind="bind", source="/srv/a", target="/m", create_source=True)),
        ("hostPath: {path: /srv}", ", mountPropagation: HostToContainer",
         Mount(kind="bind", source="/srv", target="/m", create_source=False, propagation="rslave")),
        ("hostPath: {path: /srv}", ", mountPropagation: Bidirectional",
         Mount(kind="bind", source="/srv", target="/m", create_source=False, propagation="rshared")),
        ("hostPath: {path: /srv}", ", mountPropagation: None",
         Mount(kind="bind", source="/srv", target="/m", create_source=False, propagation="rprivate")),
        ("secret: {secretName: key}", "", Mount(kind="volume", source="web-v", target="/m", read_only=True,
                                               copy_up=False)),
        ("secret: {name: key}", "", Mount(kind="volume", source="web-v", target="/m", read_only=True, copy_up=False)),
        ("emptyDir: {}", ", readOnly: true", Mount(kind="volume", source="web-v", target="/m", read_only=True,
                                                    copy_up=False)),
    ],
)  # fmt: skip
def test_a_volume_as_a_container_has_it(volume: str, mount: str, expected: Mount) -> None:
    spec = one(f"volumeMounts: [{{name: v, mountPath: /m{mount}}}]", f"volumes: [{{name: v, {volume}}}]", DATA)
    assert spec.mounts == (expected,)


@pytest.mark.parametrize("kind", ["CharDevice", "BlockDevice"])
def test_a_device_of_this_machine_is_a_device(kind: str) -> None:
    spec = one(
        "volumeMounts: [{name: v, mountPath: /dev/x}]",
        f"volumes: [{{name: v, hostPath: {{path: /dev/fuse, type: {kind}}}}}]",
    )
    assert not spec.mounts
    assert [(each.host_path, each.container_path) for each in spec.devices] == [("/dev/fuse", "/dev/x")]


def test_volumes_say_whose_they_are() -> None:
    text = pod_text(
        """
        securityContext: {fsGroup: 50}
        volumes:
        - {name: room}
        - {name: memory, emptyDir: {medium: Memory}}
        - {name: conf, configMap: {name: words}}
        - {name: pass, secret: {secretName: key, items: [{key: user, path: u, mode: 256}]}}
        - {name: told, downwardAPI: {defaultMode: 256, items: [{path: n, fieldRef: {fieldPath: metadata.name}}]}}
        - {name: data, persistentVolumeClaim: {claimName: pgdata}}
        containers: [{name: app, image: b}]
        """
    )
    claim = "\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: pgdata, labels: {a: b}}\n"
    found = read(text + DATA + claim).volumes
    assert {name: dict(each.labels) for name, each in found.items()} == {
        "web-room": {EMPTY: "Pod/web"},
        "web-memory": {EMPTY: "Pod/web"},
        "web-conf": {EMPTY: "Pod/web", FILES: "configMap"},
        "web-pass": {EMPTY: "Pod/web", FILES: "secret"},
        "web-told": {EMPTY: "Pod/web", FILES: "configMap"},
        "pgdata": {"a": "b", OBJECT: "PersistentVolumeClaim/pgdata"},
    }
    assert {name: each.group for name, each in found.items() if each.group} == dict.fromkeys(
        ("web-room", "web-memory", "web-conf", "web-pass", "web-told"), 50
    )
    assert found["web-memory"].options["o"] == "mode=1777"
    assert [(path, file.mode) for path, file in (found["web-told"].files or {}).items()] == [("n", 0o400)]
    assert [(path, file.text, file.mode) for path, file in (found["web-pass"].files or {}).items()] == [
        ("u", b"me", 0o400)
    ]
    assert found["pgdata"].name == "pgdata"
    assert found["pgdata"].keeps


def test_volumes_are_made_filled_and_mounted() -> None:
    text = (
        pod_text(
            """
            securityContext: {fsGroup: 50}
            volumes:
            - {name: room, emptyDir: {}}
            - {name: quick, emptyDir: {medium: Memory, sizeLimit: 8Mi}}
            - {name: host, hostPath: {path: /srv/data, type: DirectoryOrCreate}}
            - {name: conf, configMap: {name: words, items: [{key: sub.conf, path: etc/sub.conf, mode: 0o600}]}}
            - {name: pass, secret: {secretName: key, defaultMode: 256}}
            - {name: data, persistentVolumeClaim: {claimName: pgdata}}
            - name: all
              projected:
                sources:
                - {configMap: {name: words}}
                - {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
            containers:
            - name: app
              image: busybox
              volumeMounts:
              - {name: room, mountPath: /room, subPath: a/b}
              - {name: host, mountPath: /host, readOnly: true}
              - {name: conf, mountPath: /etc/sub.conf, subPath: etc/sub.conf}
              - {name: data, mountPath: /data}
            """
        )
        + DATA
    )
    wanted = read(text)
    (found,) = wanted.pods
    assert found.containers[0].spec.mounts == (
        Mount(kind="volume", source="web-room", target="/room", subpath="a/b", copy_up=False),
        Mount(kind="bind", source="/srv/data", target="/host", read_only=True, create_source=True),
        Mount(kind="volume", source="web-conf", target="/etc/sub.conf", subpath="etc/sub.conf", read_only=True,
              copy_up=False),
        Mount(kind="volume", source="pgdata", target="/data", copy_up=False),
    )  # fmt: skip
    assert found.containers[0].spec.extra_groups == ("50",)
    volumes = wanted.volumes
    assert volumes["web-room"].folders == {"a/b"}
    assert volumes["web-quick"].options == {"type": "tmpfs", "device": "tmpfs", "o": "mode=1777,size=8388608"}
    assert {path: (file.text, file.mode) for path, file in (volumes["web-conf"].files or {}).items()} == {
        "etc/sub.conf": (b"a=1\n", 0o600)
    }
    assert {path: file.mode for path, file in (volumes["web-pass"].files or {}).items()} == {
        "password": 0o400,
        "user": 0o400,
    }
    assert set(volumes["web-all"].files or {}) == {"greeting", "sub.conf", "name"}
    assert volumes["pgdata"].keeps
    assert not volumes["web-room"].keeps


def test_what_runs_first_is_marked_and_in_order() -> None:
    found = pod(
        """
        restartPolicy: OnFailure
        initContainers:
        - {name: first, image: busybox}
        - {name: beside, image: busybox, restartPolicy: Always}
        containers:
        - {name: app, image: busybox}
        """
    )
    labels = {each.name: each.spec.labels for each in found.containers}
    policies = {each.name: each.spec.restart.name for each in found.containers}
    assert labels["web-first"][INIT_LABEL] == "1"
    assert SIDECAR_LABEL in labels["web-beside"]
    assert INIT_LABEL not in labels["web-app"]
    assert policies == {"web-first": "no", "web-beside": "always", "web-app": "on-failure"}


def test_a_pods_own_words() -> None:
    found = pod(
        """
        hostname: box
        terminationGracePeriodSeconds: 3
        hostAliases: [{ip: 10.0.0.9, hostnames: [db, database]}]
        dnsConfig:
          nameservers: [9.9.9.9]
          searches: [example.org]
          options: [{name: ndots, value: "2"}, {name: rotate}]
        containers:
        - name: app
          image: busybox
          ports: [{containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1}, {containerPort: 90}]
        """
    )
    recipe = found.recipe
    assert recipe.hostname == "box"
    assert recipe.extra_hosts == ("db:10.0.0.9", "database:10.0.0.9")
    assert (recipe.dns, recipe.dns_search, recipe.dns_options) == (
        ("9.9.9.9",),
        ("example.org",),
        ("ndots:2", "rotate"),
    )
    assert recipe.ports == (PortMapping(container_port=80, host_port=8080, host_ip="127.0.0.1"),)
    assert recipe.network == "kube"
    assert found.containers[0].spec.stop_timeout == 3.0
    host = pod("hostNetwork: true\ncontainers: [{name: app, image: busybox}]")
    assert host.recipe.network == "host"


def workload(kind: str, spec: str) -> str:
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: web}}
spec:
  {spec}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: app, image: busybox, ports: [{{name: www, containerPort: 80}}]}}]
"""


@pytest.mark.parametrize(
    ("kind", "spec", "names"),
    [
        ("Deployment", "replicas: 1", ["web-pod"]),
        ("Deployment", "replicas: 3", ["web-pod", "web-pod-2", "web-pod-3"]),
        ("Deployment", "replicas: 0", []),
        ("StatefulSet", "replicas: 2", ["web-0", "web-1"]),
        ("DaemonSet", "selector: {}", ["web-pod"]),
        ("Job", "backoffLimit: 2", ["web-pod"]),
    ],
)
def test_workloads_are_pods(kind: str, spec: str, names: list[str]) -> None:
    assert [each.name for each in read(workload(kind, spec)).pods] == names


def test_claims_of_a_stateful_set_are_one_for_each() -> None:
    templates = "volumeClaimTemplates: [{metadata: {name: data}}]\n  replicas: 2"
    text = workload("StatefulSet", templates).replace(
        "image: busybox,", "image: busybox, volumeMounts: [{name: data, mountPath: /data}],"
    )
    wanted = read(text)
    sources = [each.containers[0].spec.mounts[0].source for each in wanted.pods]
    assert sources == ["data-web-0", "data-web-1"]
    assert all(wanted.volumes[name].keeps for name in sources)


def test_a_service_gives_names_and_ports() -> None:
    service = """
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: www, nodePort: 30080}]}
"""
    wanted = read(workload("Deployment", "replicas: 2") + service)
    first, second = (each.recipe for each in wanted.pods)
    assert first.network_aliases[:2] == ("shop", "shop.default")
    assert first.ports == (PortMapping(container_port=80, host_port=30080),)
    assert second.network_aliases == first.network_aliases
    assert second.ports == ()


def test_a_job_is_tried_again_as_often_as_it_says() -> None:
    def policy(spec: str, kind: str = "Job") -> tuple[str, int]:
        restart = read(workload(kind, spec)).pods[0].containers[0].spec.restart
        return restart.name, restart.maximum_retries

    assert policy("backoffLimit: 2") == ("on-failure", 2)
    assert policy("selector: {}") == ("on-failure", 6)
    assert policy("backoffLimit: 2", "Deployment") == ("always", 0)


def test_an_image_is_fetched_as_the_policy_says() -> None:
    def fetched(policy: str) -> tuple[bool, bool]:
        made = pod(f"containers: [{{name: app, image: b{policy}}}]").containers[0]
        return made.pull, made.never_pull

    assert fetched("") == (False, False)
    assert fetched(", imagePullPolicy: IfNotPresent") == (False, False)
    assert fetched(", imagePullPolicy: Always") == (True, False)
    assert fetched(", imagePullPolicy: Never") == (False, True)


def test_what_prepares_a_pod_runs_once_unless_it_stays_beside_it() -> None:
    found = pod("initContainers: [{name: a, image: b, restartPolicy: Always}]\ncontainers: [{name: c, image: d}]")
    beside, main = found.containers
    assert (beside.spec.restart.name, beside.spec.labels[SIDECAR_LABEL], beside.spec.labels[INIT_LABEL]) == (
        "always", "", "1",
    )  # fmt: skip
    assert beside.spec.network == main.spec.network == "pod:web"
    assert {SIDECAR_LABEL, INIT_LABEL}.isdisjoint(main.spec.labels)
    assert main.spec.labels == {"app": "web", OBJECT: "Pod/web"}


def test_a_pod_knows_of_what_it_was_made_and_needs_its_networks() -> None:
    wanted = read(pod_text("containers: [{name: a, image: b}]"))
    (found,) = wanted.pods
    assert found.recipe.labels == {"app": "web", OBJECT: "Pod/web", HASH: found.hash}
    assert found.object == "Pod/web"
    assert wanted.networks == ("kube",)
    for network in ("pasta", "host", "none"):
        assert read(pod_text("containers: [{name: a, image: b}]"), network=network).networks == ()
    host = read(
        pod_text("hostNetwork: true\ncontainers: [{name: a, image: b, ports: [{containerPort: 1, hostPort: 2}]}]")
    )
    assert (host.networks, host.pods[0].recipe.ports) == ((), ())


@pytest.mark.parametrize("kind", ["List", "PodList"])
def test_objects_of_a_list_count_each(kind: str) -> None:
    one_of_them = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: b, image: c}]}}"
    assert [each.name for each in read(f"apiVersion: v1\nkind: {kind}\nitems: [{one_of_them}]").pods] == ["a"]


def test_what_is_taken_down_is_named_even_where_files_are_wrong() -> None:
    text = workload("Deployment", "replicaz: 1") + "---\napiVersion: v1\nkind: PersistentVolumeClaim\n"
    assert names_of({"a.yaml": text + "metadata: {name: data}"}) == ({"Deployment/web"}, {"data"})


def test_every_service_that_selects_a_pod_names_it_and_none_of_elsewhere() -> None:
    def service(name: str, spec: str, space: str = "default") -> str:
        return f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {space}}}\nspec: {spec}\n"

    text = (
        workload("Deployment", "replicas: 1")
        + service("far", "{selector: {app: web}}", "else")
        + service("all", "{ports: []}")
        + service("other", "{selector: {app: web, tier: x}}")
        + service("one", "{selector: {app: web}, type: LoadBalancer, ports: [{port: 80}, {port: 53, protocol: UDP}]}")
        + service("two", "{selector: {app: web}, ports: [{port: 90}]}")
    )
    recipe = read(text).pods[0].recipe
    assert recipe.network_aliases == tuple(
        f"{name}{end}" for name in ("one", "two") for end in ("", ".default", ".default.svc",
                                                              ".default.svc.cluster.local")
    )  # fmt: skip
    assert recipe.ports == (
        PortMapping(container_port=80, host_port=80),
        PortMapping(container_port=53, host_port=53, protocol="udp"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Pod\nmetadata: {name: a}", "apiVersion"),
        ("apiVersion: v1\nkind: Pods\nmetadata: {name: a}", "did you mean “Pod”"),
        ("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}", "runs by the clock"),
        (pod_text("containers: [{name: a, image: b, comand: [c]}]"), "did you mean “command”"),
        (pod_text("containers: [{name: a}]"), "“image” is missing"),
        (pod_text("containers: []"), "a pod needs a container"),
        (pod_text("containers: [{name: a, image: b, env: [{name: X, value: 5}]}]"), "a text must stand"),
        (pod_text("containers: [{name: a, image: b, args: [5]}]"), "write it in quotes"),
        (pod_text("containers: [{name: a, image: b, volumeMounts: [{name: dat, mountPath: /d}]}]\n"
                  "volumes: [{name: data, emptyDir: {}}]"), "did you mean “data”"),
        (pod_text("containers: [{name: a, image: b, envFrom: [{secretRef: {name: kee}}]}]") + DATA,
         "did you mean “key”"),
        (pod_text("containers: [{name: a, image: b, resources: {limits: {memory: lots}}}]"), "is no amount"),
        (pod_text("restartPolicy: Allways\ncontainers: [{name: a, image: b}]"), "did you mean “Always”"),
        (pod_text("containers: [{name: a, image: b}]\nvolumes: [{name: v, configMap: {name: words, items: "
                  "[{key: greeting, path: ../../etc/passwd}]}}]") + DATA, "leads out of the volume"),
        (pod_text("containers: [{name: a, image: b}, {name: a, image: b}]"), "is there twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    found = faults(text)
    assert any(re.search(told, each) for each in found), found
    assert all(each.startswith("web.yaml:") for each in found)


def test_what_means_nothing_here_is_said_and_left() -> None:
    text = pod_text("shareProcessNamespace: true\ncontainers: [{name: a, image: b, lifecycle: {preStop: {}}}]")
    wanted = read(text + "\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\n")
    told = "\n".join(map(str, wanted.problems))
    assert len(wanted.pods) == 1
    for word in ("shareProcessNamespace", "lifecycle", "Ingress"):
        assert word in told


def test_the_same_files_have_the_same_hash_and_others_another() -> None:
    text = workload("Deployment", "replicas: 1")
    assert read(text).pods[0].hash == read(text).pods[0].hash
    assert read(text).pods[0].hash != read(text.replace("busybox", "alpine")).pods[0].hash
    filled = pod_text("containers: [{name: a, image: b}]\nvolumes: [{name: v, configMap: {name: words}}]")
    assert read(filled + DATA).pods[0].hash != read(filled + DATA.replace("hello", "bye")).pods[0].hash


def test_wishes_beside_the_files() -> None:
    text = workload("Deployment", "replicas: 1")
    wanted = read(text, network="town", publish_all=True, replicas=2)
    first, second = (each.recipe for each in wanted.pods)
    assert (first.network, first.ports) == ("town", (PortMapping(container_port=80),))
    assert second.ports == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), ("500m", 0.5), ("128Mi", 128 << 20), ("1.5Gi", 1.5 * (1 << 30)), ("2k", 2000.0), ("1e3", 1000.0),
     ("x", None), ("", None), ("1Zi", None)],
)  # fmt: skip
def test_quantities(text: str, number: float | None) -> None:
    assert quantity(text) == number


def test_a_word_that_nobody_knows_stays() -> None:
    assert expanded("$(A) $(B) $$(A) $", {"A": "x"}) == "x $(B) $(A) $"
