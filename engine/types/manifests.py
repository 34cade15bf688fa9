"""Kubernetes manifests on this machine: what is asked for. Plans are told as those of projects."""

from __future__ import annotations

from typing import Literal

from engine.types.containers import PortMapping
from engine.types.data import Data


class PlayManifests(Data, frozen=True, kw_only=True):
    """Make what manifests say, or bring what is there to what they say now."""

    texts: dict[str, str]
    """File name to text."""
    network: str = ""
    """The one on which pods find each other; "kube" where none is named."""
    publish_all: bool = False
    ports: tuple[PortMapping, ...] = ()
    replicas: int | None = None
    replace: bool = False
    """Made anew also where nothing changed, or where a pod of the name came from elsewhere."""
    start: bool = True
    pull: Literal["policy", "always", "never"] = "policy"


class TakeManifestsDown(Data, frozen=True, kw_only=True):
    """Remove what `PlayManifests` with the same files made."""

    texts: dict[str, str]
    volumes: bool = False
    """Also the volumes of claims, with their data."""


class GenerateManifests(Data, frozen=True, kw_only=True):
    """Manifests of things that are here."""

    names: tuple[str, ...]
    """Of containers, pods, projects or volumes."""
    kind: Literal["pod", "deployment"] = "pod"
    service: bool = False
    """With a Service for the ports that are published."""
    replicas: int = 1
