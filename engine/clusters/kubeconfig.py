"""kubeconfig files, several as one, as kubectl reads them: who is meant by a context, and how to get in."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.compose.faults import ComposeError
from engine.compose.text.document import read
from engine.errors import InvalidRequest, NotFound, Unsupported
from engine.types.clusters import ClusterContext

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 4 << 20


@dataclass(frozen=True)
class ExecPlugin:
    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = "client.authentication.k8s.io/v1"
    hint: str = ""
    wants_cluster: bool = False


@dataclass(frozen=True)
class Access:
    """Everything needed to speak to a cluster."""

    context: str
    server: str
    namespace: str = "default"
    authority: bytes = b""
    server_name: str = ""
    insecure: bool = False
    proxy: str = ""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""
    token_file: str = ""
    user: str = ""
    password: str = ""
    plugin: ExecPlugin | None = None


@dataclass
class _Entry:
    """One named thing, and the directory its relative paths begin at."""

    body: Mapping[str, Any]
    directory: str


class KubeConfig:
    """All files merged: of a name the first wins."""

    def __init__(self) -> None:
        self.current = ""
        self._tables: dict[str, dict[str, _Entry]] = {"clusters": {}, "users": {}, "contexts": {}}

    def add(self, text: str, file: str) -> None:
        try:
            documents = read(text, file)
        except ComposeError as error:
            raise InvalidRequest(f"{file} cannot be used", str(error), subject=file) from error
        for document in documents:
            body = document.value
            if not isinstance(body, dict):
                continue
            self.current = self.current or str(body.get("current-context") or "")
            for kind, singular in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
                for entry in body.get(kind) or ():
                    if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                        inner = entry.get(singular)
                        made = _Entry(inner if isinstance(inner, dict) else {}, os.path.dirname(file))
                        self._tables[kind].setdefault(entry["name"], made)

    def contexts(self) -> list[ClusterContext]:
        found = []
        for name, entry in sorted(self._tables["contexts"].items()):
            cluster = self._tables["clusters"].get(str(entry.body.get("cluster")))
            try:
                self.access(name)
                problem = ""
            except (InvalidRequest, NotFound, Unsupported) as error:
                problem = str(error)
            found.append(
                ClusterContext(
                    name=name,
                    cluster=str(entry.body.get("cluster") or ""),
                    server=str(cluster.body.get("server") or "") if cluster else "",
                    user=str(entry.body.get("user") or ""),
                    namespace=str(entry.body.get("namespace") or "default"),
                    current=name == self.current,
                    problem=problem,
                )
            )
        return found

    def access(self, name: str = "") -> Access:
        wanted = name or self.current
        if not wanted:
            raise NotFound("No cluster is chosen", hint="Name a context: wherry kube contexts lists them.")
        context = self._entry("contexts", wanted)
        cluster = self._entry("clusters", str(context.body.get("cluster")))
        user = self._tables["users"].get(str(context.body.get("user")), _Entry({}, ""))
        if "auth-provider" in user.body:
            told = (user.body["auth-provider"] or {}).get("name", "")
            raise Unsupported(
                f"The context “{wanted}” logs in by “{told}”, which kubectl itself has dropped",
                hint="Use an exec plugin, such as kubelogin for OIDC.",
                subject=wanted,
            )
        server = str(cluster.body.get("server") or "")
        if not server.startswith(("https://", "http://")):
            raise InvalidRequest(f"The cluster of “{wanted}” has no address", subject=wanted)
        return Access(
            context=wanted,
            server=server.rstrip("/"),
            namespace=str(context.body.get("namespace") or "default"),
            authority=_data(cluster, "certificate-authority"),
            server_name=str(cluster.body.get("tls-server-name") or ""),
            insecure=bool(cluster.body.get("insecure-skip-tls-verify")),
            proxy=str(cluster.body.get("proxy-url") or ""),
            certificate=_data(user, "client-certificate"),
            key=_data(user, "client-key"),
            token=str(user.body.get("token") or ""),
            token_file=_path(user, str(user.body.get("tokenFile") or "")),
            user=str(user.body.get("username") or ""),
            password=str(user.body.get("password") or ""),
            plugin=_plugin(user),
        )

    def _entry(self, kind: str, name: str) -> _Entry:
        try:
            return self._tables[kind][name]
        except KeyError:
            raise NotFound(f"There is no {kind[:-1]} “{name}” in the kubeconfig", subject=name) from None


def files_of(environment: Mapping[str, str], home: str) -> list[str]:
    """As kubectl looks: KUBECONFIG's list, else ~/.kube/config."""
    listed = [path for path in environment.get("KUBECONFIG", "").split(":") if path]
    return listed or [os.path.join(home, ".kube", "config")]


def load(files: list[str]) -> KubeConfig:
    """Those that are not there are no fault, as with kubectl."""
    config = KubeConfig()
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                config.add(file.read(_LARGEST), os.path.abspath(path))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"{path} cannot be read", str(error), subject=path) from error
    return config


def _path(entry: _Entry, path: str) -> str:
    return os.path.join(entry.directory, path) if path else ""


def _data(entry: _Entry, key: str) -> bytes:
    """Given in place, or in a file beside."""
    inline = entry.body.get(f"{key}-data")
    if inline:
        try:
            return base64.b64decode(str(inline), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidRequest(f"{key}-data in the kubeconfig is not base64") from None
    path = entry.body.get(key)
    if not path:
        return b""
    try:
        with open(_path(entry, str(path)), "rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise InvalidRequest(f"{path}, named in the kubeconfig, cannot be read", error.strerror or "") from error


def _plugin(user: _Entry) -> ExecPlugin | None:
    said = user.body.get("exec")
    if not isinstance(said, dict):
        return None
    command = str(said.get("command") or "")
    if "/" in command:
        command = _path(user, command)
    return ExecPlugin(
        command=command,
        arguments=tuple(map(str, said.get("args") or ())),
        environment={str(each["name"]): str(each["value"]) for each in said.get("env") or ()},
        version=str(said.get("apiVersion") or "client.authentication.k8s.io/v1"),
        hint=str(said.get("installHint") or ""),
        wants_cluster=bool(said.get("provideClusterInfo")),
    )
