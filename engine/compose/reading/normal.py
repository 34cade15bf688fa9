"""A merged project made complete and checked: default network, names, environments, what depends on what, profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.compose.faults import ComposeError, Path, Problem, near_miss
from engine.compose.reading.ordering import circle

EnvFileReader = Callable[..., dict[str, str | None]]

INVALID = "invalid compose project"


def normalise(
    name: str,
    model: dict[str, Any],
    profiles: tuple[str, ...],
    variables: Mapping[str, str],
    env_file: EnvFileReader,
    problems: list[Problem],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the project with its enabled services, the disabled ones). What is wrong is added to the problems."""
    services: dict[str, Any] = model.get("services") or {}
    for each, service in services.items():
        _complete(name, each, service, variables, problems)
    enabled, disabled = _by_profiles(services, profiles)
    whole = {
        "name": name,
        **{key: value for key, value in model.items() if key.startswith("x-") or key == "models"},
        "services": enabled,
        "networks": _named(name, model.get("networks"), "networks", problems),
        "volumes": _named(name, model.get("volumes"), "volumes", problems),
        "secrets": _named(name, model.get("secrets"), "secrets", problems),
        "configs": _named(name, model.get("configs"), "configs", problems),
    }
    for each, service in services.items():
        if "network_mode" not in service and "provider" not in service and "default" in (service.get("networks") or {}):
            whole["networks"].setdefault("default", {"name": f"{name}_default"})
        _check_references(each, service, whole, services, problems, enabled=each in enabled)
    _check_names(enabled, problems)
    if not any(not problem.warning for problem in problems):
        _refuse_cycles(services)
        for each, service in enabled.items():
            _resolve_environment(each, service, variables, env_file, problems)
    return whole, disabled


# --- one service ---


def _complete(
    project: str, name: str, service: dict[str, Any], variables: Mapping[str, str], problems: list[Problem]
) -> None:
    path: Path = ("services", name)
    if service.get("network_mode") is not None and service.get("networks"):
        problems.append(Problem(path, f"declares mutually exclusive `network_mode` and `networks`: {INVALID}"))
    if "network_mode" not in service and not service.get("networks") and "provider" not in service:
        service["networks"] = {"default": None}
    if isinstance(service.get("models"), list):
        service["models"] = dict.fromkeys(service["models"])
    for each in service.get("secrets") or []:
        each.setdefault("target", f"/run/secrets/{each['source']}")
    _tie(service)
    _agree(path, service, problems)
    if build := service.get("build"):
        args = build.get("args") or {}
        build["args"] = {key: value if value is not None else variables.get(key) for key, value in args.items()}
        build["args"] = {key: value for key, value in build["args"].items() if value is not None}
        if not build["args"]:
            del build["args"]
        platforms, platform = build.get("platforms"), service.get("platform")
        if platforms and platform and platform not in platforms:
            problems.append(
                Problem((*path, "build", "platforms"), f'MUST include service.platform "{platform}": {INVALID}')
            )
    if not any(service.get(key) for key in ("image", "build", "provider")):
        problems.append(
            Problem(path, f'service "{name}" has neither an image nor a build context specified: {INVALID}')
        )


def _tie(service: dict[str, Any]) -> None:
    """What a service leans on comes before it, said or not."""
    needs: dict[str, dict[str, Any]] = dict(service.get("depends_on") or {})

    def need(name: str, *, restart: bool) -> None:
        needs.setdefault(name, {"condition": "service_started", "restart": restart, "required": True})

    for link in service.get("links") or []:
        need(link.partition(":")[0], restart=True)
    for key in ("network_mode", "ipc", "pid", "uts", "cgroup"):
        kind, _, other = (service.get(key) or "").partition(":")
        if kind == "service":
            need(other, restart=True)
    for each in service.get("volumes_from") or []:
        if not each.startswith("container:"):
            need(each.partition(":")[0], restart=False)
    for wait in needs.values():
        if wait.get("restart") is False:
            del wait["restart"]
    if needs:
        service["depends_on"] = needs


def _agree(path: Path, service: dict[str, Any], problems: list[Problem]) -> None:
    """Where two fields say one thing, they say the same."""
    deploy = service.get("deploy")
    if service.get("scale") is not None:
        if deploy and deploy.get("replicas") is not None and deploy["replicas"] != service["scale"]:
            _differ(path, "scale", "deploy.replicas", problems)
        if deploy is not None:
            deploy["replicas"] = service["scale"]
    pairs = (
        ("cpus", ("limits", "cpus")),
        ("mem_limit", ("limits", "memory")),
        ("mem_reservation", ("reservations", "memory")),
        ("pids_limit", ("limits", "pids")),
    )
    resources = (deploy or {}).get("resources") or {}
    for key, (group, field) in pairs:
        other = (resources.get(group) or {}).get(field)
        if service.get(key) not in (None, 0, "0") and resources.get(group) and other != service[key]:
            _differ(path, key, f"deploy.resources.{group}.{field}", problems)
    if service.get("container_name") and replicas(service) > 1:
        problems.append(
            Problem(
                path,
                f"can't set container_name and {'scale' if service.get('scale') else 'deploy.replicas'} > 1: {INVALID}",
            )
        )


def _differ(path: Path, one: str, other: str, problems: list[Problem]) -> None:
    problems.append(Problem(path, f"can't set distinct values on '{one}' and '{other}': {INVALID}"))


def replicas(service: Mapping[str, Any]) -> int:
    """How many containers a service is to have."""
    if service.get("scale") is not None:
        return int(service["scale"])
    wanted = (service.get("deploy") or {}).get("replicas")
    return 1 if wanted is None else int(wanted)


def _resolve_environment(
    name: str, service: dict[str, Any], variables: Mapping[str, str], env_file: EnvFileReader, problems: list[Problem]
) -> None:
    found: dict[str, str | None] = {}
    for at, entry in enumerate(service.pop("env_file", None) or []):
        path: Path = ("services", name, "env_file", at)
        try:
            around = {**{key: value for key, value in found.items() if value is not None}, **variables}
            found |= env_file(entry["path"], around, raw=entry.get("format") == "raw")
        except FileNotFoundError:
            if entry.get("required", True):
                where = entry["path"]
                problems.append(Problem(path, f"env file {where} not found: stat {where}: no such file or directory"))
        except (OSError, UnicodeError) as error:
            problems.append(Problem(path, f"env file {entry['path']} cannot be read: {error}"))
        except ComposeError as error:
            problems.extend(error.problems)
    for key, value in (service.get("environment") or {}).items():
        found[key] = variables.get(key) if value is None else value
    if found:
        service["environment"] = found
    _resolve_labels(name, service, env_file, problems)


def _resolve_labels(name: str, service: dict[str, Any], env_file: EnvFileReader, problems: list[Problem]) -> None:
    labels: dict[str, str] = {}
    for path in service.get("label_file") or []:
        try:
            labels |= {key: value or "" for key, value in env_file(path, {}, raw=False).items()}
        except OSError:
            problems.append(Problem(("services", name, "label_file"), f"label file {path} not found"))
    if labels:
        service["labels"] = labels | (service.get("labels") or {})


# --- the whole ---


def _by_profiles(services: dict[str, Any], profiles: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    def chosen(service: Mapping[str, Any]) -> bool:
        wanted = service.get("profiles") or []
        return not wanted or "*" in profiles or bool(set(wanted) & set(profiles))

    enabled = {name: service for name, service in services.items() if chosen(service)}
    return enabled, {name: service for name, service in services.items() if name not in enabled}


def _named(project: str, group: dict[str, Any] | None, kind: str, problems: list[Problem]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for key, written in (group or {}).items():
        entry = dict(written or {})
        external = entry.get("external")
        if isinstance(external, dict):
            entry["name"] = entry.get("name") or external.get("name") or key
            external = True
        if isinstance(external, str):
            external = external.lower() == "true"
        if external:
            entry["external"] = True
            entry.setdefault("name", key)
        else:
            entry.pop("external", None)
            entry.setdefault("name", f"{project}_{key}")
        if kind in ("secrets", "configs") and not external:
            ways = [way for way in ("file", "environment", "content") if entry.get(way) is not None]
            if len(ways) != 1 and not entry.get("driver"):
                known = "file|environment" + ("|content" if kind == "configs" else "")
                problems.append(
                    Problem(
                        (kind, key),
                        f"one of {known} must be set" if not ways else f"{' and '.join(ways)} exclude each other",
                    )
                )
        named[key] = entry
    return named


def _check_names(services: Mapping[str, Any], problems: list[Problem]) -> None:
    """One name for one container."""
    users: dict[str, str] = {}
    for name, service in services.items():
        if chosen := service.get("container_name"):
            if other := users.get(chosen):
                told = f'container name "{chosen}" is already in use by service {other}: {INVALID}'
                problems.append(Problem(("services", name, "container_name"), told))
            users.setdefault(chosen, name)


def _check_references(
    name: str,
    service: dict[str, Any],
    whole: dict[str, Any],
    services: dict[str, Any],
    problems: list[Problem],
    *,
    enabled: bool,
) -> None:
    """Whatever a service names is there, in the files if not on the machine."""
    path: Path = ("services", name)
    for kind, word, at in _references(service):
        group = "secrets" if kind == "build secret" else f"{kind}s"
        known = whole.get(group) or {}
        if word not in known:
            told = f'service "{name}" refers to undefined {kind} {word}: {INVALID}'
            problems.append(Problem((*path, *at), told, hint=near_miss(word, known)))
    for other, wait in (service.get("depends_on") or {}).items():
        off = other in services and other not in whole["services"]
        if off and enabled and not wait.get("required", True):
            continue
        if other not in (whole["services"] if enabled else services):
            told = f'service "{name}" depends on undefined service "{other}": {INVALID}'
            problems.append(Problem((*path, "depends_on", other), told, hint=near_miss(other, services)))


def _references(service: Mapping[str, Any]) -> Iterator[tuple[str, str, Path]]:
    """(kind, name, where it is named) of everything that a service leans on."""
    models = service.get("models") or []
    for each in models if isinstance(models, list | dict) else []:
        yield "model", each, ("models",)
    for each in service.get("networks") or {}:
        yield "network", each, ("networks", each)
    for at, mount in enumerate(service.get("volumes") or []):
        if mount.get("type") == "volume" and mount.get("source"):
            yield "volume", mount["source"], ("volumes", at)
    for kind in ("secrets", "configs"):
        for at, each in enumerate(service.get(kind) or []):
            yield kind[:-1], each["source"], (kind, at)
    for at, each in enumerate((service.get("build") or {}).get("secrets") or []):
        yield "build secret", each["source"], ("build", "secrets", at)


def _refuse_cycles(services: Mapping[str, Any]) -> None:
    if found := circle(services):
        raise ComposeError(Problem((), f"dependency cycle detected: {' -> '.join(found)}"))
