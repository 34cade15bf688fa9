"""Containers: the row of a list and the whole of an inspection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.api.shapes.durations import human_duration
from engine.api.shapes.names import familiar
from engine.api.shapes.times import NEVER, rfc3339, unix
from engine.recipe.body import host_config
from engine.recipe.crossing import recipe_of
from engine.recipe.networks import is_shared, network_mode, shown_network
from engine.types.containers import ALIVE_STATES, Container, Health, SizeOnDisk, State
from engine.types.networks import Endpoint, NetworkMember

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.containers import HealthCheck, HealthStatus, Mount, PortMapping
    from engine.types.images import Image
    from engine.types.networks import Network

_DOCKER_STATE = {
    State.CREATED: "created",
    State.STARTING: "created",
    State.RUNNING: "running",
    State.PAUSED: "paused",
    State.STOPPING: "running",
    State.RESTARTING: "restarting",
    State.EXITED: "exited",
    State.REMOVING: "removing",
    State.DEAD: "dead",
}


def docker_state(container: Container) -> str:
    """Docker's word for a state; it has none for starting and stopping."""
    return _DOCKER_STATE[_shown(container)]


def _shown(container: Container) -> State:
    """One that starts again is what it was until it runs."""
    starts_again = container.state is State.STARTING and container.exit is not None
    return State.EXITED if starts_again else container.state


def status_line(container: Container, now: datetime | None = None) -> str:
    """The STATUS column: "Up 3 minutes (healthy)", "Exited (0) 2 hours ago"."""
    moment = now or datetime.now(UTC)
    state = _shown(container)
    if state in (State.RUNNING, State.PAUSED, State.STOPPING):
        line = f"Up {_since(container.started, moment)}"
        if state is State.PAUSED:
            return f"{line} (Paused)"
        health = container.health.status
        if health is Health.STARTING:
            return f"{line} (health: starting)"
        return f"{line} ({health.value})" if health is not Health.NONE else line
    ended = container.exit.ended if container.exit else None
    code = container.exit.code if container.exit else 0
    if state is State.RESTARTING:
        return f"Restarting ({code}) {_since(ended, moment)} ago"
    if state is State.EXITED:
        return f"Exited ({code}) {_since(ended, moment)} ago"
    return {State.REMOVING: "Removal In Progress", State.DEAD: "Dead"}.get(state, "Created")


def _since(moment: datetime | None, now: datetime) -> str:
    return human_duration((now - moment).total_seconds() if moment is not None else 0.0)


def merged_labels(container: Container, image: Image | None) -> dict[str, str]:
    """Docker shows an image's labels as the container's own."""
    return {**image.config.labels, **container.spec.labels} if image is not None else dict(container.spec.labels)


def summary(
    container: Container,
    *,
    image: Image | None = None,
    volume_paths: Mapping[str, str] | None = None,
    networks: Mapping[str, Network] | None = None,
    size: SizeOnDisk | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """One row of `GET /containers/json`."""
    row: dict[str, Any] = {
        "Id": container.id,
        "Names": ["/" + container.name],
        "Image": familiar(container.image) or container.image_id,
        "ImageID": container.image_id,
        "Command": " ".join(container.command_line),
        "Created": unix(container.created),
        "Ports": _port_rows(container, image),
        "Labels": merged_labels(container, image),
        "State": docker_state(container),
        "Status": status_line(container, now),
        "HostConfig": {"NetworkMode": network_mode(container.spec.network)},
        "NetworkSettings": {"Networks": endpoints(container, networks or {})},
        "Mounts": [mount_point(mount, volume_paths or {}) for mount in container.mounts],
    }
    if size is not None:
        row["SizeRw"] = size.writable
        row["SizeRootFs"] = size.total
    return row


def port_key(port: PortMapping) -> str:
    return f"{port.container_port}/{port.protocol}"


def _exposed(container: Container, image: Image | None) -> list[str]:
    from_image = image.config.exposed_ports if image is not None else ()
    given = (*map(port_key, container.spec.ports), *container.spec.exposed_ports, *from_image)
    keys = {key if "/" in key else f"{key}/tcp": None for key in given}
    return list(keys)


def _port_rows(container: Container, image: Image | None) -> list[dict[str, Any]]:
    if not container.pid and container.state not in (State.RUNNING, State.PAUSED, State.STOPPING):
        return []
    rows: list[dict[str, Any]] = []
    for port in container.ports:
        row: dict[str, Any] = {"PrivatePort": port.container_port, "PublicPort": port.host_port, "Type": port.protocol}
        rows.append({"IP": port.host_ip or "0.0.0.0", **row})
    published = {port_key(port) for port in container.ports}
    for key in _exposed(container, image):
        number, _, protocol = key.partition("/")
        if key not in published and number.isdigit():
            rows.append({"PrivatePort": int(number), "Type": protocol})
    return rows


def mount_point(mount: Mount, volume_paths: Mapping[str, str]) -> dict[str, Any]:
    point: dict[str, Any] = {"Type": mount.kind}
    if mount.kind == "volume":
        point["Name"] = mount.source
        point["Source"] = volume_paths.get(mount.source, "")
        point["Driver"] = "local"
    else:
        point["Source"] = mount.source
    point["Destination"] = mount.target
    point["Mode"] = "ro" if mount.read_only else ""
    point["RW"] = not mount.read_only
    point["Propagation"] = mount.propagation if mount.kind == "bind" else ""
    return point


def endpoints(container: Container, networks: Mapping[str, Network]) -> dict[str, Any]:
    """The networks a container is on, by name: the one it was made for, and those it was connected to since.

    On named networks a container's short id is shown among its aliases, as Docker did up to 1.44: docker-compose 1.29,
    which speaks any version, looks for it to know that the container is connected as it wants it.
    """
    own = container.spec.network
    if is_shared(own):
        return {}

    found = {
        shown_network(network.name): _endpoint(container, network, member)
        for network in networks.values()
        for member in network.members
        if member.container_id == container.id
    }
    if network_mode(own) not in found:
        spec = container.spec
        asked = Endpoint(ip=spec.ip, ip6=spec.ip6, mac=spec.mac_address, interface=spec.interface_name)
        alone = NetworkMember(
            container_id=container.id, name=container.name, ip_address=container.ip_address,
            aliases=spec.network_aliases, asked=asked,
        )  # fmt: skip
        found = {network_mode(own): _endpoint(container, networks.get(own), alone)} | found
    return found


def _endpoint(container: Container, network: Network | None, member: NetworkMember) -> dict[str, Any]:
    named = network is not None and not network.builtin
    aliases = list(dict.fromkeys([*member.aliases, container.id[:12]] if named else member.aliases))
    ip, ip6 = member.ip_address.partition("/")[0], member.ip6_address
    fixed = {
        key: value for key, value in (("IPv4Address", member.asked.ip), ("IPv6Address", member.asked.ip6)) if value
    }
    # Those that are found by more than their id are found by their name first.
    known_as = [container.name, *aliases] if named else aliases
    return {
        "IPAMConfig": fixed or None,
        "Links": None,
        "Aliases": aliases or None,
        "MacAddress": member.mac_address or (member.asked.mac if not ip else ""),
        "DriverOpts": None,
        "GwPriority": 0,
        "NetworkID": network.id if network is not None else "",
        "EndpointID": "",
        "Gateway": network.gateway if network is not None and ip else "",
        "IPAddress": ip,
        "IPPrefixLen": _length(network.subnet) if network is not None and ip else 0,
        "IPv6Gateway": network.gateway6 if network is not None and ip6 else "",
        "GlobalIPv6Address": ip6,
        "GlobalIPv6PrefixLen": _length(network.subnet6) if network is not None and ip6 else 0,
        "DNSNames": list(dict.fromkeys(known_as)) or None,
    }


def _length(subnet: str) -> int:
    length = subnet.partition("/")[2]
    return int(length) if length.isdigit() else 0


# --- inspection ---


def inspection(
    container: Container,
    *,
    image: Image | None,
    volume_paths: Mapping[str, str],
    networks: Mapping[str, Network],
    exec_ids: Sequence[str],
    version: tuple[int, int],
    size: SizeOnDisk | None = None,
) -> dict[str, Any]:
    """`GET /containers/{id}/json`."""
    line = container.command_line
    whole: dict[str, Any] = {
        "Id": container.id,
        "Created": rfc3339(container.created),
        "Path": line[0] if line else "",
        "Args": list(line[1:]),
        "State": _state(container),
        "Image": container.image_id,
        "ResolvConfPath": "",
        "HostnamePath": "",
        "HostsPath": "",
        "LogPath": "" if container.spec.log.driver == "none" else container.log_path,
        "Name": "/" + container.name,
        "RestartCount": container.restart_count,
        "Driver": container.driver,
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": list(exec_ids) or None,
        "HostConfig": host_config(recipe_of(container.spec)),
        "GraphDriver": {"Name": container.driver, "Data": None},
        "Mounts": [mount_point(mount, volume_paths) for mount in container.mounts],
        "Config": config(container, image),
        "NetworkSettings": _network_settings(container, image, endpoints(container, networks)),
    }
    if version >= (1, 52):
        settings = whole["NetworkSettings"]
        whole["NetworkSettings"] = {name: settings[name] for name in ("SandboxID", "SandboxKey", "Ports", "Networks")}
        del whole["Config"]["OnBuild"]
    if container.offline and container.state in ALIVE_STATES:
        whole["NetworkSettings"]["Offline"] = True  # Docker has no word for it
    if size is not None:
        whole["SizeRw"] = size.writable
        whole["SizeRootFs"] = size.total
    return whole


def _state(container: Container) -> dict[str, Any]:
    state, ending = container.state, container.exit
    alive = state in (State.RUNNING, State.PAUSED, State.STOPPING)
    ended = ending if ending is not None and not alive else None
    record: dict[str, Any] = {
        "Status": docker_state(container),
        "Running": alive or state is State.RESTARTING,
        "Paused": state is State.PAUSED,
        "Restarting": state is State.RESTARTING,
        "OOMKilled": ended.oom_killed if ended else False,
        "Dead": state is State.DEAD,
        "Pid": container.pid,
        "ExitCode": ended.code if ended else 0,
        "Error": ended.error if ended else "",
        "StartedAt": rfc3339(container.started),
        "FinishedAt": rfc3339(ending.ended) if ending else NEVER,
    }
    if container.health.status is not Health.NONE or container.health.log:
        record["Health"] = _health(container.health)
    return record


def _health(health: HealthStatus) -> dict[str, Any]:
    return {
        "Status": health.status.value or "none",
        "FailingStreak": health.failing_streak,
        "Log": [
            {
                "Start": rfc3339(result.started),
                "End": rfc3339(result.ended),
                "ExitCode": result.exit_code,
                "Output": result.output,
            }
            for result in health.log
        ],
    }


def healthcheck(check: HealthCheck | None) -> dict[str, Any] | None:
    """Seconds become the nanoseconds Docker writes."""
    if check is None or not check.test:
        return None
    named = {
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
    }
    record: dict[str, Any] = {"Test": list(check.test)}
    record.update({name: int(seconds * 1e9) for name, seconds in named.items() if seconds})
    if check.retries:
        record["Retries"] = check.retries
    return record


def config(container: Container, image: Image | None) -> dict[str, Any]:
    """What was asked, with what the image says where nothing was."""
    spec = container.spec
    base = image.config if image is not None else None
    # The container's own first, as Docker lists them.
    env = dict(item.partition("=")[::2] for item in base.env) if base else {}
    env = {**spec.env, **{name: value for name, value in env.items() if name not in spec.env}}
    entrypoint = spec.entrypoint if spec.entrypoint is not None else (base.entrypoint if base else ())
    # An entrypoint of the user's own silences the image's command.
    from_image = base.command if base is not None and spec.entrypoint is None else ()
    command = spec.command if spec.command is not None else from_image
    volumes: dict[str, dict[str, Any]] = {target: {} for target in (base.volumes if base else ())}
    volumes.update({mount.target: {} for mount in spec.mounts if mount.kind == "volume" and not mount.source})
    record: dict[str, Any] = {
        "Hostname": spec.hostname or container.id[:12],
        "Domainname": spec.domainname,
        "User": spec.user if spec.user is not None else (base.user if base else ""),
        "AttachStdin": spec.stdin_once,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": spec.tty,
        "OpenStdin": spec.stdin_open,
        "StdinOnce": spec.stdin_once,
        "Env": [f"{key}={value}" for key, value in env.items()],
        "Cmd": list(command) or None,
        "Image": familiar(container.image) or container.image_id,
        "Volumes": volumes or None,
        "WorkingDir": spec.workdir if spec.workdir is not None else (base.workdir if base else ""),
        "Entrypoint": list(entrypoint) or None,
        "OnBuild": None,
        "Labels": merged_labels(container, image),
    }
    if exposed := _exposed(container, image):
        record["ExposedPorts"] = {key: {} for key in exposed}
    stop_signal = spec.stop_signal if spec.stop_signal is not None else (base.stop_signal if base else "")
    if stop_signal:
        record["StopSignal"] = stop_signal
    if spec.stop_timeout is not None:
        record["StopTimeout"] = int(spec.stop_timeout)
    check = healthcheck(spec.health if spec.health is not None else (base.health if base else None))
    if check:
        record["Healthcheck"] = check
    return record


def _network_settings(container: Container, image: Image | None, joined: dict[str, Any]) -> dict[str, Any]:
    alive = container.state in (State.RUNNING, State.PAUSED, State.STOPPING)
    ports: dict[str, list[dict[str, str]] | None] = {}
    if alive:
        ports = dict.fromkeys(_exposed(container, image))
        for port in container.ports:
            binding = {"HostIp": port.host_ip or "0.0.0.0", "HostPort": str(port.host_port)}
            ports[port_key(port)] = [*(ports.get(port_key(port)) or []), binding]
    first: dict[str, Any] = next(iter(joined.values()), {})
    return {
        "Bridge": "",
        "SandboxID": "",
        "SandboxKey": "",
        "Ports": ports,
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": "",
        "Gateway": first.get("Gateway", ""),
        "GlobalIPv6Address": first.get("GlobalIPv6Address", ""),
        "GlobalIPv6PrefixLen": first.get("GlobalIPv6PrefixLen", 0),
        "IPAddress": first.get("IPAddress", ""),
        "IPPrefixLen": first.get("IPPrefixLen", 0),
        "IPv6Gateway": first.get("IPv6Gateway", ""),
        "MacAddress": first.get("MacAddress", ""),
        "Networks": joined,
    }
