"""Recipes as Kubernetes manifests: the containers of one pod, the claims they need, and what cannot be said there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.recipe.exports.yaml_text import yaml_text
from engine.recipe.networks import OWN_NETWORK, is_shared
from engine.recipe.rows import ROWS, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HTTP, TCP = "WHERRY-HTTP", "WHERRY-TCP"
"""First words of a health check that the engine makes itself."""
OURS = "io.wherry."
"""Labels of our own begin so; they say nothing elsewhere."""
_POLICIES = {"no": "Never", "on-failure": "OnFailure", "always": "Always", "unless-stopped": "Always"}
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_SAID = frozenset(
    "image command entrypoint env labels workdir user tty stdin_open stdin_once ports mounts hostname restart health"
    " stop_timeout network dns dns_search dns_options extra_hosts extra_groups exposed_ports resources.memory"
    " resources.memory_reservation resources.cpus resources.cpu_shares security.privileged security.read_only_root"
    " security.capabilities_add security.capabilities_drop security sysctls pid_mode ipc_mode health.test"
    " health.interval health.timeout health.start_period health.start_interval health.retries network_aliases"
    " platform driver auto_remove log log.driver init publish_all".split()
)
_NO_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True)
class Part:
    """One container of a pod."""

    name: str
    recipe: Mapping[str, Any]
    init: bool = False
    sidecar: bool = False


@dataclass
class Files:
    """A volume whose content is in a manifest of its own."""

    kind: str
    """"configMap" or "secret"."""
    name: str


@dataclass
class PodWriter:
    """Makes one pod spec, and collects what goes beside it."""

    empty: frozenset[str] = frozenset()
    """Names of volumes that are nothing but room."""
    files: Mapping[str, Files] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _volumes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def spec(self, parts: Sequence[Part], shared: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """`shared` is the recipe of the pod they are in; without one, that of the first container says it."""
        mains = [part for part in parts if not part.init]
        chief = mains[0].recipe if mains else {}
        around = shared if shared is not None else chief
        spec: dict[str, Any] = {}
        inits = [self._container(part) for part in parts if part.init]
        if inits:
            spec["initContainers"] = inits
        spec["containers"] = [self._container(part) for part in mains]
        if shared is not None and spec["containers"]:
            _publish(spec["containers"], shared.get("ports") or ())
        if self._volumes:
            spec["volumes"] = list(self._volumes.values())
        spec["restartPolicy"] = _POLICIES[(chief.get("restart") or {}).get("name", "no")]
        return spec | self._around(around, chief, parts)

    def _around(self, around: Mapping[str, Any], chief: Mapping[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if around.get("hostname"):
            found["hostname"] = str(around["hostname"])
        network = around.get("network") or OWN_NETWORK
        if network == "host":
            found["hostNetwork"] = True
        elif network != OWN_NETWORK and not is_shared(network):
            self.remarks.append(f"its network “{network}”: pods of a cluster reach one another anyway")
        if chief.get("pid_mode") == "host":
            found["hostPID"] = True
        if chief.get("ipc_mode") == "host":
            found["hostIPC"] = True
        if chief.get("stop_timeout") is not None:
            found["terminationGracePeriodSeconds"] = max(0, round(chief["stop_timeout"]))
        found |= _names(around)
        context: dict[str, Any] = {}
        if chief.get("sysctls"):
            context["sysctls"] = [{"name": key, "value": value} for key, value in chief["sysctls"].items()]
        groups = [int(each) for part in parts for each in part.recipe.get("extra_groups") or () if each.isdigit()]
        if groups:
            context["supplementalGroups"] = list(dict.fromkeys(groups))
        return found | ({"securityContext": context} if context else {})

    # --- one container ---

    def _container(self, part: Part) -> dict[str, Any]:
        recipe = part.recipe
        found: dict[str, Any] = {"name": dns_name(part.name), "image": recipe["image"]}
        for key, own in (("command", "entrypoint"), ("args", "command")):
            if recipe.get(own):
                found[key] = [literal(word) for word in recipe[own]]
        if recipe.get("workdir"):
            found["workingDir"] = recipe["workdir"]
        if recipe.get("env"):
            found["env"] = [{"name": key, "value": literal(value)} for key, value in recipe["env"].items()]
        _add_ports(found, recipe.get("ports") or ())
        known = {(each["containerPort"], each.get("protocol", "TCP")) for each in found.get("ports", ())}
        for word in recipe.get("exposed_ports") or ():
            number, _, protocol = word.partition("/")
            if number.isdigit() and (int(number), (protocol or "tcp").upper()) not in known:
                _add_ports(found, [{"container_port": int(number), "protocol": protocol or "tcp"}])
        found |= _resources(recipe.get("resources") or {})
        if mounts := [self._mount(part.name, item) for item in recipe.get("mounts") or ()]:
            found["volumeMounts"] = mounts
        found |= self._probe(part.name, recipe)
        if context := self._security(part.name, recipe):
            found["securityContext"] = context
        found |= {key: True for key, own in (("stdin", "stdin_open"), ("tty", "tty")) if recipe.get(own)}
        if part.sidecar:
            found["restartPolicy"] = "Always"
        self._remark_rest(part)
        return found

    def _mount(self, container: str, item: Mapping[str, Any]) -> dict[str, Any]:
        name = self._volume(container, item)
        found: dict[str, Any] = {"name": name, "mountPath": item["target"]}
        if item.get("subpath"):
            found["subPath"] = item["subpath"]
        if item.get("read_only"):
            found["readOnly"] = True
        return found

    def _volume(self, container: str, item: Mapping[str, Any]) -> str:
        source = item.get("source") or ""
        kind = item["kind"]
        if kind == "bind":
            name = dns_name(source.strip("/") or "root")
            made: dict[str, Any] = {"hostPath": {"path": source}}
            if item.get("create_source"):
                made["hostPath"]["type"] = "DirectoryOrCreate"
        elif kind == "tmpfs":
            name = dns_name(f"{container}{item['target']}")
            size = item.get("tmpfs_size") or 0
            made = {"emptyDir": {"medium": "Memory", **({"sizeLimit": str(size)} if size else {})}}
        elif kind == "image":
            name = dns_name(source)
            made = {"image": {"reference": source}}
        elif source in self.files:
            name, files = dns_name(source), self.files[source]
            made = {files.kind: {"secretName" if files.kind == "secret" else "name": files.name}}
        elif not source or source in self.empty or _is_anonymous(source):
            name = dns_name(f"{container}{item['target']}" if not source or _is_anonymous(source) else source)
            made = {"emptyDir": {}}
        else:
            name = dns_name(source)
            made = {"persistentVolumeClaim": {"claimName": source}}
            if source not in self.claims:
                self.claims.append(source)
        self._volumes.setdefault(name, {"name": name, **made})
        return name

    def _probe(self, container: str, recipe: Mapping[str, Any]) -> dict[str, Any]:
        health = recipe.get("health") or {}
        words = list(health.get("test") or ())
        if not words or words[0] == "NONE":
            return {}
        probe: dict[str, Any] = _way(words)
        for key, own, default in (("periodSeconds", "interval", 30), ("timeoutSeconds", "timeout", 30)):
            probe[key] = max(1, round(health.get(own) or default))
        probe["failureThreshold"] = health.get("retries") or 3
        if health.get("start_period"):
            probe["initialDelaySeconds"] = round(health["start_period"])
        living = (recipe.get("labels") or {}).get(f"{OURS}kube.liveness")
        return {"livenessProbe" if living else "readinessProbe": probe}

    def _security(self, container: str, recipe: Mapping[str, Any]) -> dict[str, Any]:
        security = recipe.get("security") or {}
        found: dict[str, Any] = {}
        user, _, group = str(recipe.get("user") or "").partition(":")
        for key, text in (("runAsUser", user), ("runAsGroup", group)):
            if text.isdigit():
                found[key] = int(text)
            elif text:
                self.remarks.append(f"{container}: the user “{text}” (Kubernetes knows numbers only)")
        found |= {"privileged": True} if security.get("privileged") else {}
        found |= {"readOnlyRootFilesystem": True} if security.get("read_only_root") else {}
        found |= {"allowPrivilegeEscalation": False} if security.get("no_new_privileges") else {}
        lists = {"add": security.get("capabilities_add"), "drop": security.get("capabilities_drop")}
        if any(lists.values()):
            found["capabilities"] = {key: list(value) for key, value in lists.items() if value}
        if security.get("seccomp") == "unconfined":
            found["seccompProfile"] = {"type": "Unconfined"}
        if security.get("unmask_paths"):
            found["procMount"] = "Unmasked"
        return found

    def _remark_rest(self, part: Part) -> None:
        """What differs from the usual and has no word in a manifest."""
        for row in ROWS:
            value = get(dict(part.recipe), row.field)
            if row.field in _SAID or value in (None, "", [], (), {}) or value == row.default:
                continue
            self.remarks.append(f"{part.name}: {row.field} = {value}")


def _add_ports(container: dict[str, Any], ports: Iterable[Mapping[str, Any]]) -> None:
    for port in ports:
        container.setdefault("ports", []).append(_port(port))


def _publish(containers: Sequence[dict[str, Any]], ports: Iterable[Mapping[str, Any]]) -> None:
    """Ports of a pod: each in the place where a container speaks of it, at the first container where none does."""
    for port in ports:
        bare = _port({"container_port": port["container_port"], "protocol": port.get("protocol")})
        told = next((each["ports"] for each in containers if bare in each.get("ports", ())), None)
        if told is None:
            _add_ports(containers[0], [port])
        else:
            told[told.index(bare)] = _port(port)


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"containerPort": port["container_port"]}
    if port.get("host_port"):
        found["hostPort"] = port["host_port"]
    if port.get("host_ip"):
        found["hostIP"] = port["host_ip"]
    if port.get("protocol") == "udp":
        found["protocol"] = "UDP"
    return found


def _resources(resources: Mapping[str, Any]) -> dict[str, Any]:
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    if resources.get("memory"):
        limits["memory"] = memory_words(resources["memory"])
    if resources.get("cpus"):
        limits["cpu"] = cpu_words(resources["cpus"])
    if resources.get("memory_reservation"):
        requests["memory"] = memory_words(resources["memory_reservation"])
    if resources.get("cpu_shares"):
        requests["cpu"] = cpu_words(resources["cpu_shares"] / 1024)
    found = {key: value for key, value in (("limits", limits), ("requests", requests)) if value}
    return {"resources": found} if found else {}


def literal(text: str) -> str:
    """So that nothing is filled in where it is read."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


def memory_words(number: int) -> str:
    """The largest unit that says it exactly."""
    for unit, shift in (("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if number and number % (1 << shift) == 0:
            return f"{number >> shift}{unit}"
    return str(number)


def cpu_words(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{round(number * 1000)}m"


def _way(words: list[str]) -> dict[str, Any]:
    if words[0] == HTTP:
        scheme, _, rest = words[1].partition("://")
        address, slash, path = rest.partition("/")
        host, _, port = address.rpartition(":")
        get_: dict[str, Any] = {"path": slash + path, "port": int(port)}
        get_ |= {"host": host} if host != "127.0.0.1" else {}
        get_ |= {"scheme": scheme.upper()} if scheme != "http" else {}
        pairs = [line.partition(": ") for line in words[2:]]
        get_ |= {"httpHeaders": [{"name": name, "value": value} for name, _, value in pairs]} if pairs else {}
        return {"httpGet": get_}
    if words[0] == TCP:
        host, _, port = words[1].rpartition(":")
        return {"tcpSocket": {"port": int(port), **({"host": host} if host != "127.0.0.1" else {})}}
    if words[0] == "CMD":
        return {"exec": {"command": words[1:]}}
    return {"exec": {"command": ["/bin/sh", "-c", " ".join(words[1:] if words[0] == "CMD-SHELL" else words)]}}


def _names(around: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    aliases: dict[str, list[str]] = {}
    for text in around.get("extra_hosts") or ():
        name, _, address = text.partition(":")
        aliases.setdefault(address, []).append(name)
    if aliases:
        found["hostAliases"] = [{"ip": address, "hostnames": names} for address, names in aliases.items()]
    config: dict[str, Any] = {}
    for key, own in (("nameservers", "dns"), ("searches", "dns_search")):
        if around.get(own):
            config[key] = list(around[own])
    if around.get("dns_options"):
        pairs = [text.partition(":") for text in around["dns_options"]]
        config["options"] = [{"name": name, **({"value": value} if value else {})} for name, _, value in pairs]
    if config:
        found["dnsConfig"] = config
        if "nameservers" in config:
            found["dnsPolicy"] = "None"
    return found


def _is_anonymous(name: str) -> bool:
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)


def dns_name(text: str) -> str:
    """As Kubernetes takes names: small letters, digits and dashes, 63 at most."""
    return _NO_NAME.sub("-", text.lower()).strip("-")[:63].strip("-") or "app"


# --- whole objects ---


def workload(
    name: str, spec: Mapping[str, Any], labels: Mapping[str, str], *, kind: str = "pod", replicas: int = 1
) -> dict[str, Any]:
    """A Pod, or a Deployment of it."""
    theirs = {key: value for key, value in labels.items() if not key.startswith((OURS, "com.docker."))}
    own = {"app": name} | {key: value for key, value in theirs.items() if _LABEL.fullmatch(value)}
    others = {key: value for key, value in theirs.items() if key not in own}
    about: dict[str, Any] = {"name": name, "labels": own} | ({"annotations": others} if others else {})
    if kind == "pod":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": dict(spec)}
    inner = {key: value for key, value in about.items() if key != "name"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": about,
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": inner, "spec": {**spec, "restartPolicy": "Always"}},
        },
    }


def claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def service(name: str, spec: Mapping[str, Any], *, app: str = "") -> dict[str, Any] | None:
    """For the ports of a pod; None where it has none."""
    ports = [
        (port["containerPort"], port.get("protocol", "TCP"))
        for container in spec["containers"]
        for port in container.get("ports", ())
    ]
    if not ports:
        return None
    rows = [
        {"name": f"port-{number}", "port": number, "targetPort": number, "protocol": kind}
        for number, kind in dict.fromkeys(ports)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": app or name}},
        "spec": {"selector": {"app": app or name}, "ports": rows},
    }


def documents_text(objects: Iterable[Mapping[str, Any]], remarks: Sequence[str] = ()) -> str:
    """The file: remarks as comments before the objects."""
    head = "".join(f"# Not said here: {' '.join(line.split())}\n" for line in dict.fromkeys(remarks))
    return head + "---\n".join(yaml_text(each) for each in objects)


def write_kubernetes(recipe: Mapping[str, Any], name: str, *, kind: str = "pod", with_service: bool = True) -> str:
    """One container as a manifest."""
    writer = PodWriter()
    called = dns_name(name or "app")
    spec = writer.spec([Part(called, recipe)])
    objects = [claim(each) for each in writer.claims]
    objects.append(workload(called, spec, recipe.get("labels") or {}, kind=kind))
    made = service(called, spec) if with_service else None
    return documents_text([*objects, *([made] if made else [])], writer.remarks)
