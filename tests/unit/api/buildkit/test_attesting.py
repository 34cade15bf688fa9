"""What is attested of a build in the newer of SLSA's two ways, where a client asks for that one."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.api.buildkit.jobs import Job, Made
from engine.api.buildkit.results.attesting import provenance_of
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.types.builds import Build, BuildBase, BuildImage
from engine.types.data import now
from tests.support.buildkit_client import giving
from tests.unit.api.buildkit.test_clients import RECIPE, _places, client, session
from tests.unit.api.buildkit.test_past import blob, records

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

__all__ = ["_places"]
ASKED = {"build-arg:TOKEN": "hush", "target": "last", "vcs:revision": "1f2e3d", "filename": "Dockerfile"}


async def attested(api: Served, provenance: str) -> list[tuple[str, Any]]:
    """Predicates and their kinds of a build for which that was asked."""
    async with client(api) as it, session(api, "s", giving(RECIPE)):
        solving = it.solve("b", "s", {**ASKED, "attest:provenance": provenance})
        answer = await it.frontend("b")
        await it.give_back("b", answer.result)
        await solving
        [record] = await records(it, "b")
        said = record.Result.Attestations
        return [
            (each.annotations["in-toto.io/predicate-type"], json.loads(await blob(it, each.digest))) for each in said
        ]


async def test_the_newer_provenance_tells_everything_where_all_is_asked_for(api: Served) -> None:
    [(kind, predicate)] = await attested(api, "mode=max,version=v1,builder-id=https://builder.invalid")
    [build] = await api.engine.builds.list()
    assert kind == "https://slsa.dev/provenance/v1"
    definition, details = predicate["buildDefinition"], predicate["runDetails"]
    assert definition["externalParameters"]["configSource"] == {"path": "Dockerfile"}
    request = definition["externalParameters"]["request"]
    assert (request["frontend"], request["args"]) == ("dockerfile.v0", ASKED)
    steps = definition["internalParameters"]["buildConfig"]["steps"]
    assert [each["instruction"] for each in steps] == [each.instruction for each in build.steps]
    assert details["builder"] == {"id": "https://builder.invalid"}
    metadata = details["metadata"]
    assert metadata["invocationID"] == build.id
    assert metadata["startedOn"] <= metadata["finishedOn"]
    assert metadata["buildkit_completeness"] == {"request": True, "resolvedDependencies": False}
    assert metadata["buildkit_metadata"]["vcs"] == {"revision": "1f2e3d"}


async def test_the_newer_provenance_names_the_bases_and_has_the_dockerfile(api: Served) -> None:
    operation = api.engine.builds.build(BuildImage(dockerfile_text="FROM alpine\n"))
    image = await operation.result()
    base = BuildBase(name="host:5/a/b:1", platform="linux/amd64", image_id="sha256:01", digest="sha256:02")
    build = msgspec.structs.replace(
        await api.engine.builds.get(operation.id), bases=(base,), dockerfile_text="FROM host:5/a/b:1\n"
    )
    job = Job(wire.SolveRequest(Ref="b", FrontendAttrs={"attest:provenance": "mode=max,version=v1"}))
    job.keep(Made(platform="linux/amd64", image=image, build=build.id))
    job.builds.append(build)
    [(_, said)] = provenance_of(job)
    predicate = json.loads(said)
    assert predicate["buildDefinition"]["resolvedDependencies"] == [
        {"uri": "pkg:docker/host:5/a/b@1?platform=linux%2Famd64", "digest": {"sha256": "02"}}
    ]
    [source] = predicate["runDetails"]["metadata"]["buildkit_metadata"]["source"]["infos"]
    assert base64.b64decode(source["data"]) == b"FROM host:5/a/b:1\n"


@pytest.mark.parametrize(
    ("name", "digest", "uri", "sha"),
    [
        ("alpine", "", "pkg:docker/alpine@latest?platform=linux%2Farm64", "01"),
        ("host:5/a", "sha256:02", "pkg:docker/host:5/a@latest?platform=linux%2Farm64", "02"),
        ("a:1@sha256:03", "sha256:03", "pkg:docker/a@1?digest=sha256%3A03&platform=linux%2Farm64", "03"),
        ("a@sha256:03", "sha256:03", "pkg:docker/a@latest?digest=sha256%3A03&platform=linux%2Farm64", "03"),
    ],
)
async def test_a_base_is_told_as_it_was_named(name: str, digest: str, uri: str, sha: str) -> None:
    base = BuildBase(name=name, platform="linux/arm64", image_id="sha256:01", digest=digest)
    job = Job(wire.SolveRequest(Ref="b"))
    job.keep(Made(platform="linux/amd64", image="sha256:9", build="b"))
    job.builds.append(Build(id="b", context="", dockerfile="", tags=(), started=now(), bases=(base,)))
    [(_, said)] = provenance_of(job)
    assert json.loads(said)["materials"] == [{"uri": uri, "digest": {"sha256": sha}}]


async def test_the_newer_provenance_keeps_what_is_nobodys_business(api: Served) -> None:
    [(kind, predicate)] = await attested(api, "mode=min,version=v1")
    assert kind == "https://slsa.dev/provenance/v1"
    assert "hush" not in json.dumps(predicate)
    assert predicate["buildDefinition"]["externalParameters"]["request"]["args"] == {
        "target": "last", "filename": "Dockerfile"
    }  # fmt: skip
    assert "buildConfig" not in predicate["buildDefinition"]["internalParameters"]
    assert predicate["runDetails"]["metadata"]["buildkit_completeness"]["request"] is False


@pytest.mark.parametrize("asked", ["disabled=true", "mode=max,version=v7"])
async def test_nothing_is_attested_where_nothing_can_be(api: Served, asked: str) -> None:
    assert await attested(api, asked) == []
