"""One service of a project as a swarm's service, field by field. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.compose.planning.bodies import health_body, image_name, ulimit_body
from engine.compose.reading.normal import replicas
from engine.compose.schema.units import nanoseconds_of
from engine.swarm.shapes import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.compose.reading.loading import Project
    from engine.swarm.shapes import Json

_RESTARTS = {"no": "none", "always": "any", "unless-stopped": "any", "on-failure": "on-failure"}
_SECRETS_DIRECTORY = "/run/secrets/"


def service_spec(project: Project, name: str, *, stack: str) -> Json:
    """What `POST /services/create` gets; `stack` is "" for a service of none. Networks, configs and secrets stand in it
    by name."""
    service = project.services[name]
    marks = {NAMESPACE: stack} if stack else {}
    deploy: Mapping[str, Any] = service.get("deploy") or {}
    template = {
        "ContainerSpec": _container(project, name, service, marks),
        "Resources": _resources(service, deploy.get("resources") or {}),
        "RestartPolicy": _restart(service, deploy.get("restart_policy")),
        "Placement": _placement(deploy.get("placement") or {}),
        "Networks": _networks(project, name if stack else "", service),
        "LogDriver": _logging(service.get("logging")),
    }
    spec = {
        "Mode": _mode(service, deploy),
        "UpdateConfig": update_config(deploy.get("update_config")),
        "RollbackConfig": update_config(deploy.get("rollback_config")),
        "EndpointSpec": {"Mode": deploy.get("endpoint_mode") or "vip", "Ports": _ports(service)},
    }
    return {
        "Name": f"{stack}_{name}" if stack else name,
        "Labels": dict(deploy.get("labels") or {}),
        "TaskTemplate": _said(template),
        **_said(spec),
    }


def _said(body: Mapping[str, Any]) -> Json:
    """Without what says nothing. A zero says something."""
    return {key: value for key, value in body.items() if value or (value == 0 and value is not False)}


def _container(project: Project, name: str, service: Mapping[str, Any], marks: Mapping[str, str]) -> Json:
    health = service.get("healthcheck")
    names = {"Nameservers": service.get("dns"), "Search": service.get("dns_search"), "Options": service.get("dns_opt")}
    environment = service.get("environment") or {}
    return _said(
        {
            "Image": image_name(project, name),
            "Command": service.get("entrypoint"),
            "Args": service.get("command"),
            "Hostname": service.get("hostname"),
            "Env": sorted(key if value is None else f"{key}={value}" for key, value in environment.items()),
            "Dir": service.get("working_dir"),
            "User": service.get("user"),
            "Groups": [str(each) for each in service.get("group_add") or []],
            "TTY": service.get("tty"),
            "OpenStdin": service.get("stdin_open"),
            "Init": service.get("init"),
            "ReadOnly": service.get("read_only"),
            "StopSignal": service.get("stop_signal"),
            "StopGracePeriod": _length(service.get("stop_grace_period")),
            "Healthcheck": health_body(health) if health else None,
            "Hosts": [_host(each) for each in service.get("extra_hosts") or []],
            "DNSConfig": _said(names),
            "Sysctls": service.get("sysctls"),
            "CapabilityAdd": [_capability(each) for each in service.get("cap_add") or []],
            "CapabilityDrop": [_capability(each) for each in service.get("cap_drop") or []],
            "Ulimits": [ulimit_body(key, each) for key, each in sorted((service.get("ulimits") or {}).items())],
            "OomScoreAdj": service.get("oom_score_adj") or None,
            "Labels": {**(service.get("labels") or {}), **marks},
            "Mounts": _mounts(project, service, marks),
            "Configs": [_granted(project, "configs", each) for each in service.get("configs") or []],
            "Secrets": [_granted(project, "secrets", each) for each in service.get("secrets") or []],
        }
    )


def _host(entry: str) -> str:
    """A line of a hosts file: the address comes first."""
    name, _, address = entry.replace("=", ":", 1).partition(":")
    return f"{address.strip('[]')} {name}"


def _capability(name: str) -> str:
    word = name.upper()
    return word if word.startswith("CAP_") or word == "ALL" else f"CAP_{word}"


def _length(text: str | None) -> int | None:
    return nanoseconds_of(text) if text else None


def _mounts(project: Project, service: Mapping[str, Any], marks: Mapping[str, str]) -> list[Json]:
    found = [_mount(project, each, marks) for each in service.get("volumes") or []]
    for word in service.get("tmpfs") or []:
        found.append({"Type": "tmpfs", "Target": word.partition(":")[0]})
    return found


def _mount(project: Project, each: Mapping[str, Any], marks: Mapping[str, str]) -> Json:
    kind, source = each["type"], each.get("source") or ""
    mount: Json = {"Type": kind, "Source": source, "Target": each["target"], "ReadOnly": bool(each.get("read_only"))}
    volume, bind, tmpfs = each.get("volume") or {}, each.get("bind") or {}, each.get("tmpfs") or {}
    if kind == "volume":
        known = project.model["volumes"].get(source) or {}
        mount["Source"] = known.get("name", source)
        options: Json = {"NoCopy": volume.get("nocopy"), "Subpath": volume.get("subpath")}
        if source and not known.get("external"):
            options["Labels"] = {**(known.get("labels") or {}), **marks}
            driver = {"Name": known.get("driver"), "Options": known.get("driver_opts")}
            options["DriverConfig"] = _said(driver)
        mount["VolumeOptions"] = _said(options)
    elif kind == "bind":
        mount["BindOptions"] = _said({"Propagation": bind.get("propagation")})
    elif kind == "tmpfs":
        mount["TmpfsOptions"] = _said({"SizeBytes": int(tmpfs.get("size") or 0) or None, "Mode": tmpfs.get("mode")})
    return _said(mount)


def _granted(project: Project, kind: str, each: Mapping[str, Any]) -> Json:
    noun = "Config" if kind == "configs" else "Secret"
    known = project.model[kind].get(each["source"]) or {}
    target = str(each.get("target") or each["source"])
    if kind == "secrets":
        target = target.removeprefix(_SECRETS_DIRECTORY)
    file = {
        "Name": target,
        "UID": str(each.get("uid") or "0"),
        "GID": str(each.get("gid") or "0"),
        "Mode": int(str(each["mode"]), 8) if each.get("mode") else 0o444,
    }
    return {"File": file, f"{noun}Name": str(known.get("name") or each["source"])}


def _resources(service: Mapping[str, Any], resources: Mapping[str, Any]) -> Json:
    limits, reserved = resources.get("limits") or {}, resources.get("reservations") or {}
    cpus, kept = limits.get("cpus") or service.get("cpus"), reserved.get("cpus")
    return _said(
        {
            "Limits": _said(
                {
                    "NanoCPUs": round(float(cpus) * 1e9) if cpus else None,
                    "MemoryBytes": int(limits.get("memory") or service.get("mem_limit") or 0) or None,
                    "Pids": limits.get("pids") or service.get("pids_limit") or None,
                }
            ),
            "Reservations": _said(
                {
                    "NanoCPUs": round(float(kept) * 1e9) if kept else None,
                    "MemoryBytes": int(reserved.get("memory") or service.get("mem_reservation") or 0) or None,
                    "GenericResources": _counted(reserved.get("generic_resources") or []),
                }
            ),
        }
    )


def _counted(generic: Iterable[Mapping[str, Any]]) -> list[Json]:
    counts = [each["discrete_resource_spec"] for each in generic]
    return [{"DiscreteResourceSpec": {"Kind": str(each["kind"]), "Value": int(each["value"])}} for each in counts]


def _restart(service: Mapping[str, Any], policy: Mapping[str, Any] | None) -> Json:
    if policy:
        return _said(
            {
                "Condition": policy.get("condition") or "any",
                "Delay": _length(policy.get("delay")),
                "MaxAttempts": policy.get("max_attempts"),
                "Window": _length(policy.get("window")),
            }
        )
    name, _, count = str(service.get("restart") or "").partition(":")
    if name not in _RESTARTS:
        return {}
    return _said({"Condition": _RESTARTS[name], "MaxAttempts": int(count) if count.isdigit() else None})


def _placement(placement: Mapping[str, Any]) -> Json:
    spreads = [{"Spread": {"SpreadDescriptor": each["spread"]}} for each in placement.get("preferences") or []]
    most = placement.get("max_replicas_per_node")
    return _said({"Constraints": placement.get("constraints"), "Preferences": spreads, "MaxReplicas": most or None})


def _networks(project: Project, name: str, service: Mapping[str, Any]) -> list[Json]:
    """In a stack each is found by its name there too."""
    return [
        _said(
            {
                "Target": str(project.model["networks"][key]["name"]),
                "Aliases": [*((said or {}).get("aliases") or []), *([name] if name else [])],
                "DriverOpts": (said or {}).get("driver_opts"),
            }
        )
        for key, said in (service.get("networks") or {}).items()
    ]


def _logging(logging: Mapping[str, Any] | None) -> Json | None:
    if not logging:
        return None
    return _said({"Name": logging.get("driver"), "Options": logging.get("options")})


def _mode(service: Mapping[str, Any], deploy: Mapping[str, Any]) -> Json:
    mode, count = deploy.get("mode") or "replicated", replicas(service)
    if mode == "global":
        return {"Global": {}}
    if mode == "global-job":
        return {"GlobalJob": {}}
    if mode == "replicated-job":
        return {"ReplicatedJob": {"TotalCompletions": count, "MaxConcurrent": count}}
    return {"Replicated": {"Replicas": count}}


def update_config(said: Mapping[str, Any] | None) -> Json | None:
    """How a change is rolled out, or taken back."""
    if not said:
        return None
    parallel = said.get("parallelism")
    return _said(
        {
            "Parallelism": 1 if parallel is None else int(parallel),
            "Delay": _length(said.get("delay")),
            "FailureAction": said.get("failure_action"),
            "Monitor": _length(said.get("monitor")),
            "MaxFailureRatio": float(said.get("max_failure_ratio") or 0),
            "Order": said.get("order"),
        }
    )


def _ports(service: Mapping[str, Any]) -> list[Json]:
    found = []
    for port in service.get("ports") or []:
        published = str(port.get("published") or "")
        body = {
            "Protocol": port.get("protocol") or "tcp",
            "TargetPort": int(port["target"]),
            "PublishMode": port.get("mode") or "ingress",
        }
        found.append(body | ({"PublishedPort": int(published.partition("-")[0])} if published else {}))
    return found
