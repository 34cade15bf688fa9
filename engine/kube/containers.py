"""One container of a pod spec as a recipe of this engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.kube.amounts import quantity
from engine.kube.environment import environment, expanded
from engine.kube.probes import health
from engine.kube.volumes import mounts
from engine.types.containers import ContainerSpec, PortMapping, Resources, RestartPolicy, Security
from engine.types.pods import LIVENESS_LABEL

if TYPE_CHECKING:
    from engine.kube.environment import Surroundings
    from engine.kube.node import Node
    from engine.kube.volumes import PodVolumes

_FIELDS = (
    "name", "image", "command", "args", "workingDir", "env", "envFrom", "ports", "resources", "volumeMounts",
    "livenessProbe", "readinessProbe", "startupProbe", "securityContext", "imagePullPolicy", "stdin", "stdinOnce",
    "tty", "restartPolicy",
)  # fmt: skip
_LEFT = {
    "lifecycle": "is not carried out here: the hooks do not run",
    "volumeDevices": "needs block devices of a cluster",
    "resizePolicy": "is a matter of clusters",
}
_QUIETLY = ("terminationMessagePath", "terminationMessagePolicy")
_POLICIES = {"Always": "always", "OnFailure": "on-failure", "Never": "no"}
_LEAST_SHARES, _SHARES = 2, 1024


def container_spec(
    node: Node, pod: Node, place: Surroundings, volumes: PodVolumes, *, policy: str, retries: int = 0
) -> ContainerSpec:
    """`policy` is the pod's restart policy, in Kubernetes' words."""
    node.only((*_FIELDS, *_QUIETLY), _LEFT)
    found = environment(node, place)
    check, living = health(node, named_ports(node))
    binds, devices = mounts(node, volumes)
    grace = pod.whole("terminationGracePeriodSeconds", -1)
    command = tuple(expanded(word, found) for word in node.texts("command"))
    arguments = tuple(expanded(word, found) for word in node.texts("args"))
    return ContainerSpec(
        image=node.need("image"),
        entrypoint=command or None,
        command=arguments or None,
        env=found,
        workdir=node.text("workingDir") or None,
        user=_user(node, pod) or None,
        extra_groups=_groups(pod),
        labels={LIVENESS_LABEL: "yes"} if living and policy != "Never" else {},
        tty=node.flag("tty"),
        stdin_open=node.flag("stdin"),
        stdin_once=node.flag("stdin") and node.flag("stdinOnce"),
        exposed_ports=tuple(f"{port.container_port}/{port.protocol}" for port in container_ports(node)),
        mounts=binds,
        devices=devices,
        resources=_resources(node.below("resources")),
        security=_security(node.below("securityContext"), pod.below("securityContext")),
        restart=RestartPolicy(
            name=_POLICIES[policy],  # type: ignore[arg-type]
            maximum_retries=retries if policy == "OnFailure" else 0,
        ),
        stop_timeout=float(grace) if grace >= 0 else None,
        health=check,
        pid_mode="host" if pod.flag("hostPID") else "",
        ipc_mode="host" if pod.flag("hostIPC") else "",
    )


def named_ports(node: Node) -> dict[str, int]:
    return {each.text("name"): each.whole("containerPort") for each in node.each("ports") if each.text("name")}


def container_ports(node: Node) -> list[PortMapping]:
    """Every port it speaks of; those with a hostPort are published."""
    found = []
    for port in node.each("ports"):
        port.only(("name", "containerPort", "hostPort", "hostIP", "protocol"))
        number, protocol = port.whole("containerPort"), port.text("protocol", "TCP")
        if not 0 < number < 65536:
            port.note("a port is a number from 1 to 65535", key="containerPort")
        elif protocol not in ("TCP", "UDP"):
            port.note(f"{protocol} is not forwarded here", key="protocol", warning=True)
        else:
            found.append(
                PortMapping(
                    container_port=number,
                    host_port=port.whole("hostPort"),
                    protocol="udp" if protocol == "UDP" else "tcp",
                    host_ip=port.text("hostIP"),
                )
            )
    return found


def _user(node: Node, pod: Node) -> str:
    own, shared = node.below("securityContext"), pod.below("securityContext")
    user, group = (_either(own, shared, f"runAs{word}") for word in ("User", "Group"))
    if user is None and group is None:
        return ""
    return f"{user or 0}:{group}" if group is not None else str(user)


def _either(own: Node, shared: Node, key: str) -> int | None:
    for node in (own, shared):
        if node.has(key):
            return node.whole(key)
    return None


def _groups(pod: Node) -> tuple[str, ...]:
    context = pod.below("securityContext")
    found = [str(each) for each in (context.value or {}).get("supplementalGroups") or [] if isinstance(each, int)]
    return (*found, *([str(context.whole("fsGroup"))] if context.has("fsGroup") else []))


def _resources(node: Node) -> Resources:
    node.only(("limits", "requests"), {"claims": "are a matter of clusters"})

    def amount(kind: str, name: str) -> float:
        below = node.below(kind)
        text = below.any_text(name)
        found = quantity(text) if text else 0.0
        if found is None:
            below.note(f"“{text}” is no amount", key=name, hint="write it like 500m or 128Mi")
        return found or 0.0

    for kind in ("limits", "requests"):
        for name in node.below(kind).value:
            if name not in ("cpu", "memory", "ephemeral-storage") and not str(name).startswith("hugepages-"):
                node.below(kind).note("nothing here gives it out", key=name, warning=True)
    shares = amount("requests", "cpu")
    return Resources(
        memory=int(amount("limits", "memory")),
        memory_reservation=int(amount("requests", "memory")),
        cpus=amount("limits", "cpu"),
        cpu_shares=max(_LEAST_SHARES, round(shares * _SHARES)) if shares else 0,
    )


def _security(own: Node, shared: Node) -> Security:
    own.only(
        ("runAsUser", "runAsGroup", "privileged", "readOnlyRootFilesystem", "capabilities", "allowPrivilegeEscalation",
         "seccompProfile", "procMount", "runAsNonRoot"),
        {"seLinuxOptions": "is not set here", "windowsOptions": "is for Windows", "appArmorProfile": "is not set here"},
    )  # fmt: skip
    capabilities = own.below("capabilities")
    capabilities.only(("add", "drop"))
    profile = own.below("seccompProfile").text("type") or shared.below("seccompProfile").text("type")
    if profile == "Localhost":
        own.note("a profile of a node's is not here; the usual list is used", key="seccompProfile", warning=True)
    return Security(
        privileged=own.flag("privileged"),
        read_only_root=own.flag("readOnlyRootFilesystem"),
        capabilities_add=capabilities.texts("add"),
        capabilities_drop=capabilities.texts("drop"),
        no_new_privileges=own.has("allowPrivilegeEscalation") and not own.flag("allowPrivilegeEscalation"),
        seccomp="unconfined" if profile == "Unconfined" else "",
        unmask_paths=own.text("procMount") == "Unmasked",
    )
