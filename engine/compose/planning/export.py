"""A project as `docker compose config` prints it: only what is used, every key where others expect it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.compose.reading.loading import Project


def as_config(project: Project, *, escaped: bool = True) -> dict[str, Any]:
    """The canonical mapping. A $ in values is doubled, so that what is printed can be read again."""
    model = project.model
    used = _used(model)
    config: dict[str, Any] = {"name": project.name}
    config["services"] = {name: as_service(service) for name, service in sorted(model["services"].items())}
    for kind in ("networks", "volumes", "secrets", "configs"):
        kept = {name: dict(entry) for name, entry in sorted(model[kind].items()) if name in used[kind]}
        if kind == "networks":
            for entry in kept.values():
                entry.setdefault("ipam", {})
        if kept:
            config[kind] = kept
    config |= {key: value for key, value in model.items() if key.startswith("x-")}
    shown: dict[str, Any] = _doubled(config) if escaped else config
    return shown


def as_service(service: dict[str, Any]) -> dict[str, Any]:
    """One service as it is printed and hashed."""
    shown = {key: value for key, value in sorted(service.items()) if _said(key, value)}
    if build := shown.get("build"):
        shown["build"] = {key: value for key, value in build.items() if value not in (False, None, "", [], {})}
    shown.setdefault("command", None)
    shown.setdefault("entrypoint", None)
    for watch in (shown.get("develop") or {}).get("watch") or []:
        watch.setdefault("exec", {"command": None})
    if shown.get("deploy") is not None:
        shown["deploy"] = {"resources": {}, "placement": {}} | shown["deploy"]
    return shown


_KEPT_EMPTY = {"command", "entrypoint", "networks"}


def _said(key: str, value: Any) -> bool:
    return key != "extends" and (
        value not in (None, [], {}, False, "", 0)
        or (key in _KEPT_EMPTY and value is not None)
        or (key in ("attach", "init") and value is False)
        or (key == "scale" and value == 0)
    )


def _used(model: dict[str, Any]) -> dict[str, set[str]]:
    used: dict[str, set[str]] = {"networks": set(), "volumes": set(), "secrets": set(), "configs": set()}
    for service in model["services"].values():
        used["networks"] |= set(service.get("networks") or {})
        used["volumes"] |= {
            each["source"]
            for each in service.get("volumes") or []
            if each.get("type") == "volume" and each.get("source")
        }
        for kind in ("secrets", "configs"):
            used[kind] |= {each["source"] for each in service.get(kind) or []}
        used["secrets"] |= {each["source"] for each in (service.get("build") or {}).get("secrets") or []}
    return used


def _doubled(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _doubled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_doubled(each) for each in value]
    return value
