"""The kinds that only one field has: variables, ports, mounts, health, limits of devices, security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.recipe.faults import Unreadable, marked, unsupported
from engine.recipe.kinds import mounts, ports
from engine.recipe.kinds.amounts import read_number, read_size, size_words
from engine.recipe.kinds.plain import Flag, Number, Pairs, Text, Words, expected
from engine.recipe.networks import EGRESS_LABEL, OWN_NETWORK, network_mode, network_name, of_pod
from engine.recipe.words.here import read_lines, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.recipe.words.here import Here

_POLICIES = ("no", "on-failure", "always", "unless-stopped")


def words(given: Any, name: str) -> list[str] | None:
    """Docker takes a list or one string where a command stands. None where nothing was said; its way to say "nothing
    at all" is a list of one empty string."""
    if isinstance(given, str):
        return [given] if given else None
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise expected(name, "a list")
    return [] if given == [""] else list(given) or None


class Command(Words):
    """The words after the image; no option gives them."""

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        # An empty word is an argument like any other; only an entrypoint is silenced by one.
        return value if value == [""] else words(value, name)

    def dump(self, value: Any) -> Any:
        return list(value) or None


class Entrypoint(Text):
    """One word on a line, which Docker does not split; a list of several is written as podman takes it."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        text = texts[-1]
        if text.startswith("["):
            import json

            try:
                found = json.loads(text)
            except ValueError:
                found = None
            if isinstance(found, list) and all(isinstance(word, str) for word in found):
                return found
        return [text] if text else []

    def write(self, value: Any) -> list[str]:
        return [value[0] if value else ""]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        return words(value, name)

    def dump(self, value: Any) -> Any:
        return list(value) or [""]


class Environment(Pairs):
    """Variables; on a line a name alone takes the value it has here."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return {**(so_far or {}), **variables(list(texts), here)}

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise expected(name, "a list")
        pairs = (line.partition("=") for line in value)
        return {key: text for key, equals, text in pairs if equals and key}

    def dump(self, value: Any) -> Any:
        return [f"{key}={text}" for key, text in value.items()]


class EnvironmentFile(Environment):
    """Files of variables: read before single ones, which win."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        lines = [line for path in texts for line in read_lines(path, here)]
        return {**(so_far or {}), **variables(lines, here)}

    def write(self, value: Any) -> list[str]:
        return []


class LabelFile(Pairs):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return super().read(so_far, [line for path in texts for line in read_lines(path, here)], name, here)

    def write(self, value: Any) -> list[str]:
        return []


class Egress(Pairs):
    """What may be reached outside, kept as a label."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
        return {**(so_far or {}), EGRESS_LABEL: ",".join(words) or "none"}

    def write(self, value: Any) -> list[str]:
        return []


class Ports(Words):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(item for text in texts for item in ports.read_publish(text))]

    def write(self, value: Any) -> list[str]:
        return [ports.publish_words(item) for item in value]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise expected(name, "an object")
        return ports.load_bindings(value)

    def dump(self, value: Any) -> Any:
        return ports.dump_bindings(value)


class Exposed(Words):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(key for text in texts for key in ports.read_expose(text))]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise expected(name, "an object")
        return [key for text in value for key in ports.read_expose(text)]

    def dump(self, value: Any) -> Any:
        return {key: {} for key in value}


class Mounts(Words):
    """One of the spellings of mounts, and which mounts it is the one for, on a line and in a body."""

    def __init__(
        self, on_line: Callable[[Mapping[str, Any]], bool] | None, in_body: Callable[[Mapping[str, Any]], bool] | None
    ) -> None:
        self._on_line = on_line
        self._in_body = in_body

    def write(self, value: Any) -> list[str]:
        return [self.text(item) for item in mounts.chosen(value, self._on_line)] if self._on_line else []

    def dump(self, value: Any) -> Any:
        return self.record(mounts.chosen(value, self._in_body)) if self._in_body else None

    def text(self, item: Mapping[str, Any]) -> str:
        return mounts.volume_words(item)

    def record(self, items: list[dict[str, Any]]) -> Any:
        return [self.text(item) for item in items] or None


class Binds(Mounts):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(mounts.read_volume(text, here) for text in texts)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise expected(name, "a list")
        return [*(so_far or ()), *(mounts.read_volume(text) for text in value)]


class MountRecords(Mounts):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(mounts.read_mount(text, here) for text in texts)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise expected(name, "a list")
        return [*(so_far or ()), *map(mounts.load_mount, value)]

    def text(self, item: Mapping[str, Any]) -> str:
        return mounts.mount_words(item)

    def record(self, items: list[dict[str, Any]]) -> Any:
        return [mounts.dump_mount(item) for item in items] or None


class Tmpfs(Mounts):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *map(mounts.read_tmpfs, texts)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise expected(name, "an object")
        return [*(so_far or ()), *(mounts.load_tmpfs(target, text) for target, text in value.items())]

    def text(self, item: Mapping[str, Any]) -> str:
        options = mounts.tmpfs_words(item)
        return f"{item['target']}:{options}" if options else str(item["target"])

    def record(self, items: list[dict[str, Any]]) -> Any:
        return {item["target"]: mounts.tmpfs_words(item) for item in items} or None


class Anonymous(Mounts):
    """Volumes of a body: targets that nothing else is said of."""

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise expected(name, "an object")
        known = {item["target"] for item in so_far or ()}
        return [*(so_far or ()), *(mounts.read_volume(target) for target in value if target not in known)]

    def record(self, items: list[dict[str, Any]]) -> Any:
        return {item["target"]: {} for item in items} or None


class Network(Text):
    """The engine's own one under each of Docker's and podman's names for it; else the name of one."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return network_name("" if texts[-1] in ("private", "slirp4netns") else texts[-1])

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        return network_name(super().load(so_far, value, name))

    def dump(self, value: Any) -> Any:
        return network_mode(value)

    def write(self, value: Any) -> list[str]:
        return [value] if value != OWN_NETWORK else []


class InPod(Text):
    """The network of a pod, said by the pod's name alone. It is written as a network."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return of_pod(texts[-1]) if texts[-1] else so_far

    def write(self, value: Any) -> list[str]:
        return []


class Restart(Text):
    """NAME[:RETRIES]."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        policy, colon, retries = texts[-1].partition(":")
        if colon and not (retries.isascii() and retries.isdigit() and len(retries) < 10):
            sentence = marked("Recipe", "invalid restart policy: '{0}': maximum retry count must be a whole number")
            raise Unreadable(sentence, texts[-1][:40])
        return self._checked(policy, int(retries or 0))

    def write(self, value: Any) -> list[str]:
        retries = f":{value['maximum_retries']}" if value["maximum_retries"] else ""
        return [value["name"] + retries]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise expected(name, "an object")
        retries = Number(least=None).load(None, value.get("MaximumRetryCount") or 0, name)
        return self._checked(Text().load(None, value.get("Name") or "", name), retries)

    def dump(self, value: Any) -> Any:
        return {"Name": value["name"], "MaximumRetryCount": value["maximum_retries"]}

    def _checked(self, policy: str, retries: int) -> dict[str, Any]:
        policy = policy or "no"
        if policy not in _POLICIES:
            sentence = marked(
                "Recipe",
                "invalid restart policy: unknown policy '{0}'; use one of 'no', 'always', 'on-failure', or"
                " 'unless-stopped'",
            )
            raise Unreadable(sentence, policy[:40])
        if retries and policy != "on-failure":
            raise Unreadable(
                marked("Recipe", "invalid restart policy: maximum retry count can only be used with 'on-failure'")
            )
        if retries < 0:
            raise Unreadable(marked("Recipe", "invalid restart policy: maximum retry count cannot be negative"))
        return {"name": policy, "maximum_retries": retries}


class HealthCommand(Text):
    def checked(self, text: str, name: str) -> Any:
        return ["CMD-SHELL", text] if text else []

    def write(self, value: Any) -> list[str]:
        if value[:1] == ["NONE"] or not value:
            return []
        if value[0] == "CMD-SHELL" and len(value) == 2:
            return [value[1]]
        import shlex

        return [shlex.join(value[1:] if value[0] == "CMD" else value)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        return words(value, name) or []

    def dump(self, value: Any) -> Any:
        return list(value)


class NoHealth(Flag):
    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return ["NONE"] if super().read(so_far, texts, name, here) else so_far

    def write(self, value: Any) -> list[str]:
        return [""] if value[:1] == ["NONE"] else []


class Ulimits(Words):
    """NAME=SOFT[:HARD]."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *map(read_ulimit, texts)]

    def write(self, value: Any) -> list[str]:
        return [f"{item['name']}={item['soft']}:{item['hard']}" for item in value]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) and item.get("Name") for item in value):
            raise expected(name, "a list")
        number = Number(least=None)
        return [
            {
                "name": Text().load(None, item["Name"], name),
                "soft": number.load(None, item.get("Soft") or 0, name),
                "hard": number.load(None, item.get("Hard") or 0, name),
            }
            for item in value
        ]

    def dump(self, value: Any) -> Any:
        return [{"Name": item["name"], "Hard": item["hard"], "Soft": item["soft"]} for item in value]


def read_ulimit(text: str) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    soft, colon, hard = value.partition(":")
    if not equals or not name or (colon and not hard):
        raise Unreadable(marked("Recipe", "invalid ulimit “{0}”: write nofile=1024:4096"), text[:80])
    low = read_number(soft, f"ulimit {name}")
    return {"name": name, "soft": low, "hard": read_number(hard, f"ulimit {name}") if hard else low}


class Rates(Words):
    """DEVICE:RATE of one kind; all kinds share one list."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._sized = kind.endswith("bps")

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(self._read(text) for text in texts)]

    def _read(self, text: str) -> dict[str, Any]:
        device, _, rate = text.rpartition(":")
        if not device.startswith("/"):
            raise Unreadable(marked("Recipe", "invalid rate “{0}”: write /dev/sda:10m"), text[:80])
        number = read_size(rate, device) if self._sized else read_number(rate, device)
        return {"device": device, "kind": self._kind, "rate": number}

    def write(self, value: Any) -> list[str]:
        return [
            f"{item['device']}:{size_words(item['rate']) if self._sized else item['rate']}"
            for item in value
            if item["kind"] == self._kind
        ]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise expected(name, "a list")
        rates = [
            {
                "device": Text().load(None, item.get("Path"), name),
                "kind": self._kind,
                "rate": Number().load(None, item.get("Rate") or 0, name),
            }
            for item in value
        ]
        return [*(so_far or ()), *rates]

    def dump(self, value: Any) -> Any:
        return [{"Path": item["device"], "Rate": item["rate"]} for item in value if item["kind"] == self._kind]


class LogDriver(Text):
    """Docker's name for how its logs are kept; here they are files whatever it is, and with "none" there are none."""

    def checked(self, text: str, name: str) -> Any:
        if text in ("", "k8s-file"):
            return "json-file"
        if text not in ("json-file", "local", "none"):
            raise unsupported(f"HostConfig.LogConfig.Type '{text[:80]}'", marked("Recipe", "logs are kept in files"))
        return text


class LogOptions(Pairs):
    """When a log file is rotated. Docker's other options say how its own files look: they are kept to be shown."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return self.load(so_far, super().read(None, texts, name, here), name)

    def write(self, value: Any) -> list[str]:
        return super().write(self.dump(value))

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        given: dict[str, str] = super().load(None, value, name)
        size, files = given.pop("max-size", ""), given.pop("max-file", "")
        if files and not (files.isascii() and files.isdigit() and len(files) < 6):
            raise Unreadable(marked("Recipe", "invalid log option max-file={0}"), files[:40])
        found = dict(so_far or {})
        if size:
            found["max_bytes"] = read_size(size, "max-size")
        if files:
            found["max_files"] = int(files)
        if given:
            found["options"] = {**found.get("options", {}), **given}
        return found

    def dump(self, value: Any) -> Any:
        size = {"max-size": size_words(value["max_bytes"])} if value.get("max_bytes") else {}
        files = {"max-file": str(value["max_files"])} if value.get("max_files") else {}
        return {**size, **files, **value.get("options", {})}


_LOG_OPTIONS = frozenset(
    {"labels", "labels-regex", "env", "env-regex", "compress", "tag", "mode", "max-buffer-size", "cache-disabled"}
)


def check_log_options(log: Mapping[str, Any]) -> None:
    """What the driver knows nothing of; without a log everything is as good as nothing."""
    driver = log.get("driver", "json-file")
    for option in log.get("options") or {}:
        if driver != "none" and option not in _LOG_OPTIONS and not option.startswith("cache-"):
            raise Unreadable(marked("Recipe", "unknown log opt '{0}' for {1} log driver"), option[:80], driver)


class SecurityOptions(Words):
    """NAME[=VALUE]; each sets a field of the recipe's security."""

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return self.load(so_far, [_with_profile(text, here) for text in texts], name)

    def write(self, value: Any) -> list[str]:
        options = ["no-new-privileges"] if value.get("no_new_privileges") else []
        if value.get("seccomp"):
            options.append(f"seccomp={value['seccomp']}")
        if value.get("unmask_paths"):
            options.append("systempaths=unconfined")
        return options

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        found = dict(so_far or {})
        for text in Words().load(None, value, name):
            found.update(_security_option(text))
        return found

    def dump(self, value: Any) -> Any:
        return self.write(value) or None


def _parted(text: str) -> tuple[str, str]:
    """A colon was the sign once, and a profile's text has signs of both kinds in it."""
    sign = min((sign for sign in "=:" if sign in text), key=text.index, default="=")
    name, _, value = text.partition(sign)
    return name, value


def _with_profile(text: str, here: Here) -> str:
    """A seccomp profile is named by its file on a line and is its text everywhere else."""
    name, value = _parted(text)
    if name == "seccomp" and value not in ("unconfined", "builtin", "") and not value.startswith("{"):
        return f"seccomp={here.read(here.path(value))}"
    return text


def _security_option(option: str) -> dict[str, Any]:
    name, value = _parted(option)
    if name == "no-new-privileges" and value in ("", "true", "false"):
        return {"no_new_privileges": value != "false"}
    if name == "seccomp":
        return {"seccomp": _seccomp(value)}
    if name == "systempaths" and value == "unconfined":
        return {"unmask_paths": True}
    # Neither AppArmor nor SELinux is set up for containers here, so to ask for none is to ask for what is.
    if (name, value) in (("apparmor", "unconfined"), ("label", "disable")):
        return {}
    why = marked("Recipe", "only seccomp, no-new-privileges and systempaths are")
    raise unsupported(f"HostConfig.SecurityOpt '{option[:80]}'", why)


def _seccomp(value: str) -> str:
    if value in ("unconfined", ""):
        return value
    if value == "builtin":
        return ""
    import json

    try:
        if not isinstance(json.loads(value), dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError) as error:
        raise Unreadable(marked("Recipe", "the seccomp profile is no JSON object: {0}"), error) from None
    return value
