"""slirp4netns, the fallback where pasta is not installed: its command line and the requests of its control socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.types.containers import PortMapping

GUEST_ADDRESS = "10.0.2.100"
DNS_ADDRESS = "10.0.2.3"
READY_FD = 3


@dataclass(frozen=True, kw_only=True)
class SlirpCall:
    """One slirp4netns for one network namespace. It writes a byte to READY_FD when the interface is up."""

    program: str
    netns: Path
    api_socket: Path

    def argv(self) -> list[str]:
        return [
            self.program, "--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path",
            f"--ready-fd={READY_FD}", "--api-socket", str(self.api_socket), str(self.netns), "tap0",
        ]  # fmt: skip


def publish_request(port: PortMapping) -> bytes:
    """Ask for one forwarded port; one request per connection."""
    arguments = {
        "proto": port.protocol,
        "host_addr": port.host_ip or "0.0.0.0",
        "host_port": port.host_port,
        "guest_addr": GUEST_ADDRESS,
        "guest_port": port.container_port,
    }
    return json.dumps({"execute": "add_hostfwd", "arguments": arguments}).encode()


def parse_answer(data: bytes) -> str:
    """ "" when it was granted, else the complaint."""
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return data.decode(errors="replace") or "It said nothing."
    error = answer.get("error")
    return str(error.get("desc", error) if isinstance(error, dict) else error or "")
