"""A real registry (Debian's docker-registry) on loopback, plain, with a password, or with TLS."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import answers, free_port, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Registry:
    """Where it listens, and where it keeps its blobs (for tests that damage them)."""

    port: int
    storage: Path
    username: str = ""
    password: str = ""
    tls: bool = False

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"


@contextmanager
def serve_registry(
    directory: Path,
    *,
    htpasswd: str = "",
    username: str = "",
    password: str = "",
    certificate: Path | None = None,
    key: Path | None = None,
    for_session: bool = False,
) -> Iterator[Registry]:
    """Run one. `htpasswd` is a line "user:bcrypt-hash"; `username` and `password` are what it stands for."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.fail("docker-registry is missing: apt-get install docker-registry")
    registry = Registry(free_port(), directory / "registry", username, password, tls=certificate is not None)
    registry.storage.mkdir(parents=True)
    settings: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(registry.storage)}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{registry.port}"},
    }
    if certificate is not None and key is not None:
        settings["http"] = {
            "addr": f"127.0.0.1:{registry.port}",
            "tls": {"certificate": str(certificate), "key": str(key)},
        }
    if htpasswd:
        (directory / "htpasswd").write_text(htpasswd + "\n")
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(directory / "htpasswd")}}
    configuration = directory / "registry.yml"
    configuration.write_text(json.dumps(settings))  # JSON is YAML
    argv = [program, "serve", str(configuration)]
    with running(argv, log=directory / "registry.log", for_session=for_session) as process:
        wait_until(lambda: process.poll() is not None or answers(registry.port), "the registry to listen")
        yield registry
