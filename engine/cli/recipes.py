"""The options of `run` and `create` as the body of the API's create request. Docker's spellings, all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engine.cli.durations import nanoseconds
from engine.cli.mounts import mount_body, volume_text
from engine.cli.options import UsageError
from engine.cli.ports import exposed, published
from engine.cli.words import bytes_of

if TYPE_CHECKING:
    from engine.cli.options import Given

OPTIONS = """
--add-host list              Add a custom host-to-IP mapping (host:ip)
-a --attach list             Attach to STDIN, STDOUT or STDERR
--blkio-weight number        Block IO (relative weight), between 10 and 1000, or 0 to disable
--cap-add list               Add Linux capabilities
--cap-drop list              Drop Linux capabilities
--cgroupns text              Cgroup namespace to use (host|private)
--cidfile text               Write the container ID to the file
--cpu-period number          Limit CPU CFS period
--cpu-quota number           Limit CPU CFS quota
-c --cpu-shares number       CPU shares (relative weight)
--cpus text                  Number of CPUs
--cpuset-cpus text           CPUs in which to allow execution (0-3, 0,1)
--cpuset-mems text           MEMs in which to allow execution (0-3, 0,1)
--device list                Add a host device to the container
--device-read-bps list       Limit read rate (bytes per second) from a device
--device-read-iops list      Limit read rate (IO per second) from a device
--device-write-bps list      Limit write rate (bytes per second) to a device
--device-write-iops list     Limit write rate (IO per second) to a device
--dns list                   Set custom DNS servers
--dns-option list            Set DNS options
--dns-search list            Set custom DNS search domains
--domainname text            Container NIS domain name
--entrypoint text            Overwrite the default ENTRYPOINT of the image
-e --env list                Set environment variables
--env-file list              Read in a file of environment variables
--expose list                Expose a port or a range of ports
--group-add list             Add additional groups to join
--health-cmd text            Command to run to check health
--health-interval text       Time between running the check (ms|s|m|h) (default 0s)
--health-retries number      Consecutive failures needed to report unhealthy
--health-start-interval text Time between running the check during the start period
--health-start-period text   Start period for the container to initialize before starting health-retries countdown
--health-timeout text        Maximum time to allow one check to run
-h --hostname text           Container host name
--init flag                  Run an init inside the container that forwards signals and reaps processes
-i --interactive flag        Keep STDIN open even if not attached
--ipc text                   IPC mode to use
-l --label list              Set meta data on a container
--label-file list            Read in a line delimited file of labels
--log-driver text            Logging driver for the container
--log-opt list               Log driver options
-m --memory text             Memory limit
--memory-reservation text    Memory soft limit
--memory-swap text           Swap limit equal to memory plus swap: '-1' to enable unlimited swap
--mount list                 Attach a filesystem mount to the container
--name text                  Assign a name to the container
--network text               Connect a container to a network
--net text                   Connect a container to a network
--network-alias list         Add network-scoped alias for the container
--no-healthcheck flag        Disable any container-specified HEALTHCHECK
--oom-score-adj number       Tune host's OOM preferences (-1000 to 1000)
--pid text                   PID namespace to use
--pids-limit number          Tune container pids limit (set -1 for unlimited)
--platform text              Set platform if the image has several
--privileged flag            Give extended privileges to this container, never those of the host
-p --publish list            Publish a container's port(s) to the host
-P --publish-all flag        Publish all exposed ports to random ports
--pull text                  Pull image before running (always, missing, never)
-q --quiet flag              Suppress the pull output
--read-only flag             Mount the container's root filesystem as read only
--restart text               Restart policy to apply when a container exits
--rm flag                    Automatically remove the container when it exits
--runtime text               Runtime to use for this container
--security-opt list          Security Options
--shm-size text              Size of /dev/shm
--stop-signal text           Signal to stop the container
--stop-timeout number        Timeout (in seconds) to stop a container
--sysctl list                Sysctl options
--tmpfs list                 Mount a tmpfs directory
-t --tty flag                Allocate a pseudo-TTY
--ulimit list                Ulimit options
-u --user text               Username or UID (format: <name|uid>[:<group|gid>])
--userns text                User namespace to use ("keep-id": you are the same user inside)
--uts text                   UTS namespace to use
-v --volume list             Bind mount a volume
--volumes-from list          Mount volumes from the specified container(s)
-w --workdir text            Working directory inside the container
"""


def create_body(given: Given, *, detach: bool) -> dict[str, Any]:
    """Image and command are the arguments; everything else comes from the options."""
    image, *command = given.arguments
    interactive, tty = given.flag("interactive"), given.flag("tty")
    attached = {word.lower() for word in given.list("attach")}
    attach_input = not detach and (interactive if not attached else "stdin" in attached)
    volumes = [volume_text(text) for text in given.list("volume")]
    body: dict[str, Any] = {
        "Image": image,
        "Cmd": command or None,
        "Hostname": given.text("hostname"),
        "Domainname": given.text("domainname"),
        "User": given.text("user"),
        "WorkingDir": given.text("workdir"),
        "Env": environment(given),
        "Labels": labels(given),
        "Tty": tty,
        "OpenStdin": interactive,
        "StdinOnce": attach_input and interactive,
        "AttachStdin": attach_input,
        "AttachStdout": not detach and (not attached or "stdout" in attached),
        "AttachStderr": not detach and (not attached or "stderr" in attached),
        "ExposedPorts": exposed(given.list("publish"), given.list("expose")),
        "Volumes": {text: {} for text in volumes if ":" not in text} or None,
        "HostConfig": _host_config(given, [text for text in volumes if ":" in text]),
    }
    if given.has("entrypoint"):
        body["Entrypoint"] = [given.text("entrypoint")]
    if given.text("stop-signal"):
        body["StopSignal"] = given.text("stop-signal")
    if given.has("stop-timeout"):
        body["StopTimeout"] = given.number("stop-timeout")
    health = _health(given)
    if health:
        body["Healthcheck"] = health
    aliases = given.list("network-alias")
    network = given.text("network") or given.text("net") or "default"
    if aliases or network != "default":
        body["NetworkingConfig"] = {"EndpointsConfig": {network: {"Aliases": aliases or None}}}
    return {key: value for key, value in body.items() if value not in (None, "", [])}


def _host_config(given: Given, binds: list[str]) -> dict[str, Any]:
    host: dict[str, Any] = {
        "Binds": binds,
        "Mounts": [mount_body(text) for text in given.list("mount")],
        "Tmpfs": dict(text.partition(":")[::2] for text in given.list("tmpfs")),
        "PortBindings": published(given.list("publish")),
        "PublishAllPorts": given.flag("publish-all"),
        "NetworkMode": given.text("network") or given.text("net") or "default",
        "AutoRemove": given.flag("rm"),
        "RestartPolicy": restart_body(given.text("restart")),
        "VolumesFrom": given.list("volumes-from"),
        "CapAdd": given.list("cap-add"),
        "CapDrop": given.list("cap-drop"),
        "CgroupnsMode": given.text("cgroupns"),
        "Dns": given.list("dns"),
        "DnsOptions": given.list("dns-option"),
        "DnsSearch": given.list("dns-search"),
        "ExtraHosts": [_extra_host(text) for text in given.list("add-host")],
        "GroupAdd": given.list("group-add"),
        "IpcMode": given.text("ipc"),
        "PidMode": given.text("pid"),
        "UTSMode": given.text("uts"),
        "UsernsMode": given.text("userns"),
        "Privileged": given.flag("privileged"),
        "ReadonlyRootfs": given.flag("read-only"),
        "SecurityOpt": [_security_option(text) for text in given.list("security-opt")],
        "Sysctls": _pairs(given.list("sysctl")),
        "Ulimits": [_ulimit(text) for text in given.list("ulimit")],
        "Devices": [_device(text) for text in given.list("device")],
        "Runtime": given.text("runtime"),
        "OomScoreAdj": given.number("oom-score-adj"),
        "LogConfig": {"Type": given.text("log-driver"), "Config": _pairs(given.list("log-opt"))},
        **limits_body(given),
    }
    if given.has("init"):
        host["Init"] = given.flag("init")
    if given.text("shm-size"):
        host["ShmSize"] = _size(given.text("shm-size"), "shm-size")
    for option, key in (("device-read-bps", "BlkioDeviceReadBps"), ("device-write-bps", "BlkioDeviceWriteBps")):
        host[key] = [_rate(text, sized=True) for text in given.list(option)]
    for option, key in (("device-read-iops", "BlkioDeviceReadIOps"), ("device-write-iops", "BlkioDeviceWriteIOps")):
        host[key] = [_rate(text, sized=False) for text in given.list(option)]
    return {key: value for key, value in host.items() if value not in (None, "", [], {}, False)}


def limits_body(given: Given) -> dict[str, Any]:
    """The limits that `run` and `update` share."""
    limits: dict[str, Any] = {
        "BlkioWeight": given.number("blkio-weight"),
        "CpuPeriod": given.number("cpu-period"),
        "CpuQuota": given.number("cpu-quota"),
        "CpuShares": given.number("cpu-shares"),
        "CpusetCpus": given.text("cpuset-cpus"),
        "CpusetMems": given.text("cpuset-mems"),
        "PidsLimit": given.number("pids-limit"),
    }
    for option, key in (
        ("memory", "Memory"),
        ("memory-reservation", "MemoryReservation"),
        ("memory-swap", "MemorySwap"),
    ):
        text = given.text(option)
        if text:
            limits[key] = -1 if text == "-1" else _size(text, option)
    if given.text("cpus"):
        try:
            limits["NanoCpus"] = round(float(given.text("cpus")) * 1e9)
        except (ValueError, OverflowError):
            raise UsageError(f'invalid argument "{given.text("cpus")}" for --cpus: not a number') from None
    return {key: value for key, value in limits.items() if value not in (None, "")}


def restart_body(text: str) -> dict[str, Any]:
    name, _, retries = text.partition(":")
    if retries and not retries.isdigit():
        raise UsageError(f"invalid restart policy format: maximum retry count must be an integer: {text}")
    return {"Name": name or "no", "MaximumRetryCount": int(retries or 0)}


def environment(given: Given) -> list[str]:
    """Files first, then single ones; a name alone takes the value it has here, or is left out."""
    lines = [line for path in given.list("env-file") for line in _lines(path)]
    result: list[str] = []
    for line in lines + given.list("env"):
        name, equals, _ = line.partition("=")
        if not name:
            raise UsageError(f"invalid environment variable: {line}")
        if equals:
            result.append(line)
        elif name in os.environ:
            result.append(f"{name}={os.environ[name]}")
    return result


def labels(given: Given) -> dict[str, str]:
    lines = [line for path in given.list("label-file") for line in _lines(path)]
    return _pairs(lines + given.list("label"))


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    return [line for line in lines if line and not line.startswith("#")]


def _pairs(texts: list[str]) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in texts)


def _size(text: str, option: str) -> int:
    try:
        return bytes_of(text)
    except ValueError as error:
        raise UsageError(f'invalid argument "{text}" for --{option}: {error}') from None


def _extra_host(text: str) -> str:
    host, separator, address = text.partition("=" if "=" in text else ":")
    if not separator or not host or not address:
        raise UsageError(f'bad format for add-host: "{text}"')
    return f"{host}:{address}"


def _security_option(text: str) -> str:
    """A seccomp profile is named by its file here and sent as its text."""
    name, separator, value = text.partition("=" if "=" in text else ":")
    if name == "seccomp" and value not in ("unconfined", "builtin", ""):
        try:
            with open(value, encoding="utf-8") as file:
                return f"seccomp={file.read()}"
        except OSError as error:
            raise UsageError(f"opening seccomp profile ({value}) failed: {error}") from None
    return text if separator != ":" else f"{name}={value}"


def _ulimit(text: str) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    soft, _, hard = value.partition(":")
    try:
        if not equals or not name:
            raise ValueError(text)
        return {"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}
    except ValueError:
        raise UsageError(f"invalid ulimit argument: {text}") from None


def _device(text: str) -> dict[str, str]:
    parts = text.split(":")
    rights = "rwm"
    if len(parts) > 1 and set(parts[-1]) <= set("rwm"):
        rights = parts.pop()
    if len(parts) > 2 or not parts[0]:
        raise UsageError(f"invalid device specification: {text}")
    return {"PathOnHost": parts[0], "PathInContainer": parts[-1], "CgroupPermissions": rights}


def _rate(text: str, *, sized: bool) -> dict[str, Any]:
    path, _, rate = text.rpartition(":")
    try:
        if not path.startswith("/dev/"):
            raise ValueError(text)
        return {"Path": path, "Rate": bytes_of(rate) if sized else int(rate)}
    except ValueError:
        raise UsageError(f"bad format for device rate: {text}, expected <device-path>:<number>") from None


def _health(given: Given) -> dict[str, Any]:
    if given.flag("no-healthcheck"):
        return {"Test": ["NONE"]}
    record: dict[str, Any] = {}
    if given.text("health-cmd"):
        record["Test"] = ["CMD-SHELL", given.text("health-cmd")]
    for option, key in (
        ("health-interval", "Interval"),
        ("health-timeout", "Timeout"),
        ("health-start-period", "StartPeriod"),
        ("health-start-interval", "StartInterval"),
    ):
        if given.text(option):
            record[key] = nanoseconds(given.text(option), option)
    if given.number("health-retries"):
        record["Retries"] = given.number("health-retries")
    return record
