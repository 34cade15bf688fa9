"""Who one is at a cluster: a token, a token in a file, what a plugin gives, a name with a password."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import tempfile
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.errors import ClusterError, Code
from engine.processes.credential_helper import run_plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.clusters.kubeconfig import Access

_FILE_SECONDS = 60.0
_EARLY_SECONDS = 30.0


class Credentials:
    """Asked before every request; a plugin is run when what it gave has run out, or was refused."""

    def __init__(self, access: Access, environment: Mapping[str, str]) -> None:
        self._access = access
        self._environment = environment
        self._token = access.token
        self._until = float("inf")
        self._asked = False
        self._asking = asyncio.Lock()
        """Requests that go side by side have one plugin asked, once."""
        self._certificate = (access.certificate, access.key)

    async def headers(self) -> dict[str, str]:
        access = self._access
        if access.plugin is not None:
            async with self._asking:
                if not self._asked or time.time() > self._until - _EARLY_SECONDS:
                    await self._ask()
        elif access.token_file and (not self._asked or time.time() > self._until):
            self._read_file()
        if self._token:
            return {"Authorization": f"Bearer {self._token}"}
        if access.user:
            pair = base64.b64encode(f"{access.user}:{access.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    @property
    def may_have_newer(self) -> bool:
        return self._access.plugin is not None or bool(self._access.token_file)

    def refused(self) -> None:
        """The next request asks anew."""
        self._asked = False

    def _read_file(self) -> None:
        try:
            with open(self._access.token_file, encoding="utf-8") as file:
                self._token = file.read(1 << 16).strip()
        except OSError as error:
            raise ClusterError(
                "The token's file cannot be read", f"{error.filename}: {error.strerror}", code=Code.UNAUTHORIZED
            ) from error
        self._asked, self._until = True, time.time() + _FILE_SECONDS

    async def _ask(self) -> None:
        plugin = self._access.plugin
        assert plugin is not None
        info: dict[str, Any] = {
            "apiVersion": plugin.version, "kind": "ExecCredential", "spec": {"interactive": False},
        }  # fmt: skip
        if plugin.wants_cluster:
            info["spec"]["cluster"] = {"server": self._access.server}
        env = {**self._environment, **plugin.environment, "KUBERNETES_EXEC_INFO": json.dumps(info)}
        try:
            status = json.loads(await run_plugin([plugin.command, *plugin.arguments], env))["status"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ClusterError(
                f"The credential plugin {plugin.command} gave no credentials",
                str(error), hint=plugin.hint, code=Code.UNAUTHORIZED, subject=plugin.command,
            ) from error  # fmt: skip
        self._token = str(status.get("token") or "")
        self._certificate = (
            str(status.get("clientCertificateData") or "").encode() or self._access.certificate,
            str(status.get("clientKeyData") or "").encode() or self._access.key,
        )
        ends = status.get("expirationTimestamp")
        self._until = datetime.fromisoformat(str(ends)).timestamp() if ends else float("inf")
        self._asked = True

    async def tls(self) -> ssl.SSLContext | bool:
        """With the cluster's authority and one's own certificate; asked when the connection is made."""
        access = self._access
        if not access.server.startswith("https://"):
            return True
        await self.headers()
        context = ssl.create_default_context(cadata=access.authority.decode() if access.authority else None)
        # Clusters' own authorities often lack what the newest rules ask of one.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        certificate, key = self._certificate
        if certificate and key:
            # OpenSSL's interface takes files alone: one that nobody else sees, for this moment.
            with tempfile.NamedTemporaryFile(prefix="wherry-") as pair:
                pair.write(certificate + b"\n" + key)
                pair.flush()
                context.load_cert_chain(pair.name)
        return context
