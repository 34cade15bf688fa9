"""What is attested of a result where the client asks: provenance in SLSA's words, and a list of installed packages."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from engine.api.buildkit.faults import refused
from engine.api.buildkit.options import listed
from engine.types.attestations import Attestation, IndexEntry
from engine.types.builds import StepState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.api.buildkit.jobs import Job, Made
    from engine.facade import Engine
    from engine.types.builds import Build

_KINDS: Final = "attest:"
_BUILD_TYPE: Final = "https://mobyproject.org/buildkit@v1"
_BUILD_TYPE_V1: Final = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
_SLSA: Final = {"v0.2": "https://slsa.dev/provenance/v0.2", "v1": "https://slsa.dev/provenance/v1"}
SPDX: Final = "https://spdx.dev/Document"
_OWN_SCANNER: Final = "Wherry"
_SECRET_ARGUMENTS: Final = ("build-arg:", "label:", "vcs:", "local-sessionid:")
_OF_THE_CALL: Final = ("attest:", "local-sessionid:", "input-metadata:")


def wanted(attributes: Mapping[str, str], *, several: bool) -> dict[str, dict[str, str]]:
    """Kind to its fields. What is asked for "inline only" is for results that have an index anyway."""
    found = {}
    for key, text in attributes.items():
        if not key.startswith(_KINDS):
            continue
        kind = key.removeprefix(_KINDS)
        fields = dict(word.partition("=")[::2] for word in listed(text))
        if fields.get("disabled") == "true" or (fields.get("inline-only") == "true" and not several):
            continue
        if kind not in ("provenance", "sbom"):
            raise refused(f"attestations of the kind {kind[:40]} are not made here: provenance and sbom are")
        found[kind] = fields
    return found


async def entries_for(engine: Engine, job: Job, made: Sequence[Made]) -> list[IndexEntry]:
    """The results, each with what is to be attested of it."""
    attributes = dict(job.request.FrontendAttrs)
    kinds = wanted(attributes, several=len(made) > 1)
    entries = []
    for one in made:
        said = []
        if "provenance" in kinds:
            said.append(_provenance(await engine.builds.get(one.build), one, attributes, kinds["provenance"]))
        if "sbom" in kinds:
            with job.board.begin(f"[{one.platform}] generating sbom from what package managers say") as task:
                if kinds["sbom"].get("generator"):
                    task.say("scanners that are images are not run here: the engine reads the image itself\n")
                said.append(_sbom(one, await engine.images.packages(one.image)))
        entries.append(IndexEntry(image=one.image, attestations=tuple(said)))
    return entries


def provenance_of(job: Job) -> list[tuple[str, bytes]]:
    """Of each build of a job that is over: the kind of predicate and the predicate; where the client did not ask for
    more, as "min" tells it."""
    attributes = dict(job.request.FrontendAttrs)
    fields = dict(word.partition("=")[::2] for word in listed(attributes.get(f"{_KINDS}provenance", "")))
    if fields.get("disabled") == "true" or fields.get("version", "v0.2") not in _SLSA:
        return []
    said = []
    builds = {build.id: build for build in job.builds}
    for one in job.results.values():
        if one.build in builds:
            made = _provenance(builds[one.build], one, attributes, {"mode": "min"} | fields)
            said.append((made.predicate_type, made.predicate))
    return said


# --- provenance ---


def _provenance(build: Build, made: Made, attributes: Mapping[str, str], fields: Mapping[str, str]) -> Attestation:
    version = fields.get("version", "v0.2")
    if version not in _SLSA:
        raise refused(f"provenance of the version {version[:20]} is not made here: v0.2 and v1 are")
    everything = fields.get("mode", "max") != "min"
    make = _predicate_v1 if version == "v1" else _predicate
    predicate = make(build, made, attributes, fields.get("builder-id", ""), everything=everything)
    return Attestation(predicate_type=_SLSA[version], predicate=json.dumps(predicate).encode())


def _predicate(
    build: Build, made: Made, attributes: Mapping[str, str], builder: str, *, everything: bool
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "buildInvocationID": build.id,
        "buildStartedOn": build.started.isoformat(),
        "buildFinishedOn": (build.ended or build.started).isoformat(),
        "completeness": {"parameters": everything, "environment": True, "materials": False},
        "reproducible": False,
        f"{_BUILD_TYPE}#metadata": _own_metadata(build, attributes, everything=everything),
    }
    predicate: dict[str, Any] = {
        "builder": {"id": builder},
        "buildType": _BUILD_TYPE,
        "materials": _materials(build),
        "invocation": {
            "configSource": _source(attributes, "entryPoint"),
            "parameters": _parameters(attributes, everything=everything),
            "environment": {"platform": made.platform},
        },
        "metadata": metadata,
    }
    if everything:
        predicate["buildConfig"] = {"steps": _steps(build)}
    return predicate


def _predicate_v1(
    build: Build, made: Made, attributes: Mapping[str, str], builder: str, *, everything: bool
) -> dict[str, Any]:
    inner: dict[str, Any] = {"builderPlatform": made.platform}
    if everything:
        inner["buildConfig"] = {"steps": _steps(build)}
    return {
        "buildDefinition": {
            "buildType": _BUILD_TYPE_V1,
            "externalParameters": {
                "configSource": _source(attributes, "path"),
                "request": _parameters(attributes, everything=everything),
            },
            "internalParameters": inner,
            "resolvedDependencies": _materials(build),
        },
        "runDetails": {
            "builder": {"id": builder},
            "metadata": {
                "invocationID": build.id,
                "startedOn": build.started.isoformat(),
                "finishedOn": (build.ended or build.started).isoformat(),
                "buildkit_metadata": _own_metadata(build, attributes, everything=everything),
                "buildkit_completeness": {"request": everything, "resolvedDependencies": False},
                "buildkit_reproducible": False,
            },
        },
    }


def _source(attributes: Mapping[str, str], entry: str) -> dict[str, Any]:
    """Where the Dockerfile is from: a repository has an address, a directory of the client has none."""
    source: dict[str, Any] = {entry: attributes.get("filename") or "Dockerfile"}
    context = attributes.get("context", "")
    if "://" in context and not context.startswith("http://buildkit-session"):
        source["uri"] = context
    return source


def _parameters(attributes: Mapping[str, str], *, everything: bool) -> dict[str, Any]:
    """What was asked for. Arguments and labels may be nobody's business: only the whole story has them."""
    left_out = _OF_THE_CALL if everything else (*_OF_THE_CALL, *_SECRET_ARGUMENTS)
    arguments = {key: value for key, value in attributes.items() if not key.startswith(left_out)}
    local = [] if "context" in attributes and "://" in attributes["context"] else [{"name": "context"}]
    return {"frontend": "dockerfile.v0", "args": arguments, "locals": [*local, {"name": "dockerfile"}]}


def _own_metadata(build: Build, attributes: Mapping[str, str], *, everything: bool) -> dict[str, Any]:
    vcs = {key.removeprefix("vcs:"): value for key, value in attributes.items() if key.startswith("vcs:")}
    found: dict[str, Any] = {"vcs": vcs} if vcs else {}
    if everything:
        data = base64.b64encode(build.dockerfile_text.encode(errors="replace")).decode()
        name = attributes.get("filename") or "Dockerfile"
        found["source"] = {"infos": [{"filename": name, "language": "Dockerfile", "data": data}]}
    return found


def _materials(build: Build) -> list[dict[str, Any]]:
    found = []
    for base in build.bases:
        reference, _, pinned = base.name.partition("@")
        name, _, tag = reference.rpartition(":") if ":" in reference.rpartition("/")[2] else (reference, "", "latest")
        words = {"digest": pinned, "platform": base.platform}
        said = "&".join(f"{key}={quote(value, safe='')}" for key, value in words.items() if value)
        digest = (base.digest or base.image_id).removeprefix("sha256:")
        found.append({"uri": f"pkg:docker/{name}@{tag}?{said}", "digest": {"sha256": digest}})
    return found


def _steps(build: Build) -> list[dict[str, Any]]:
    return [
        {"stage": each.stage, "instruction": each.instruction, "cached": each.state is StepState.CACHED}
        for each in build.steps
    ]


# --- packages ---


def _sbom(made: Made, packages: Sequence[tuple[str, str, str]]) -> Attestation:
    image = made.image.removeprefix("sha256:")
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "sbom",
        "documentNamespace": f"https://wherry.invalid/spdx/{image}",
        "creationInfo": {"created": "1970-01-01T00:00:00Z", "creators": [f"Tool: {_OWN_SCANNER}"]},
        "packages": [_package(number, *each) for number, each in enumerate(packages, 1)],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": f"SPDXRef-Package-{number}",
            }
            for number, _ in enumerate(packages, 1)
        ],
    }
    return Attestation(predicate_type=SPDX, predicate=json.dumps(document).encode())


def _package(number: int, kind: str, name: str, version: str) -> dict[str, Any]:
    address = f"pkg:{kind}/{quote(name, safe='')}@{quote(version, safe='')}"
    return {
        "SPDXID": f"SPDXRef-Package-{number}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": address}
        ],
    }
