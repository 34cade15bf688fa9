"""What the engine says it is, and can: clients choose by it what they ask for and what they refuse by themselves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from engine.api.buildkit.wire.messages_pb2 import APICap, BuildkitVersion, GCPolicy, Platform, WorkerRecord

if TYPE_CHECKING:
    from engine.facade import Engine

BUILDKIT: Final = BuildkitVersion(package="github.com/moby/buildkit", version="v0.25.0", revision="wherry")
FRONTEND_CAPS: Final = tuple(
    APICap(ID=word, Enabled=True)
    for word in (
        "return",
        "proto.refarray",
        "reference.output",
        "returnmap",
        "gateway.evaluate",
        "gateway.solve.metadata",
    )
)
LLB_CAPS: Final = tuple(APICap(ID=word, Enabled=True) for word in ("exporter.multiple", "exporter.image.attestations"))
_GATEWAY_LABEL: Final = "org.mobyproject.buildkit.worker.moby.host-gateway-ip"
HOST_GATEWAY: Final = "192.0.2.254"
"""What clients write for host-gateway. They insist on a number; this one is of nobody, and is read back as the word."""
_SNAPSHOTTER: Final = "org.mobyproject.buildkit.worker.snapshotter"


def host_platform() -> str:
    machine = os.uname().machine
    return "linux/" + {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


async def worker(engine: Engine) -> WorkerRecord:
    facts = await engine.host.facts()
    return WorkerRecord(
        ID="wherry",
        Labels={
            "org.mobyproject.buildkit.worker.executor": "wherry",
            _SNAPSHOTTER: facts.driver,
            _GATEWAY_LABEL: HOST_GATEWAY,
        },
        platforms=[_platform(each) for each in facts.platforms or (host_platform(),)],
        GCPolicy=[GCPolicy()],
        BuildkitVersion=BUILDKIT,
    )


def _platform(text: str) -> Platform:
    system, architecture, *variant = text.split("/")
    return Platform(OS=system, Architecture=architecture, Variant=variant[0] if variant else "")
