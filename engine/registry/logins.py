"""Finding the login for a registry among all the places where one may be kept, and keeping our own.

Order: Wherry's own logins (the Secret Service where the desktop has one, else a file only the user can read), then
what podman and docker keep: `auth.json`, `~/.docker/config.json`, and the credential helpers these name. Passwords
are read when they are needed and never held longer than a token fetch.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from engine.types.images import Login

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_HUB_KEYS: Final = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")
_LARGEST_FILE: Final = 4 * 1024 * 1024
_TOKEN_USER: Final = "<token>"


class SecretKeeper(Protocol):
    """A desktop's key ring; `engine.registry.secret_service.SecretService` is the real one."""

    async def store(self, server: str, username: str, secret: str) -> bool:
        """False if there is no key ring, or the user would not open it."""
        ...

    async def lookup(self, server: str) -> tuple[str, str] | None: ...
    async def erase(self, server: str) -> bool: ...
    async def servers(self) -> Sequence[tuple[str, str]]: ...


class _Entry(msgspec.Struct):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None


class _ConfigFile(msgspec.Struct, rename="camel"):
    auths: dict[str, _Entry] | None = None
    cred_helpers: dict[str, str] | None = None
    creds_store: str | None = None


class _HelperAnswer(msgspec.Struct, rename="pascal"):
    username: str
    secret: str


class Logins:
    """Looks logins up and keeps the ones made here."""

    def __init__(
        self,
        own_file: Path,
        *,
        helper: Callable[[str, str, bytes], Awaitable[bytes]],
        secrets: SecretKeeper | None = None,
        config_files: Sequence[Path] | None = None,
    ) -> None:
        self._own_file = own_file
        self._helper = helper
        self._secrets = secrets
        self._config_files = config_files

    async def find(self, server: str, repository: str = "") -> Login | None:
        """The login for a registry, the most particular first where files know repositories."""
        server = canonical_server(server)
        if self._secrets is not None and (found := await self._secrets.lookup(server)):
            return _login(server, *found)
        own = await asyncio.to_thread(_read_config, self._own_file)
        if own is not None and (login := _from_auths(own, server, repository)):
            return login
        for path in self._files():
            config = await asyncio.to_thread(_read_config, path)
            if config is not None and (login := await self._from_config(config, server, repository)):
                return login
        return None

    async def keep(self, login: Login) -> str:
        """Keep a login; says how, in words."""
        server = canonical_server(login.server)
        secret = login.identity_token or login.password
        username = _TOKEN_USER if login.identity_token else login.username
        if self._secrets is not None and await self._secrets.store(server, username, secret):
            await asyncio.to_thread(_change_file, self._own_file, server, None)
            return "Kept in the desktop's key ring."
        await asyncio.to_thread(_change_file, self._own_file, server, _entry_of(login))
        return f"Kept in {self._own_file}, readable by you alone (this desktop offers no key ring)."

    async def forget(self, server: str) -> bool:
        """Forget our own login; those of docker and podman are theirs."""
        server = canonical_server(server)
        erased = self._secrets is not None and await self._secrets.erase(server)
        return await asyncio.to_thread(_change_file, self._own_file, server, None) or erased

    async def all(self) -> list[Login]:
        """Every known server with its user name, without secrets."""
        found: dict[str, Login] = {}
        for path in reversed(self._files()):
            config = await asyncio.to_thread(_read_config, path)
            if config is not None:
                found.update((one.server, one) for one in await self._listed(config))
        own = await asyncio.to_thread(_read_config, self._own_file)
        if own is not None:
            found.update((one.server, one) for one in _named(own))
        if self._secrets is not None:
            for server, username in await self._secrets.servers():
                found[server] = Login(server=server, username=username)
        return sorted(found.values(), key=lambda one: one.server)

    def _files(self) -> list[Path]:
        return list(self._config_files) if self._config_files is not None else default_config_files()

    async def _from_config(self, config: _ConfigFile, server: str, repository: str) -> Login | None:
        helpers = config.cred_helpers or {}
        for key in _keys(server):
            name = helpers.get(key) or ""
            if name and (login := await self._ask_helper(name, key, server)):
                return login
        if config.creds_store:
            for key in _keys(server):
                if login := await self._ask_helper(config.creds_store, key, server):
                    return login
        return _from_auths(config, server, repository)

    async def _ask_helper(self, name: str, key: str, server: str) -> Login | None:
        try:
            answer = msgspec.json.decode(await self._helper(name, "get", key.encode()), type=_HelperAnswer)
        except (OSError, msgspec.MsgspecError):
            return None  # "credentials not found" is a helper's ordinary answer, and a missing helper is no login
        return _login(server, answer.username, answer.secret)

    async def _listed(self, config: _ConfigFile) -> list[Login]:
        known = _named(config)
        names = {*(config.cred_helpers or {}).values(), *([config.creds_store] if config.creds_store else [])}
        for name in sorted(names):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                servers = msgspec.json.decode(await self._helper(name, "list", b""), type=dict[str, str])
                known.extend(Login(server=canonical_server(key), username=user) for key, user in servers.items())
        return known


def default_config_files() -> list[Path]:
    """Where podman and docker keep theirs, in the order we believe them."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    docker = Path(os.environ.get("DOCKER_CONFIG") or home / ".docker")
    files = [config / "containers" / "auth.json", docker / "config.json"]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        files.insert(0, Path(runtime) / "containers" / "auth.json")
    if chosen := os.environ.get("REGISTRY_AUTH_FILE"):
        files.insert(0, Path(chosen))
    return files


def canonical_server(server: str) -> str:
    """ "https://index.docker.io/v1/" and its like become "docker.io"; schemes and API paths go."""
    bare = server.strip().removeprefix("https://").removeprefix("http://").rstrip("/")
    for suffix in ("/v1", "/v2"):
        bare = bare.removesuffix(suffix)
    return "docker.io" if bare in ("", "index.docker.io", "registry-1.docker.io", "docker.io") else bare


def _keys(server: str) -> tuple[str, ...]:
    return _HUB_KEYS if server == "docker.io" else (server, f"https://{server}", f"http://{server}")


def _login(server: str, username: str, secret: str) -> Login:
    if username == _TOKEN_USER:
        return Login(server=server, username="", identity_token=secret)
    return Login(server=server, username=username, password=secret)


def _from_auths(config: _ConfigFile, server: str, repository: str) -> Login | None:
    entries = config.auths or {}
    parts = [server, *repository.split("/")] if repository else [server]
    for length in range(len(parts), 1, -1):  # auth.json may hold one login per namespace
        if (entry := entries.get("/".join(parts[:length]))) and (login := _decode(server, entry)):
            return login
    by_server = {canonical_server(key): entry for key, entry in entries.items()}
    entry = by_server.get(server)
    return _decode(server, entry) if entry is not None else None


def _decode(server: str, entry: _Entry) -> Login | None:
    username, password = entry.username or "", entry.password or ""
    if entry.auth:
        try:
            plain = base64.b64decode(entry.auth, validate=True).decode().rstrip("\0")
        except (binascii.Error, UnicodeDecodeError):
            return None
        username, _, password = plain.partition(":")
    if entry.identitytoken:
        return Login(server=server, username=username, identity_token=entry.identitytoken)
    return Login(server=server, username=username, password=password) if username else None


def _named(config: _ConfigFile) -> list[Login]:
    """Servers that really have a login; docker leaves empty entries where a helper keeps it."""
    logins = (_decode(canonical_server(key), entry) for key, entry in (config.auths or {}).items())
    return [Login(server=one.server, username=one.username) for one in logins if one is not None]


def _read_config(path: Path) -> _ConfigFile | None:
    """None if it is not there or is not what it should be: somebody else's broken file must not stop a public pull."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE)
        return msgspec.json.decode(data, type=_ConfigFile)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _entry_of(login: Login) -> dict[str, str]:
    plain = f"{login.username}:{login.password}"
    entry = {"auth": base64.b64encode(plain.encode()).decode()}
    return entry | ({"identitytoken": login.identity_token} if login.identity_token else {})


def _change_file(path: Path, server: str, entry: dict[str, str] | None) -> bool:
    """Set or drop one server in our file, by rename, mode 0600 from its first byte. True if something changed."""
    config = _read_config(path) or _ConfigFile()
    auths: dict[str, object] = {
        key: {name: value for name, value in msgspec.structs.asdict(old).items() if value}
        for key, old in (config.auths or {}).items()
    }
    if entry is None and server not in auths:
        return False
    auths.pop(server, None)
    if entry is not None:
        auths[server] = entry
    _write_private(path, json.dumps({"auths": auths}, indent=2).encode())
    return True


def _write_private(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
