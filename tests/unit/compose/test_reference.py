"""Compose files of every kind, read as docker compose 5.6.1 reads them: what it printed for each is kept beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.compose.faults import ComposeError
from engine.compose.planning.export import as_config
from engine.compose.planning.hashing import service_hash
from engine.compose.reading.loading import Project, Request, load

CASES = [json.loads(line) for line in (Path(__file__).parent / "reference.jsonl").read_text().splitlines()]

OTHER_CONFIG = {
    "svc env map": "a date stays the text it was written as; Go prints it as a time",
    "svc x-": "a service's x- fields are kept",
    "svc blkio": "keys in small letters, as in the file",
}
OTHER_HASH = {
    "svc env map": "the same date",
    "svc blkio": "the same keys",
    "svc gpus list": "Go's order of a request's fields is another there",
}


def loaded(case: dict[str, Any]) -> Project:
    files = {f"/project/{name}": text for name, text in case["files"].items()}

    def opened(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return str(files[path])

    return load(
        Request(
            files=tuple(f"/project/{name}" for name in case["order"]),
            directory="/project",
            environment=case.get("environment", {}),
            profiles=tuple(case.get("profiles", ())),
            home="/home/user",
        ),
        opened,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_file_is_read_as_docker_compose_reads_it(case: dict[str, Any]) -> None:
    if case.get("refused"):
        with pytest.raises(ComposeError):
            loaded(case)
        return
    config = json.loads(json.dumps(as_config(loaded(case))))

    assert (config == case["config"]) is (case["name"] not in OTHER_CONFIG), OTHER_CONFIG.get(case["name"], "")


@pytest.mark.parametrize("case", [case for case in CASES if "hashes" in case], ids=lambda case: case["name"])
def test_a_service_has_docker_composes_own_hash(case: dict[str, Any]) -> None:
    hashes = {name: service_hash(service) for name, service in loaded(case).services.items()}

    assert (hashes == case["hashes"]) is (case["name"] not in OTHER_HASH), OTHER_HASH.get(case["name"], "")
