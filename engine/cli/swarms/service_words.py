"""Docker's options for a service, as what a compose file would say of it: one row for each, for `service create` and
`service update`. What a compose file's words become in a swarm is the engine's to know."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.cli.options import UsageError
from engine.recipe.faults import Unreadable, marked
from engine.recipe.words.arguments import NO, Option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.cli.options import Given

_INSIDE = "TaskTemplate.ContainerSpec"
_OF_RUN = (
    "cap-add", "cap-drop", "dns", "dns-option", "dns-search", "env", "env-file", "health-cmd", "health-interval",
    "health-retries", "health-start-interval", "health-start-period", "health-timeout", "hostname", "init",
    "log-driver", "log-opt", "no-healthcheck", "oom-score-adj", "read-only", "stop-signal", "sysctl", "tty", "ulimit",
    "user", "workdir",
)  # fmt: skip
"""They mean what they mean for `run`, whose table has their words."""


class Row(NamedTuple):
    name: str
    place: str
    """Where a compose file's service says it ("deploy.replicas")."""
    words: str = ""
    kind: str = "text"
    read: str = ""
    """How the text is read where it is not as it stands."""
    taken: str = ""
    """Where in Docker's own spec the entries of a list are: an update adds some and takes some away."""
    short: str = ""
    spec: str = ""
    """Where the spec has it that a flag turns off."""


def _rolling(word: str, what: str) -> tuple[Row, ...]:
    place = f"deploy.{word}_config"
    return (
        Row(f"{word}-delay", f"{place}.delay", f"Delay between {what}s"),
        Row(f"{word}-failure-action", f"{place}.failure_action", f"Action on {what} failure"),
        Row(f"{word}-max-failure-ratio", f"{place}.max_failure_ratio", f"Failure rate to tolerate during {what}s"),
        Row(f"{word}-monitor", f"{place}.monitor", "How long each task is watched for failure"),
        Row(f"{word}-order", f"{place}.order", "'start-first' or 'stop-first'"),
        Row(f"{word}-parallelism", f"{place}.parallelism", "Most tasks at once, 0 for all", "number"),
    )


_ROWS = (
    Row("cap-add", "cap_add", kind="list"),
    Row("cap-drop", "cap_drop", kind="list"),
    Row("config", "configs", "Give it a config", "list", "granted", f"{_INSIDE}.Configs"),
    Row("constraint", "deploy.placement.constraints", "Placement constraints", "list", taken=
        "TaskTemplate.Placement.Constraints"),
    Row("container-label", "labels", "Container labels", "list", "pairs", f"{_INSIDE}.Labels"),
    Row("dns", "dns", kind="list", taken=f"{_INSIDE}.DNSConfig.Nameservers"),
    Row("dns-option", "dns_opt", kind="list", taken=f"{_INSIDE}.DNSConfig.Options"),
    Row("dns-search", "dns_search", kind="list", taken=f"{_INSIDE}.DNSConfig.Search"),
    Row("endpoint-mode", "deploy.endpoint_mode", "'vip' or 'dnsrr'"),
    Row("entrypoint", "entrypoint", "Overwrite the default ENTRYPOINT of the image", read="shell"),
    Row("env", "environment", kind="list", read="environment", taken=f"{_INSIDE}.Env", short="e"),
    Row("env-file", "environment", kind="list", read="environment-file"),
    Row("generic-resource", "deploy.resources.reservations.generic_resources", "User defined resources", "list",
        "generic", "TaskTemplate.Resources.Reservations.GenericResources"),
    Row("group", "group_add", "Additional groups of the user", "list", taken=f"{_INSIDE}.Groups"),
    Row("health-cmd", "healthcheck.test", read="check"),
    Row("health-interval", "healthcheck.interval"),
    Row("health-retries", "healthcheck.retries", kind="number"),
    Row("health-start-interval", "healthcheck.start_interval"),
    Row("health-start-period", "healthcheck.start_period"),
    Row("health-timeout", "healthcheck.timeout"),
    Row("host", "extra_hosts", "Names of hosts with their addresses (host:ip)", "list", taken=f"{_INSIDE}.Hosts"),
    Row("hostname", "hostname"),
    Row("init", "init", kind="flag", spec=f"{_INSIDE}.Init"),
    Row("label", "deploy.labels", "Service labels", "list", "pairs", "Labels", "l"),
    Row("limit-cpu", "deploy.resources.limits.cpus", "Limit CPUs", spec="TaskTemplate.Resources.Limits.NanoCPUs"),
    Row("limit-memory", "deploy.resources.limits.memory", "Limit memory",
        spec="TaskTemplate.Resources.Limits.MemoryBytes"),
    Row("limit-pids", "deploy.resources.limits.pids", "Limit processes", "number",
        spec="TaskTemplate.Resources.Limits.Pids"),
    Row("log-driver", "logging.driver"),
    Row("log-opt", "logging.options", kind="list", read="pairs"),
    Row("mode", "deploy.mode", "'replicated', 'global', 'replicated-job' or 'global-job'"),
    Row("mount", "volumes", "Attach a mount", "list", "mount", f"{_INSIDE}.Mounts"),
    Row("network", "networks", "Networks to be on", "list", "network", "TaskTemplate.Networks"),
    Row("no-healthcheck", "healthcheck.disable", kind="flag"),
    Row("oom-score-adj", "oom_score_adj", kind="number"),
    Row("placement-pref", "deploy.placement.preferences", "Placement preferences (spread=…)", "list", "preference",
        "TaskTemplate.Placement.Preferences"),
    Row("publish", "ports", "Publish ports of all tasks", "list", "port", "EndpointSpec.Ports", "p"),
    Row("read-only", "read_only", kind="flag", spec=f"{_INSIDE}.ReadOnly"),
    Row("replicas", "deploy.replicas", "Number of tasks", "number"),
    Row("replicas-max-per-node", "deploy.placement.max_replicas_per_node", "Most tasks on one node", "number",
        spec="TaskTemplate.Placement.MaxReplicas"),
    Row("reserve-cpu", "deploy.resources.reservations.cpus", "Reserve CPUs",
        spec="TaskTemplate.Resources.Reservations.NanoCPUs"),
    Row("reserve-memory", "deploy.resources.reservations.memory", "Reserve memory",
        spec="TaskTemplate.Resources.Reservations.MemoryBytes"),
    Row("restart-condition", "deploy.restart_policy.condition", "'none', 'on-failure' or 'any'"),
    Row("restart-delay", "deploy.restart_policy.delay", "Delay between restarts"),
    Row("restart-max-attempts", "deploy.restart_policy.max_attempts", "Most restarts", "number"),
    Row("restart-window", "deploy.restart_policy.window", "Time in which restarts are counted"),
    *_rolling("rollback", "rollback"),
    Row("secret", "secrets", "Give it a secret", "list", "granted", f"{_INSIDE}.Secrets"),
    Row("stop-grace-period", "stop_grace_period", "Time between the signal to stop and the kill"),
    Row("stop-signal", "stop_signal"),
    Row("sysctl", "sysctls", kind="list", read="pairs", taken=f"{_INSIDE}.Sysctls"),
    Row("tty", "tty", kind="flag", short="t", spec=f"{_INSIDE}.TTY"),
    Row("ulimit", "ulimits", kind="list", read="ulimit", taken=f"{_INSIDE}.Ulimits"),
    *_rolling("update", "update"),
    Row("user", "user", short="u"),
    Row("workdir", "working_dir", short="w"),
)  # fmt: skip
_ONLY_NEW = ("env-file", "mode", "replicas")
"""Of the rows, those that an update has no such option for, or has one of its own."""


@cache
def _words_of_run() -> dict[str, str]:
    from engine.recipe.rows import ROWS

    return {row.flag: row.words for row in ROWS if row.flag in _OF_RUN}


def _option(row: Row, name: str, words: str = "") -> Option:
    return Option(name, row.kind, words or row.words or _words_of_run()[row.name], row.short if not words else "")


def create_options() -> list[Option]:
    return [_option(row, row.name) for row in _ROWS]


def update_options() -> list[Option]:
    found = []
    for row in _ROWS:
        if row.taken:
            found.append(_option(row, f"{row.name}-add", f"Add: {_option(row, row.name).help}"))
            found.append(Option(f"{row.name}-rm", "list", f"Take away what --{row.name}-add gave"))
        elif row.name not in _ONLY_NEW:
            found.append(_option(row, row.name))
    return found


# --- what was typed, as compose's words ---


class Words:
    """A service as a compose file would say it, and what it would say of its volumes."""

    def __init__(self) -> None:
        self.service: dict[str, Any] = {}
        self.volumes: dict[str, Any] = {}

    def put(self, row: Row, texts: Sequence[str]) -> None:
        *above, last = row.place.split(".")
        holder = self.service
        for key in above:
            holder = holder.setdefault(key, {})
        value = self._value(row, texts)
        known = holder.get(last)
        holder[last] = {**known, **value} if isinstance(known, dict) else value

    def _value(self, row: Row, texts: Sequence[str]) -> Any:
        if row.read == "mount":
            return [self._mount(text) for text in texts]
        if row.read:
            return _READERS[row.read](texts)
        if row.kind == "flag":
            return texts[-1] not in NO
        return list(texts) if row.kind == "list" else _number(row, texts[-1])

    def _mount(self, text: str) -> dict[str, Any]:
        from engine.recipe.kinds.mounts import mount_values

        said = mount_values(text)
        kind = said.pop("type", "volume")
        found: dict[str, Any] = {"type": kind, "target": said.pop("target", "")}
        if source := said.pop("source", ""):
            found["source"] = source
        if said.pop("readonly", "false").lower() in ("true", "1"):
            found["read_only"] = True
        options, volume = _mount_options(said)
        if options:
            found[kind] = options
        if volume:
            self.volumes[found.get("source", "")] = volume
        if said:
            raise Unreadable(
                marked("Recipe", "invalid argument for --mount: unexpected key '{0}' in '{1}'"), next(iter(said)), text
            )
        return found


def _mount_options(said: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the mount itself, and of the volume. They are taken out of what was said."""
    from engine.recipe.kinds.amounts import read_size

    own: dict[str, Any] = {}
    for key, word in (("bind-propagation", "propagation"), ("volume-subpath", "subpath")):
        if key in said:
            own[word] = said.pop(key)
    if said.pop("volume-nocopy", "false").lower() in ("true", "1"):
        own["nocopy"] = True
    if "tmpfs-size" in said:
        own["size"] = read_size(said.pop("tmpfs-size"), "tmpfs-size")
    if "tmpfs-mode" in said:
        own["mode"] = int(said.pop("tmpfs-mode"), 8)
    volume: dict[str, Any] = {"driver": said.pop("volume-driver")} if "volume-driver" in said else {}
    for key, word in (("volume-opt", "driver_opts"), ("volume-label", "labels")):
        if key in said:
            volume[word] = dict(line.partition("=")[::2] for line in said.pop(key).split("\n"))
    return own, volume


def _number(row: Row, text: str) -> Any:
    if row.kind != "number":
        return text
    try:
        return int(text)
    except ValueError:
        raise UsageError(f'invalid argument "{text}" for --{row.name}: not a whole number') from None


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in texts)


def _environment(texts: Sequence[str]) -> dict[str, str]:
    from engine.recipe.words.here import this_place, variables

    return variables(list(texts), this_place())


def _environment_files(paths: Sequence[str]) -> dict[str, str]:
    from engine.recipe.words.here import read_lines, this_place, variables

    here = this_place()
    return variables([line for path in paths for line in read_lines(path, here)], here)


def _shell_words(texts: Sequence[str]) -> list[str]:
    import shlex

    return shlex.split(texts[-1])


def _granted(texts: Sequence[str]) -> list[dict[str, Any]]:
    """NAME, or source=NAME,target=…,uid=…,gid=…,mode=…"""
    found = []
    for text in texts:
        said = _pairs(text.split(",")) if "=" in text else {"source": text}
        said = {{"src": "source"}.get(key, key): value for key, value in said.items()}
        found.append({"target": said.get("source", ""), **said})
    return found


def _networks(texts: Sequence[str]) -> dict[str, Any]:
    """NAME, or name=NAME,alias=…,driver-opt=…"""
    found: dict[str, Any] = {}
    for text in texts:
        said = [part.partition("=")[::2] for part in text.split(",")] if "=" in text else [("name", text)]
        name = next((value for key, value in said if key == "name"), "")
        aliases = [value for key, value in said if key == "alias"]
        options = _pairs(value for key, value in said if key == "driver-opt")
        own = ({"aliases": aliases} if aliases else {}) | ({"driver_opts": options} if options else {})
        found[name] = own or None
    return found


def _port(texts: Sequence[str]) -> list[Any]:
    """8080:80/udp, or published=8080,target=80,protocol=tcp,mode=host: the first are compose's own."""
    found: list[Any] = []
    for text in texts:
        if "=" not in text:
            found.append(text)
            continue
        said = _pairs(text.split(","))
        if not said.get("target", "").isdigit() or not said.get("published", "0").isdigit():
            raise UsageError(f'invalid argument "{text}" for --publish: not a port')
        found.append(said | {"target": int(said["target"])})
    return found


def _ulimits(texts: Sequence[str]) -> dict[str, Any]:
    from engine.recipe.kinds.special import read_ulimit

    read = map(read_ulimit, texts)
    return {each["name"]: {"soft": each["soft"], "hard": each["hard"]} for each in read}


def _generic(texts: Sequence[str]) -> list[dict[str, Any]]:
    pairs = _pairs(texts)
    for kind, value in pairs.items():
        if not value.isdigit():
            raise UsageError(f'invalid argument "{kind}={value}" for --generic-resource: write KIND=NUMBER')
    return [{"discrete_resource_spec": {"kind": kind, "value": int(value)}} for kind, value in pairs.items()]


def _preferences(texts: Sequence[str]) -> list[dict[str, str]]:
    return [_pairs([text]) for text in texts]


_READERS: dict[str, Callable[[Sequence[str]], Any]] = {
    "check": lambda texts: ["CMD-SHELL", texts[-1]],
    "environment": _environment,
    "environment-file": _environment_files,
    "generic": _generic,
    "granted": _granted,
    "network": _networks,
    "pairs": _pairs,
    "port": _port,
    "preference": _preferences,
    "shell": _shell_words,
    "ulimit": _ulimits,
}


def said_new(given: Given) -> Words:
    """Files of variables come before single ones, which win."""
    words = Words()
    for row in sorted(_ROWS, key=lambda row: row.name != "env-file"):
        if given.has(row.name):
            words.put(row, given.list(row.name))
    return words


def said_other(given: Given) -> tuple[Words, dict[str, list[str]]]:
    """Of an update: what is said anew, and what goes, by its place in Docker's spec."""
    words, gone = Words(), {}
    for row in _ROWS:
        name = f"{row.name}-add" if row.taken else row.name
        if row.taken and given.has(f"{row.name}-rm"):
            gone[row.taken] = [_taken(row, text) for text in given.list(f"{row.name}-rm")]
        if row.name in _ONLY_NEW or not given.has(name):
            continue
        texts = given.list(name)
        if row.spec and texts[-1] in ("0", *NO):
            above, _, key = row.spec.rpartition(".")
            gone.setdefault(above, []).append(key)
        else:
            words.put(row, texts)
    return words, gone


def _taken(row: Row, text: str) -> str:
    if row.read == "port":
        number, _, protocol = text.partition("/")
        if not number.isdigit():
            raise UsageError(f'invalid argument "{text}" for --publish-rm: not a port')
        return f"{number}/{protocol or 'tcp'}"
    return text
