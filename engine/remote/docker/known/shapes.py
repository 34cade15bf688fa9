"""Docker's JSON as our snapshots. Pure; what is missing or null is as if it said nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from engine.recipe import body as bodies
from engine.recipe.crossing import spec_of
from engine.recipe.faults import Unreadable
from engine.recipe.networks import address_fields
from engine.recipe.rows import REFUSED
from engine.swarm.shapes import moment
from engine.types.containers import (
    Cause,
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthCheck,
    HealthResult,
    HealthStatus,
    Mount,
    PortMapping,
    State,
)
from engine.types.data import Platform
from engine.types.events import Event
from engine.types.images import HistoryStep, Image, ImageConfig
from engine.types.networks import Endpoint, Network, NetworkMember
from engine.types.volumes import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = dict[str, Any]
_STATES = {
    "created": State.CREATED, "configured": State.CREATED, "initialized": State.CREATED, "running": State.RUNNING,
    "paused": State.PAUSED, "restarting": State.RESTARTING, "removing": State.REMOVING, "exited": State.EXITED,
    "stopped": State.EXITED, "stopping": State.STOPPING, "dead": State.DEAD,
}  # fmt: skip
_EPOCH = datetime.fromtimestamp(0, UTC)
_BUILTIN_NETWORKS = frozenset({"bridge", "host", "none", "podman"})
_OF_PODMAN = frozenset({"container", "HOME", "HOSTNAME", "PATH", "TERM"})
"""Variables that podman adds itself and shows as if somebody had asked for them."""
_ANONYMOUS = "com.docker.volume.anonymous"
HELPER_IMAGE = "localhost/wherry-empty:latest"
HELPER_LABEL = "io.wherry.helper"
"""A container that was only made to look into a volume or an image."""


def seconds(stamp: object) -> datetime:
    if isinstance(stamp, (int, float)):
        return datetime.fromtimestamp(stamp, UTC)
    return moment(stamp) or _EPOCH


def part(value: Mapping[str, Any] | None, *keys: str) -> Json:
    """An object inside an object, {} where it is not."""
    for key in keys:
        found = (value or {}).get(key)
        value = found if isinstance(found, dict) else {}
    return dict(value or {})


def rows(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def labels_of(value: object) -> dict[str, str]:
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


# --- containers ---


def row_container(row: Json) -> Container:
    """From a line of the list: what a list shows. The whole recipe comes with an inspection."""
    names = texts(row.get("Names"))
    state = _STATES.get(str(row.get("State", "")).lower(), State.EXITED)
    created = seconds(row.get("Created"))
    mounts = tuple(_mount(each) for each in rows(row.get("Mounts")))
    network = next(iter(part(row, "NetworkSettings", "Networks")), "") or "bridge"
    image = str(row.get("Image", ""))
    return Container(
        id=str(row["Id"]),
        name=names[0].lstrip("/") if names else str(row["Id"])[:12],
        image_id=_digest(str(row.get("ImageID", ""))),
        image=normal(image),
        spec=ContainerSpec(image=image, labels=labels_of(row.get("Labels")), mounts=mounts, network=network),
        command_line=tuple(str(row.get("Command") or "").split()),
        state=state,
        created=created,
        exit=_row_exit(str(row.get("Status", "")), created) if state is State.EXITED else None,
        health=HealthStatus(status=_row_health(str(row.get("Status", "")))),
        ports=_row_ports(rows(row.get("Ports"))),
        mounts=mounts,
    )


def _row_exit(status: str, created: datetime) -> Exit:
    """ "Exited (137) 3 hours ago": the code; when it was an inspection tells."""
    code = status.partition("(")[2].partition(")")[0]
    return Exit(code=int(code) if code.isdigit() else 0, ended=created)


def _row_health(status: str) -> Health:
    for word, health in (("(healthy)", Health.HEALTHY), ("(unhealthy)", Health.UNHEALTHY)):
        if word in status:
            return health
    return Health.STARTING if "(health: starting)" in status else Health.NONE


def _row_ports(ports: Iterable[Json]) -> tuple[PortMapping, ...]:
    found = {
        (int(each["PublicPort"]), int(each["PrivatePort"]), str(each.get("Type", "tcp"))): str(each.get("IP") or "")
        for each in ports
        if each.get("PublicPort") and ":" not in str(each.get("IP") or "")
    }
    return tuple(_port(inside, outside, protocol, ip) for (outside, inside, protocol), ip in sorted(found.items()))


def _port(inside: int, outside: int, protocol: str, ip: str) -> PortMapping:
    kind: Literal["tcp", "udp"] = "udp" if protocol == "udp" else "tcp"
    return PortMapping(
        container_port=inside, host_port=outside, protocol=kind, host_ip="" if ip in ("0.0.0.0", "::") else ip
    )


def container(document: Json, image: Json | None = None) -> Container:
    """From an inspection; with that of its image, what the image says is not taken for the person's wish."""
    state, config = part(document, "State"), part(document, "Config")
    status = _STATES.get(str(state.get("Status", "")).lower(), State.EXITED)
    mounts = tuple(_mount(each) for each in rows(document.get("Mounts")))
    networks = part(document, "NetworkSettings", "Networks")
    line = (str(document.get("Path") or ""), *texts(document.get("Args")))
    spec, left_out = _spec(document, image)
    return Container(
        id=str(document["Id"]),
        name=str(document.get("Name", "")).lstrip("/"),
        image_id=_digest(str(document.get("Image", ""))),
        image=normal(str(config.get("Image") or document.get("ImageName") or "")),
        spec=spec,
        command_line=tuple(word for word in line if word),
        state=status,
        created=moment(document.get("Created")) or _EPOCH,
        started=moment(state.get("StartedAt")),
        exit=_exit(state) if status in (State.EXITED, State.DEAD, State.RESTARTING) else None,
        pid=int(state.get("Pid") or 0),
        restart_count=int(document.get("RestartCount") or 0),
        health=_health(part(state, "Health") or part(state, "Healthcheck")),
        ports=_ports(part(document, "NetworkSettings", "Ports")),
        mounts=mounts,
        ip_address=next((str(each["IPAddress"]) for each in networks.values() if (each or {}).get("IPAddress")), ""),
        driver=str(document.get("Driver") or ""),
        warnings=tuple(f"Its “{key}” cannot be said in Wherry's recipe, and is left out." for key in left_out),
    )


_DEFAULT_NETWORKS = {"default", "bridge", "podman"}


def _spec(document: Json, image: Json | None) -> tuple[ContainerSpec, Sequence[str]]:
    """As far as it can be said in our words; and the fields that could not, which are left out."""
    config, host = part(document, "Config"), part(document, "HostConfig")
    networks = part(document, "NetworkSettings", "Networks")
    short = str(document.get("Id", ""))[:12]
    endpoints = {
        name: {"Aliases": [each for each in texts((values or {}).get("Aliases")) if each != short]}
        for name, values in networks.items()
    }
    whole = {**config, "HostConfig": host, "NetworkingConfig": {"EndpointsConfig": endpoints}}
    whole["Image"] = config.get("Image") or document.get("ImageName") or document.get("Image") or "unknown"
    if config.get("Hostname") == short:
        whole["Hostname"] = ""
    if str(host.get("NetworkMode", "")) in ("default", "bridge", "slirp4netns", "pasta"):
        # Podman says "bridge" of whichever network.
        if endpoints and not _DEFAULT_NETWORKS & set(endpoints):
            host["NetworkMode"] = min(endpoints)
        elif len(endpoints) < 2:
            host["NetworkMode"] = "default"
            whole["NetworkingConfig"] = {}
    if image is not None:
        _without_image(whole, part(image, "Config"))
    for refused in REFUSED:
        _drop(whole, refused.key)
    binds, limits = [_plain_bind(each) for each in texts(host.get("Binds"))], _asked_limits(rows(host.get("Ulimits")))
    whole["HostConfig"] = host = {**host, "Binds": binds, "Ulimits": limits}
    left_out: list[str] = []
    while True:
        try:
            return spec_of(bodies.load(whole).recipe), left_out
        except Unreadable as fault:
            if not (key := _named(whole, str(fault)) or _culprit(whole)):
                break
            whole.pop(key, None)
            host.pop(key, None)
            left_out.append(key)
    labels = labels_of(config.get("Labels"))
    env = dict(each.partition("=")[::2] for each in texts(config.get("Env")))
    mounts = tuple(_mount(each) for each in rows(document.get("Mounts")))
    return ContainerSpec(image=str(whole["Image"]), labels=labels, env=env, mounts=mounts), ["HostConfig"]


_NOT_DOCKERS = frozenset({"nosuid", "suid", "nodev", "dev", "noexec", "exec", "bind", "rbind"})
"""What podman says of a mount beside what one asked for."""


def _asked_limits(limits: Sequence[Json]) -> list[Json]:
    """By Docker's names; without those that podman gives every container: as high as its own may be."""
    found = [{**each, "Name": str(each.get("Name", "")).lower().removeprefix("rlimit_")} for each in limits]
    return [
        new
        for old, new in zip(limits, found, strict=True)
        if not (
            new["Name"] in _PODMANS_LIMITS and str(old.get("Name")).isupper() and new.get("Soft") == new.get("Hard")
        )
    ]


_PODMANS_LIMITS = ("nofile", "nproc")


def _plain_bind(bind: str) -> str:
    *places, last = bind.split(":")
    if len(places) < 2:
        return bind
    words = [word for word in last.split(",") if word not in _NOT_DOCKERS]
    return ":".join([*places, *filter(None, (",".join(words),))])


def _without_image(whole: Json, config: Json) -> None:
    given = set(texts(config.get("Env")))
    env = [each for each in texts(whole.get("Env")) if each not in given]
    if "container=podman" in env:
        env = [each for each in env if each.partition("=")[0] not in _OF_PODMAN]
    whole["Env"] = env
    labels = labels_of(config.get("Labels"))
    whole["Labels"] = {k: v for k, v in labels_of(whole.get("Labels")).items() if labels.get(k) != v}
    for key in ("Cmd", "Entrypoint", "WorkingDir", "User", "StopSignal", "Healthcheck", "ExposedPorts", "Volumes"):
        if whole.get(key) == config.get(key):
            whole.pop(key, None)


def _drop(whole: Json, key: str) -> None:
    *outer, last = key.split(".") if key else [""]
    for each in outer:
        whole = whole.get(each) if isinstance(whole.get(each), dict) else {}  # type: ignore[assignment]
    whole.pop(last, None)


_NEEDED = ("Image", "HostConfig", "NetworkingConfig")


def _named(whole: Json, said: str) -> str:
    """The field that a refusal names."""
    keys = (key for place in (part(whole, "HostConfig"), whole) for key in place)
    return next((key for key in keys if key in said and key not in _NEEDED), "")


def _culprit(whole: Json) -> str:
    """The first field that cannot be read beside those before it."""
    host = part(whole, "HostConfig")
    trial: Json = {key: whole[key] for key in _NEEDED if key in whole} | {"HostConfig": {}}
    for place, into in ((host, trial["HostConfig"]), (whole, trial)):
        for key in place:
            if key in _NEEDED:
                continue
            into[key] = place[key]
            try:
                bodies.load(trial)
            except Unreadable:
                return key
    return ""


def _exit(state: Json) -> Exit:
    code = int(state.get("ExitCode") or 0)
    return Exit(
        code=code,
        ended=moment(state.get("FinishedAt")) or _EPOCH,
        signal=code - 128 if 128 < code < 160 else 0,
        oom_killed=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        cause=Cause.ITSELF,
    )


def _health(found: Json) -> HealthStatus:
    status = str(found.get("Status") or "")
    results = tuple(
        HealthResult(
            started=moment(each.get("Start")) or _EPOCH,
            ended=moment(each.get("End")) or _EPOCH,
            exit_code=int(each.get("ExitCode") or 0),
            output=str(each.get("Output") or ""),
        )
        for each in rows(found.get("Log"))
    )
    known = Health(status) if status in set(Health) else Health.NONE
    return HealthStatus(status=known, failing_streak=int(found.get("FailingStreak") or 0), log=results)


def _ports(ports: Json) -> tuple[PortMapping, ...]:
    found: dict[tuple[int, int, str], str] = {}
    for key, bindings in ports.items():
        number, _, protocol = key.partition("/")
        for each in rows(bindings):
            if number.isdigit() and str(each.get("HostPort", "")).isdigit():
                ip = str(each.get("HostIp") or "")
                found.setdefault((int(number), int(each["HostPort"]), protocol or "tcp"), ip)
    return tuple(_port(inside, outside, protocol, ip) for (inside, outside, protocol), ip in found.items())


def _mount(each: Json) -> Mount:
    kind = str(each.get("Type") or "bind")
    known = cast(
        "Literal['bind', 'volume', 'tmpfs', 'image']", kind if kind in ("volume", "tmpfs", "image") else "bind"
    )
    return Mount(
        kind=known,
        target=str(each.get("Destination") or each.get("Target") or "/"),
        source=str((each.get("Name") if kind == "volume" else each.get("Source")) or ""),
        read_only=not each.get("RW", True),
    )


# --- images ---


def normal(reference: str) -> str:
    """A name in full, as ours are; an id stays one."""
    if not reference or reference.startswith("sha256:") or "<none>" in reference:
        return reference
    first, slash, _ = reference.partition("/")
    if not slash:
        reference = f"docker.io/library/{reference}"
    elif "." not in first and ":" not in first and first != "localhost":
        reference = f"docker.io/{reference}"
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def _digest(image_id: str) -> str:
    return image_id if image_id.startswith("sha256:") or not image_id else f"sha256:{image_id}"


def row_image(row: Json, users: Mapping[str, tuple[str, ...]], before: Image | None = None) -> Image:
    """From a line of the list, keeping what an inspection told before."""
    image_id = _digest(str(row["Id"]))
    tags = tuple(normal(each) for each in texts(row.get("RepoTags")) if "<none>" not in each)
    digests = tuple(normal(each) for each in texts(row.get("RepoDigests")) if "<none>" not in each)
    size, shared = int(row.get("Size") or 0), max(0, int(row.get("SharedSize") or 0))
    known = before or Image(
        id=image_id, tags=(), digests=(), created=None, platform=Platform(), config=ImageConfig(), size=0,
        unique_size=0, shared_size=0, layers=(),
    )  # fmt: skip
    config = known.config if before else ImageConfig(labels=labels_of(row.get("Labels")))
    return msgspec.structs.replace(
        known, tags=tags, digests=digests, created=seconds(row.get("Created")), size=size, unique_size=size - shared,
        shared_size=shared, config=config, used_by=users.get(image_id, ()), dangling=not tags,
        parent=str(row.get("ParentId") or ""),
    )  # fmt: skip


def image(document: Json, known: Image) -> Image:
    """With what an inspection tells besides."""
    platform = Platform(
        os=str(document.get("Os") or "linux"),
        architecture=str(document.get("Architecture") or ""),
        variant=str(document.get("Variant") or ""),
    )
    return msgspec.structs.replace(
        known, platform=platform, config=image_config(part(document, "Config")),
        layers=texts(part(document, "RootFS").get("Layers")), author=str(document.get("Author") or ""),
        comment=str(document.get("Comment") or ""),
    )  # fmt: skip


def image_config(config: Json) -> ImageConfig:
    return ImageConfig(
        env=texts(config.get("Env")),
        command=texts(config.get("Cmd")),
        entrypoint=texts(config.get("Entrypoint")),
        workdir=str(config.get("WorkingDir") or ""),
        user=str(config.get("User") or ""),
        exposed_ports=tuple(part(config, "ExposedPorts")),
        volumes=tuple(part(config, "Volumes")),
        labels=labels_of(config.get("Labels")),
        stop_signal=str(config.get("StopSignal") or ""),
        health=_check(part(config, "Healthcheck")),
        shell=texts(config.get("Shell")),
        on_build=texts(config.get("OnBuild")),
    )


def _check(found: Json) -> HealthCheck | None:
    if not found.get("Test"):
        return None
    return HealthCheck(
        test=texts(found["Test"]),
        interval=(found.get("Interval") or 0) / 1e9,
        timeout=(found.get("Timeout") or 0) / 1e9,
        start_period=(found.get("StartPeriod") or 0) / 1e9,
        start_interval=(found.get("StartInterval") or 0) / 1e9,
        retries=int(found.get("Retries") or 0),
    )


def history(found: list[Json], layers: tuple[str, ...]) -> list[HistoryStep]:
    """In the order of building; Docker's is the other way round, and which steps made a layer its sizes tell."""
    steps = list(reversed(found))
    made = [number for number, step in enumerate(steps) if not _only_says(step)]
    diff_ids = dict(zip(made, layers, strict=False)) if len(made) == len(layers) else {}
    return [
        HistoryStep(
            created=seconds(step.get("Created")) if step.get("Created") else None,
            created_by=str(step.get("CreatedBy") or ""),
            comment=str(step.get("Comment") or ""),
            diff_id=diff_ids.get(number, ""),
            size=int(step.get("Size") or 0),
        )
        for number, step in enumerate(steps)
    ]


_SAYING = ("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ARG", "SHELL",
           "MAINTAINER", "ONBUILD")  # fmt: skip


def _only_says(step: Json) -> bool:
    words = str(step.get("CreatedBy") or "").partition("#(nop)")[2].split() or str(step.get("CreatedBy") or "").split()
    return not step.get("Size") and bool(words) and words[0] in _SAYING


# --- volumes and networks ---


def volume(document: Json, users: Mapping[str, tuple[str, ...]]) -> Volume:
    labels = labels_of(document.get("Labels"))
    usage = part(document, "UsageData")
    size = int(usage.get("Size", -1)) if usage else -1
    return Volume(
        name=str(document["Name"]),
        created=moment(document.get("CreatedAt")) or _EPOCH,
        mountpoint=str(document.get("Mountpoint") or ""),
        labels={key: value for key, value in labels.items() if key != _ANONYMOUS},
        options=labels_of(document.get("Options")),
        anonymous=_ANONYMOUS in labels or bool(document.get("Anonymous")),
        used_by=users.get(str(document["Name"]), ()),
        size=size if size >= 0 else None,
    )


def members(document: Json) -> dict[str, NetworkMember]:
    """The networks that a container is in, by name: from a row of the list, or from an inspection, which tells more."""
    container_id, name = str(document["Id"]), (*texts(document.get("Names")), str(document.get("Name") or ""))[0]
    found: dict[str, NetworkMember] = {}
    for network_name, said in part(document, "NetworkSettings", "Networks").items():
        values, asked = said or {}, part(said or {}, "IPAMConfig")
        aliases = tuple(each for each in texts(values.get("Aliases")) if each != container_id[:12])
        found[network_name] = NetworkMember(
            container_id=container_id, name=name.lstrip("/"), ip_address=str(values.get("IPAddress") or ""),
            ip6_address=str(values.get("GlobalIPv6Address") or ""), mac_address=str(values.get("MacAddress") or ""),
            aliases=aliases, asked=Endpoint(
                aliases=aliases, ip=str(asked.get("IPv4Address") or ""), ip6=str(asked.get("IPv6Address") or ""),
                links=texts(values.get("Links")),
            ),
        )  # fmt: skip
    return found


def network(document: Json, known: Sequence[NetworkMember] = ()) -> Network:
    """Its own list of members has only those that run, and no list has it; `known` are those of the containers."""
    name = str(document["Name"])
    told = tuple(
        NetworkMember(
            container_id=container_id,
            name=str((each or {}).get("Name") or ""),
            ip_address=str((each or {}).get("IPv4Address") or "").partition("/")[0],
            mac_address=str((each or {}).get("MacAddress") or ""),
        )
        for container_id, each in part(document, "Containers").items()
    )
    return Network(
        id=str(document["Id"]),
        name=name,
        driver=str(document.get("Driver") or ""),
        created=moment(document.get("Created")) or _EPOCH,
        **address_fields(_subnets(document), ipv6=bool(document.get("EnableIPv6"))),
        internal=bool(document.get("Internal")),
        builtin=name in _BUILTIN_NETWORKS,
        labels=labels_of(document.get("Labels")),
        options=labels_of(document.get("Options")),
        members=tuple(known) or told,
    )


def _subnets(document: Json) -> list[Json]:
    """The first of each kind: only other kinds of networks than bridges have more."""
    found: dict[bool, Json] = {}
    for each in rows(part(document, "IPAM").get("Config")):
        found.setdefault(":" in str(each.get("Subnet")), each)
    return [*found.values()]


# --- events ---


def event(document: Json) -> Event | None:
    """None for what is no thing of ours (plugins, secrets, …)."""
    kind = str(document.get("Type") or "")
    if kind not in ("container", "image", "volume", "network", "daemon"):
        return None
    actor = part(document, "Actor")
    attributes = labels_of(actor.get("Attributes"))
    time_ns = int(document.get("timeNano") or int(document.get("time") or 0) * 1_000_000_000)
    known = cast("Literal['container', 'image', 'volume', 'network', 'daemon']", kind)
    return Event(
        time_ns=time_ns,
        kind=known,
        action=str(document.get("Action") or ""),
        id=str(actor.get("ID") or ""),
        name=attributes.get("name", str(actor.get("ID") or "") if kind == "volume" else ""),
        attributes=attributes,
    )
