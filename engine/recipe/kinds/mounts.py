"""Mounts in their spellings: `-v`, `--mount`, `--tmpfs`; Binds, Mounts, Tmpfs and Volumes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.recipe.faults import Unreadable, marked, unsupported
from engine.recipe.kinds.amounts import read_size, size_words
from engine.recipe.words.unexpanded import is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.recipe.words.here import Here

_PROPAGATIONS = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_WITHOUT_EFFECT = frozenset({"rw", "z", "Z", "cached", "delegated", "consistent", "default"})
"""SELinux labels are not set for containers here; the words for caching only ever meant something on macOS."""
_TMPFS_WITHOUT_EFFECT = frozenset({"rw", "noexec", "nosuid", "nodev", "defaults"})
_TMPFS_WORDS = frozenset({"exec", "suid", "dev", "noatime", "relatime", "strictatime", "nodiratime"})
_TMPFS_OF_THE_KERNEL = frozenset({"huge", "mpol", "nr_blocks", "nr_inodes", "uid", "gid", "inode32", "inode64"})
_TMPFS_VALUE = re.compile(r"[a-z_0-9]+(?:=[A-Za-z0-9:_-]{1,40}%?)?")
_VOLUME_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_STICKY = 0o1777
_YES = ("", "true", "1", "t")
_NO = ("false", "0", "f")
_ALIASES = {
    "src": "source", "dst": "target", "destination": "target", "ro": "readonly", "U": "chown", "readwrite": "rw",
}  # fmt: skip
_WORDS_ALONE = frozenset(
    {"readonly", "rw", "volume-nocopy", "bind-nonrecursive", "bind-create-src", "chown", "idmap", "bind-recursive"}
)


def mount(kind: str, target: str, **given: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "target": target,
        "source": "",
        "read_only": False,
        "propagation": "rprivate",
        "ownership": "",
        "create_source": False,
        "copy_up": True,
        "tmpfs_size": 0,
        "tmpfs_mode": _STICKY,
        "tmpfs_options": [],
        "volume_labels": {},
        "volume_options": {},
        "subpath": "",
        **given,
    }


def without_doubles(mounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they are; a target named twice is an error."""
    seen: set[str] = set()
    for item in mounts:
        target = item["target"].rstrip("/")
        if target in seen:
            raise Unreadable(marked("Recipe", "Duplicate mount point: {0}"), item["target"])
        seen.add(target)
    return mounts


# --- `-v` and Binds ---


def read_volume(text: str, here: Here | None = None) -> dict[str, Any]:
    """`[SOURCE:]TARGET[:OPTIONS]`; a source that is no path names a volume. With `here`, paths may be relative."""
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise Unreadable(marked("Recipe", "invalid volume specification: '{0}'"), text[:200])
    if len(parts) == 1:
        return mount("volume", _target(parts[0]))
    source, target = parts[0], _target(parts[1])
    options = _volume_options(parts[2] if len(parts) == 3 else "")
    if is_open(source):
        # What a shell would have put here is not known; it is for the user to say, and no name of a volume.
        return mount("bind", target, source=source, create_source=True, **options)
    if here is not None and source.startswith((".", "~")):
        source = here.path(source)
    if source.startswith("/"):
        return mount("bind", target, source=source, create_source=True, **options)
    return mount("volume", target, source=_volume_name(source), **options)


def _volume_options(text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for word in text.split(",") if text else ():
        if word == "ro":
            options["read_only"] = True
        elif word in _PROPAGATIONS:
            options["propagation"] = word
        elif word == "nocopy":
            options["copy_up"] = False
        elif word in ("U", "idmap"):
            options["ownership"] = "chown" if word == "U" else word
        elif word not in _WITHOUT_EFFECT:
            raise Unreadable(marked("Recipe", "invalid mode: {0}"), text[:80])
    return options


def fits_volume(item: Mapping[str, Any]) -> bool:
    """Whether `-v` can say it."""
    further = item["volume_labels"] or item["volume_options"] or item["subpath"]
    if item["kind"] in ("tmpfs", "image") or ":" in item["source"] + item["target"] or further:
        return False
    if item["kind"] == "bind":
        return bool(item["create_source"]) and item["source"].startswith("/")
    return bool(item["source"]) or item == mount("volume", item["target"])


def volume_words(item: Mapping[str, Any]) -> str:
    words = [word for word, on in (("ro", item["read_only"]), ("nocopy", not item["copy_up"])) if on]
    if item["propagation"] not in ("", "rprivate"):
        words.append(item["propagation"])
    if item["ownership"]:
        words.append("U" if item["ownership"] == "chown" else item["ownership"])
    source = f"{item['source']}:" if item["source"] else ""
    return f"{source}{item['target']}" + (":" + ",".join(words) if words else "")


def _volume_name(name: str) -> str:
    if not re.fullmatch(_VOLUME_NAME, name):
        raise Unreadable(
            marked(
                "Recipe",
                "'{0}' includes invalid characters for a local volume name, only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed."
                " If you intended to pass a host directory, use absolute path",
            ),
            name[:200],
        )
    return name


def _target(target: str) -> str:
    if is_open(target):
        return target
    if not target.startswith("/") or target.rstrip("/") == "" or "\0" in target:
        if target.startswith("/") and "\0" not in target:
            raise Unreadable(marked("Recipe", "invalid specification: destination can't be '/'"))
        raise Unreadable(marked("Recipe", "invalid mount path: '{0}' mount path must be absolute"), target[:200])
    return target


# --- `--mount` and Mounts ---


def read_mount(text: str, here: Here | None = None) -> dict[str, Any]:
    """`type=bind,source=…,target=…` and what goes with it."""
    values = mount_values(text)
    kind = values.pop("type", "volume")
    given: dict[str, Any] = {}
    read_only = "readonly" in values and _truth(values.pop("readonly"), text)
    if values.pop("rw", None) is not None:
        read_only = False
    values.pop("consistency", None)
    values.pop("relabel", None)
    for word, ownership in (("chown", "chown"), ("idmap", "idmap")):
        if word in values and _truth(values.pop(word), text):
            given["ownership"] = ownership
    if "target" not in values:
        raise Unreadable(marked("Recipe", "invalid argument for --mount: target is required: {0}"), text[:200])
    target, source = _target(values.pop("target")), values.pop("source", "")
    readers = {"bind": _read_bind, "volume": _read_volume_mount, "tmpfs": _read_tmpfs_mount, "image": _read_image_mount}
    read = readers.get(kind)
    if read is None:
        raise _no_kind(kind)
    found = read(target, source, values, text, here)
    if values:
        raise Unreadable(
            marked("Recipe", "invalid argument for --mount: unexpected key '{0}' in '{1}'"),
            next(iter(values)),
            text[:200],
        )
    return {**found, **given, "read_only": read_only}


def _no_kind(kind: str) -> Unreadable:
    if kind in ("npipe", "cluster"):
        return unsupported(f"a mount of type {kind}", marked("Recipe", "bind, volume, tmpfs and image are"))
    return Unreadable(marked("Recipe", "invalid mount config: mount type unknown: '{0}'"), kind[:40])


def mount_values(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in _comma_parts(text):
        key, equals, value = part.partition("=")
        key = key.strip() if key.strip() == "U" else key.strip().lower()
        key = _ALIASES.get(key, key)
        if not equals:
            if key not in _WORDS_ALONE:
                raise Unreadable(
                    marked("Recipe", "invalid argument for --mount: invalid field '{0}' must be a key=value pair"),
                    part[:80],
                )
            value = "true"
        if key in ("volume-label", "volume-opt", "tmpfs-opt") and key in values:
            value = f"{values[key]}\n{value}"
        values[key] = value
    return values


def _comma_parts(text: str) -> list[str]:
    """As a line of comma-separated values: a part with a comma or a quote in it stands in quotes."""
    if '"' not in text:
        return text.split(",")
    import csv

    try:
        return next(iter(csv.reader([text], strict=True)))
    except (csv.Error, StopIteration):
        raise Unreadable(
            marked("Recipe", "invalid argument for --mount: a quote is not closed: {0}"), text[:200]
        ) from None


def _truth(text: str, whole: str) -> bool:
    if text.lower() not in _YES + _NO:
        raise Unreadable(
            marked("Recipe", "invalid argument for --mount: '{0}' is neither true nor false in '{1}'"),
            text[:40],
            whole[:200],
        )
    return text.lower() in _YES


def _read_bind(target: str, source: str, values: dict[str, str], text: str, here: Here | None) -> dict[str, Any]:
    if source and not is_open(source) and here is not None:
        source = here.path(source)
    recursive = values.pop("bind-recursive", "enabled")
    alone = "bind-nonrecursive" in values and _truth(values.pop("bind-nonrecursive"), text)
    create = "bind-create-src" in values and _truth(values.pop("bind-create-src"), text)
    return _bind(
        target,
        source,
        propagation=values.pop("bind-propagation", ""),
        recursive=not alone and recursive in ("enabled", "writable", "true"),
        create=create,
    )


def _bind(target: str, source: str, *, propagation: str, recursive: bool, create: bool) -> dict[str, Any]:
    if not source.startswith("/") and not is_open(source):
        raise Unreadable(
            marked("Recipe", "invalid mount config for type 'bind': source '{0}' is not absolute"), source[:200]
        )
    if not recursive:
        why = marked("Recipe", "what is mounted below the source always comes along")
        raise unsupported("BindOptions.NonRecursive", why)
    if propagation and propagation not in _PROPAGATIONS:
        raise Unreadable(marked("Recipe", "invalid propagation mode: '{0}'"), propagation[:40])
    return mount("bind", target, source=source, propagation=propagation or "rprivate", create_source=create)


def _read_volume_mount(
    target: str, source: str, values: dict[str, str], text: str, here: Here | None
) -> dict[str, Any]:
    labels = values.pop("volume-label", "")
    no_copy = "volume-nocopy" in values and _truth(values.pop("volume-nocopy"), text)
    options = values.pop("volume-opt", "")
    return _volume(
        target,
        source,
        no_copy=no_copy,
        labels=_pairs(labels),
        subpath=values.pop("volume-subpath", ""),
        driver=values.pop("volume-driver", ""),
        options=_pairs(options),
    )


def _pairs(lines: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in lines.split("\n")) if lines else {}


def _volume(
    target: str,
    source: str,
    *,
    no_copy: bool,
    labels: dict[str, str],
    subpath: str,
    driver: str,
    options: dict[str, str],
) -> dict[str, Any]:
    if driver not in ("", "local"):
        why = marked("Recipe", "there is one driver, local")
        raise unsupported(f"the volume driver {driver[:40]!r}", why)
    if source and is_open(source):
        return mount("bind", target, source=source)
    name = _volume_name(source) if source else ""
    return mount(
        "volume",
        target,
        source=name,
        copy_up=not no_copy,
        volume_labels=labels,
        volume_options=options,
        subpath=subpath,
    )


def _read_tmpfs_mount(target: str, source: str, values: dict[str, str], text: str, here: Here | None) -> dict[str, Any]:
    size = read_size(values.pop("tmpfs-size", "0"), "tmpfs-size")
    mode = _octal(values.pop("tmpfs-mode", "1777"))
    further = values.pop("tmpfs-opt", "").replace("\n", ",")
    return {**load_tmpfs(target, further), "tmpfs_size": size, "tmpfs_mode": mode}


def _read_image_mount(target: str, source: str, values: dict[str, str], text: str, here: Here | None) -> dict[str, Any]:
    return _image(target, source, values.pop("image-subpath", ""))


def _image(target: str, source: str, subpath: str) -> dict[str, Any]:
    if not source:
        raise Unreadable(marked("Recipe", "invalid mount config for type 'image': field Source must not be empty"))
    return mount("image", target, source=source, subpath=subpath)


def mount_words(item: Mapping[str, Any]) -> str:
    """As `--mount` takes it."""
    words = [f"type={item['kind']}"]
    if item["source"]:
        words.append(f"src={item['source']}")
    words.append(f"dst={item['target']}")
    flags = (
        ("readonly", item["read_only"]),
        ("bind-create-src", item["create_source"]),
        (f"bind-propagation={item['propagation']}", item["propagation"] not in ("", "rprivate")),
        (item["ownership"], item["ownership"]),
        ("volume-nocopy", not item["copy_up"]),
        (f"{item['kind']}-subpath={item['subpath']}", item["subpath"]),
        (f"tmpfs-size={size_words(item['tmpfs_size'])}", item["tmpfs_size"]),
        (f"tmpfs-mode={item['tmpfs_mode']:o}", item["tmpfs_mode"] != _STICKY),
    )
    words += [word for word, on in flags if on]
    words += [f"volume-label={name}={value}" for name, value in item["volume_labels"].items()]
    words += [f"volume-opt={name}={value}" for name, value in item["volume_options"].items()]
    words += [f"tmpfs-opt={word}" for word in item["tmpfs_options"]]
    return ",".join('"' + word.replace('"', '""') + '"' if "," in word or '"' in word else word for word in words)


def load_mount(item: Mapping[str, Any]) -> dict[str, Any]:
    """One of Mounts."""
    kind, target, source = _text(item, "Type"), _target(_text(item, "Target")), _text(item, "Source")
    options: Mapping[str, Any] = _record(item, f"{kind.capitalize()}Options")
    if kind == "bind":
        found = _bind(
            target,
            source,
            propagation=_text(options, "Propagation"),
            recursive=not (options.get("NonRecursive") or options.get("ReadOnlyNonRecursive")),
            create=bool(options.get("CreateMountpoint")),
        )
        found["ownership"] = options["Ownership"] if options.get("Ownership") in ("chown", "idmap") else ""
    elif kind == "volume":
        driver = _record(options, "DriverConfig")
        found = _volume(
            target,
            source,
            no_copy=bool(options.get("NoCopy")),
            labels={str(name): str(value) for name, value in _record(options, "Labels").items()},
            subpath=_text(options, "Subpath"),
            driver=_text(driver, "Name"),
            options={str(name): str(value) for name, value in _record(driver, "Options").items()},
        )
    elif kind == "tmpfs":
        found = _load_tmpfs(target, options)
    elif kind == "image":
        found = _image(target, source, _text(options, "Subpath"))
    else:
        raise _no_kind(kind)
    return {**found, "read_only": bool(item.get("ReadOnly"))}


def _load_tmpfs(target: str, options: Mapping[str, Any]) -> dict[str, Any]:
    further = options.get("Options") or []
    if not isinstance(further, list) or not all(
        isinstance(item, list) and all(isinstance(word, str) for word in item) for item in further
    ):
        raise Unreadable(marked("Recipe", "invalid {0}: {1} expected"), "TmpfsOptions.Options", "a list")
    found = load_tmpfs(target, ",".join("=".join(item) for item in further))
    size, mode = options.get("SizeBytes") or 0, options.get("Mode") or _STICKY
    if not (isinstance(size, int) and isinstance(mode, int) and size >= 0 and 0 <= mode <= 0o7777):
        raise Unreadable(marked("Recipe", "invalid mount config for type 'tmpfs': size and mode are numbers"))
    return {**found, "tmpfs_size": size, "tmpfs_mode": mode}


def dump_mount(item: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "Type": item["kind"],
        "Source": item["source"],
        "Target": item["target"],
        "ReadOnly": item["read_only"],
    }
    options: dict[str, Any] = {}
    if item["kind"] == "bind":
        if item["propagation"] not in ("", "rprivate"):
            options["Propagation"] = item["propagation"]
        if item["create_source"]:
            options["CreateMountpoint"] = True
        if item["ownership"]:
            options["Ownership"] = item["ownership"]
    elif item["kind"] == "volume":
        options = _volume_record(item)
    elif item["kind"] == "image" and item["subpath"]:
        options = {"Subpath": item["subpath"]}
    if options:
        record[f"{item['kind'].capitalize()}Options"] = options
    return record


def _volume_record(item: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if item["volume_labels"] or item["subpath"] or not item["copy_up"]:
        options = {"NoCopy": not item["copy_up"], "Labels": item["volume_labels"], "Subpath": item["subpath"]}
    if item["volume_options"]:
        options["DriverConfig"] = {"Name": "local", "Options": item["volume_options"]}
    return options


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise Unreadable(marked("Recipe", "invalid {0}: {1} expected"), key, "text")
    return value or ""


def _record(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key)
    if value is not None and not isinstance(value, dict):
        raise Unreadable(marked("Recipe", "invalid {0}: {1} expected"), key, "object")
    return value or {}


# --- `--tmpfs` and Tmpfs ---


def read_tmpfs(text: str) -> dict[str, Any]:
    """`TARGET[:OPTIONS]`."""
    target, _, options = text.partition(":")
    return load_tmpfs(target, options)


def load_tmpfs(target: str, options: str) -> dict[str, Any]:
    found = mount("tmpfs", _target(target))
    for word in filter(None, options.split(",")):
        key, _, value = word.partition("=")
        if key == "size":
            found["tmpfs_size"] = read_size(value, "tmpfs size")
        elif key == "mode":
            found["tmpfs_mode"] = _octal(value)
        elif word == "ro":
            found["read_only"] = True
        elif word in _TMPFS_WORDS or (key in _TMPFS_OF_THE_KERNEL and _TMPFS_VALUE.fullmatch(word)):
            found["tmpfs_options"] = [*found["tmpfs_options"], word]
        elif word not in _TMPFS_WITHOUT_EFFECT:
            raise Unreadable(marked("Recipe", "invalid tmpfs option '{0}'"), word[:40])
    return found


def tmpfs_words(item: Mapping[str, Any]) -> str:
    words = ["ro"] if item["read_only"] else []
    if item["tmpfs_size"]:
        words.append(f"size={size_words(item['tmpfs_size'])}")
    if item["tmpfs_mode"] != _STICKY:
        words.append(f"mode={item['tmpfs_mode']:o}")
    return ",".join([*words, *item["tmpfs_options"]])


def _octal(text: str) -> int:
    if not text or len(text) > 5 or set(text) - set("01234567"):
        raise Unreadable(marked("Recipe", "invalid tmpfs mode: '{0}'"), text[:20])
    return int(text, 8)


# --- who says which of them ---


def in_binds(item: Mapping[str, Any]) -> bool:
    return bool(item["source"]) and fits_volume(item)


def in_tmpfs(item: Mapping[str, Any]) -> bool:
    return bool(item["kind"] == "tmpfs")


def in_volumes(item: Mapping[str, Any]) -> bool:
    """An unnamed volume of which nothing else is said: part of the configuration, not of the host's."""
    return item["kind"] == "volume" and not item["source"] and fits_volume(item)


def in_mounts(item: Mapping[str, Any]) -> bool:
    return not (in_binds(item) or in_tmpfs(item) or in_volumes(item))


def on_tmpfs(item: Mapping[str, Any]) -> bool:
    return item["kind"] == "tmpfs" and ":" not in item["target"]


def on_mount(item: Mapping[str, Any]) -> bool:
    return not (on_tmpfs(item) or fits_volume(item))


def chosen(items: Iterable[dict[str, Any]], which: Callable[[Mapping[str, Any]], bool]) -> list[dict[str, Any]]:
    return [item for item in items if which(item)]
