"""What becomes of a result: names here and at a registry, archives, files at the client, and what is attested of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.exceptions import GRPCError

from engine.api.buildkit import workers
from engine.api.buildkit.jobs import Job, Made
from engine.api.buildkit.results.attesting import SPDX, entries_for, wanted
from engine.api.buildkit.results.exporting import export
from engine.api.buildkit.results.result_files import files_of
from engine.api.buildkit.transfers import sending
from engine.api.buildkit.transfers.sending import send_stream, send_tree
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.errors import RuntimeFailure
from engine.types.attestations import Attestation, IndexDescriptor, IndexEntry
from engine.types.data import now
from engine.types.files import Place
from engine.types.images import LayerPhase, LayerProgress, Login, PushImage
from engine.types.operations import Operation, OperationState
from tests.support.buildkit_session import LentSession, connected
from tests.unit.api.buildkit.building import build, client_with
from tests.unit.api.serving import Played, pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.api.buildkit.connections.sessions import Session
    from tests.unit.api.serving import Served

pytestmark = pytest.mark.usefixtures("contexts")
INDEX = IndexDescriptor(media_type="index", digest="sha256:index", size=3)
DESCRIPTOR = base64.b64encode(b'{"mediaType": "index", "digest": "sha256:index", "size": 3}').decode()


def tar_of(*members: tuple[str, bytes | None], **links: str) -> bytes:
    """Files with their contents, directories without; links as name=target."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.mode, member.mtime, member.uid, member.gid = 0o640, 7, 3, 4
            if data is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            member.size = len(data or b"")
            archive.addfile(member, io.BytesIO(data or b""))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type = tarfile.LNKTYPE if target.startswith("./") else tarfile.SYMTYPE
            member.linkname = target
            archive.addfile(member)
    return whole.getvalue()


def unpacked(data: bytes) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            found[member.name] = file.read() if file is not None else member.linkname
    return found


# --- exporters, by the door ---


@pytest.mark.parametrize("kind", ["moby", "image", "docker"])
async def test_a_result_gets_its_names_here(api: Served, kind: str) -> None:
    tagged, kept = api.hear("images.tag"), api.hear("images.keep_index")
    options = {"name": "a,r.example/b:2,acme/c", "tar": "false"}
    outcome = await build(api, client_with(), exporters=[(kind, options)])
    image = tagged[0]["image"]
    assert [(each["image"], each["reference"]) for each in tagged] == [
        (image, "a:latest"), (image, "r.example/b:2"), (image, "acme/c:latest"),
    ]  # fmt: skip
    assert kept == [{"image": image, "entries": ()}]
    assert outcome.response == {
        "containerimage.digest": image,
        "containerimage.config.digest": image,
        "image.name": "docker.io/library/a:latest,r.example/b:2,docker.io/acme/c:latest",
    }
    assert "exporting to image" in outcome.vertexes
    assert outcome.statuses[-5:] == [
        "exporting layers", f"writing image {image}", "naming to docker.io/library/a:latest",
        "naming to r.example/b:2", "naming to docker.io/acme/c:latest",
    ]  # fmt: skip


async def test_a_result_without_a_name_is_known_by_its_id(api: Served) -> None:
    outcome = await build(api, client_with(), exporters=[("image", {})])
    assert set(outcome.response) == {"containerimage.digest", "containerimage.config.digest"}


async def test_a_result_is_pushed_under_each_name_with_the_clients_login(api: Served) -> None:
    layer = LayerProgress(digest="sha256:" + "c" * 64, phase=LayerPhase.UPLOADING, done=2, total=5)
    state = Operation(
        id="o", kind="push", title="", subject="", state=OperationState.RUNNING, started=now(), layers=(layer,)
    )
    heard = api.hear("images.push", Played(state, ends="sha256:pushed"))
    client = client_with()
    client.logins = {"r.example": ("me", "word")}
    outcome = await build(api, client, exporters=[("image", {"name": "r.example/a:1,r.example/b", "push": "true"})])
    login = Login(server="r.example", username="me", password="word")
    assert [each["request"] for each in heard] == [
        PushImage(reference="r.example/a:1", login=login),
        PushImage(reference="r.example/b:latest", login=login),
    ]
    assert outcome.response["containerimage.digest"] == "sha256:pushed"
    assert f"pushing layer {layer.digest[:19]}" in outcome.statuses
    assert "pushing manifest for r.example/a:1@sha256:pushed" in outcome.statuses
    with pytest.raises(GRPCError, match="tag is needed when pushing to registry"):
        await build(api, client_with(), ref="2", exporters=[("image", {"push": "true"})])


async def test_what_is_attested_goes_under_an_index_with_the_image(api: Served) -> None:
    kept = api.hear("images.keep_index")
    described = api.hear("images.describe_index", INDEX)
    heard = api.hear("images.push", Played(ends="sha256:pushed"))
    attributes = {"attest:provenance": "mode=min", "attest:sbom": ""}
    exporter = ("image", {"name": "r.example/a:1", "push": "true"})
    outcome = await build(api, client_with(), attributes=attributes, exporters=[exporter])
    [entry] = kept[0]["entries"]
    kinds = [each.predicate_type for each in entry.attestations]
    assert kinds == ["https://slsa.dev/provenance/v0.2", SPDX]
    assert heard[0]["request"].index == (entry,)
    assert described == [{"entries": (entry,), "names": ["r.example/a:1"]}]
    assert outcome.response == {
        "containerimage.digest": "sha256:index",
        "containerimage.descriptor": DESCRIPTOR,
        "image.name": "r.example/a:1",
    }


@pytest.mark.parametrize(("kind", "oci"), [("oci", True), ("docker", False)])
async def test_a_result_is_given_as_an_archive(api: Served, kind: str, oci: bool) -> None:
    tagged, client = api.hear("images.tag"), client_with()
    heard = api.hear("images.save", pieces(b"the ", b"tar"))
    outcome = await build(api, client, exporters=[(kind, {"name": "a,r.example/b"})])
    assert client.results == {"0": b"the tar"}
    assert heard == [{"references": ("a:latest", "r.example/b:latest"), "oci": oci}]
    assert [each["reference"] for each in tagged] == ["a:latest", "r.example/b:latest"]
    assert outcome.response == {"image.name": "docker.io/library/a:latest,r.example/b:latest"}
    assert f"exporting to {kind} image format" in outcome.vertexes
    assert "sending tarball" in outcome.statuses
    heard = api.hear("images.save", pieces(b"tar"))
    outcome = await build(api, client, ref="2", exporters=[("image", {}), (kind, {})])
    assert client.results == {"0": b"the tar", "1": b"tar"}
    assert heard[0]["references"] == [outcome.response["containerimage.digest"]]
    assert "image.name" not in outcome.response


async def test_an_archive_with_an_index_is_a_layout_and_dockers_own_has_none(api: Served) -> None:
    client, attributes = client_with(), {"attest:provenance": "mode=min"}
    heard = api.hear("images.save_index", pieces(b"layout"))
    described = api.hear("images.describe_index", INDEX)
    outcome = await build(api, client, attributes=attributes, exporters=[("oci", {"name": "a"})])
    assert client.results == {"0": b"layout"}
    assert heard[0]["names"] == described[0]["names"] == ("a:latest",)
    assert [len(each.attestations) for each in heard[0]["entries"]] == [1]
    assert outcome.response == {
        "containerimage.digest": "sha256:index", "containerimage.descriptor": DESCRIPTOR,
        "image.name": "docker.io/library/a:latest",
    }  # fmt: skip
    with pytest.raises(GRPCError, match="docker exporter does not currently support exporting manifest lists"):
        await build(api, client, ref="2", attributes=attributes, exporters=[("docker", {})])


async def test_a_results_files_are_given_as_a_tar_or_as_a_directory(api: Served) -> None:
    tree = tar_of(("etc", None), ("etc/name", b"value"))
    client = client_with()
    heard = api.hear("files.download", pieces(tree))
    outcome = await build(api, client, exporters=[("tar", {})])
    assert (heard[0]["place"].kind, heard[0]["path"]) == ("image", "/")
    assert unpacked(client.results["0"]) == {"etc": "", "etc/name": b"value"}
    assert outcome.response == {}
    assert "exporting to client tarball" in outcome.vertexes
    assert "sending tarball" in outcome.statuses
    client = client_with(takes=wire.Packet)
    api.hear("files.download", pieces(tree))
    outcome = await build(api, client, ref="2", exporters=[("local", {})])
    assert client.results == {"etc/name": b"value"}
    assert "exporting to client directory" in outcome.vertexes
    assert "copying files" in outcome.statuses


async def test_an_export_that_cannot_be_is_refused_in_words(api: Served) -> None:
    with pytest.raises(GRPCError, match="the exporter odd is not supported by Wherry"):
        await build(api, client_with(), exporters=[("odd", {})])
    api.hear("images.tag", RuntimeFailure("It failed", "Really."))
    with pytest.raises(GRPCError) as caught:
        await build(api, client_with(), ref="2", exporters=[("image", {"name": "a"})])
    assert caught.value.message == "It failed. Really."


# --- several platforms ---


@pytest.mark.parametrize(("own", "taken"), [("linux/arm64", "sha256:arm"), ("linux/s390x", "sha256:amd")])
async def test_of_several_platforms_the_one_that_runs_here_has_the_name(
    api: Served, monkeypatch: pytest.MonkeyPatch, own: str, taken: str
) -> None:
    monkeypatch.setattr("engine.api.buildkit.results.exporting.host_platform", lambda: own)
    tagged, kept = api.hear("images.tag", None), api.hear("images.keep_index", None)
    job = Job(wire.SolveRequest(Ref="b", Session="s", Exporters=[wire.Exporter(Type="image", Attrs={"name": "a"})]))
    made = [Made("linux/amd64", "sha256:amd", "b1"), Made("linux/arm64", "sha256:arm", "b2")]
    async with connected(LentSession()) as session:
        response = await export(api.engine, _only(session), job, made)
    assert [each["image"] for each in tagged] == [taken]
    assert kept == [{"image": taken, "entries": [IndexEntry(image=each.image) for each in made]}]
    assert response == {"containerimage.digest": taken, "image.name": "docker.io/library/a:latest"}
    assert workers.host_platform() == f"linux/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(os.uname().machine) }"


def _only(session: Session) -> Any:
    class One:
        async def get(self, uuid: str) -> Session:
            return session

    return One()


# --- files ---


async def files(api: Served, trees: dict[str, bytes], made: Sequence[Made], entries: Sequence[IndexEntry]) -> bytes:
    asked: list[Place] = []

    def download(place: Place, path: str) -> Any:
        assert path == "/"
        asked.append(place)
        return pieces(trees[place.id])

    api.engine.files.download = download  # type: ignore[method-assign, assignment]
    whole = b"".join([piece async for piece in files_of(api.engine, made, entries)])
    assert asked == [Place(kind="image", id=each.image) for each in made]
    return whole


async def test_the_files_of_several_platforms_lie_side_by_side(api: Served) -> None:
    made = [Made("linux/amd64", "a", ""), Made("linux/arm/v7", "b", "")]
    trees = {"a": tar_of(("./x", b"1")), "b": tar_of(("x", b"2"), link="/x", hard="./x")}
    whole = await files(api, trees, made, [IndexEntry(image="a"), IndexEntry(image="b")])
    assert unpacked(whole) == {
        "linux_amd64": "", "linux_amd64/x": b"1", "linux_arm_v7": "", "linux_arm_v7/x": b"2", "linux_arm_v7/link": "/x",
        "linux_arm_v7/hard": "linux_arm_v7/x",
    }  # fmt: skip


async def test_what_is_attested_lies_beside_the_files_and_names_each(api: Served) -> None:
    said = [
        Attestation(predicate_type=SPDX, predicate=b'{"a":1}'),
        Attestation(predicate_type="https://slsa.dev/provenance/v1", predicate=b'{"b":2}'),
    ]
    tree = tar_of((".", None), ("etc", None), ("etc/name", b"value"), link="etc")
    entry = IndexEntry(image="a", attestations=tuple(said))
    found = unpacked(await files(api, {"a": tree}, [Made("linux/amd64", "a", "")], [entry]))
    assert set(found) == {"etc", "etc/name", "link", "sbom.spdx.json", "provenance.json"}
    subject = {"name": "etc/name", "digest": {"sha256": hashlib.sha256(b"value").hexdigest()}}
    for name, kind, predicate in (
        ("sbom.spdx.json", SPDX, {"a": 1}),
        ("provenance.json", said[1].predicate_type, {"b": 2}),
    ):
        statement = json.loads(found[name])
        assert (statement["predicateType"], statement["predicate"]) == (kind, predicate)
        assert statement["subject"] == [subject]
    assert found["etc/name"] == b"value"


async def test_a_directory_is_given_entry_by_entry_in_the_order_of_its_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PIECE", 2)
    tree = tar_of(
        ("./b", b"bytes"), ("a", None), ("a-", b"x"), ("./a/c", b"of c"), (".", None), link="a/c", hard="./a/c"
    )
    client, told = LentSession(takes=wire.Packet), []
    async with connected(client) as session:
        await send_tree(session, 3, pieces(tree[:1000], tree[1000:]), told.append)
    listed = {each.path: each for each in client.listed}
    assert list(listed) == ["a", "a/c", "a-", "b", "hard", "link"]
    assert client.results == {"a/c": b"of c", "a-": b"x", "b": b"bytes"}
    assert told == list(range(2, 11, 2)) or sorted(told) == told
    assert told[-1] == 10
    file, folder = listed["b"], listed["a"]
    assert (file.mode, file.size, file.uid, file.gid, file.modTime) == (0o640, 5, 3, 4, 7 * 10**9)
    assert (folder.mode, folder.size) == (1 << 31 | 0o755, 0)
    assert (listed["link"].linkname, listed["link"].mode >> 27) == ("a/c", 1)
    assert (listed["hard"].linkname, listed["hard"].size, listed["hard"].mode >> 19) == ("a/c", 0, 0)


async def test_devices_are_told_with_their_numbers() -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, kind in (("c", tarfile.CHRTYPE), ("b", tarfile.BLKTYPE), ("f", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.devmajor, member.devminor, member.mode = kind, 5, 6, 0o600
            archive.addfile(member)
    client = LentSession(takes=wire.Packet)
    async with connected(client) as session:
        await send_tree(session, 0, pieces(whole.getvalue()), lambda _: None)
    assert [(each.path, each.mode, each.devmajor, each.devminor) for each in client.listed] == [
        ("b", 1 << 26 | 0o600, 5, 6), ("c", 1 << 26 | 1 << 21 | 0o600, 5, 6), ("f", 1 << 25 | 0o600, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (wire.Packet(type=4, data=b"the disk is full"), "the disk is full"),
        (wire.Packet(type=1, ID=1), "the client asked for a file that was not offered"),
    ],
)
async def test_a_client_that_takes_it_wrongly_is_told_apart(packet: wire.Packet, words: str) -> None:
    class Wrong(LentSession):
        async def _take(self, stream: Any) -> None:
            while (await stream.recv_message()).HasField("stat"):
                pass
            await stream.send_message(packet)
            await stream.recv_message()

    async with connected(Wrong(takes=wire.Packet)) as session:
        with pytest.raises(GRPCError) as caught:
            await send_tree(session, 0, pieces(tar_of(("a", b"x"))), lambda _: None)
    assert caught.value.message == words


async def test_a_stream_is_given_in_messages_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_MESSAGE", 4)
    client, told = LentSession(), []
    sizes: list[int] = []

    class Counting(LentSession):
        async def _take(self, stream: Any) -> None:
            sizes.extend([len(message.data) async for message in stream])

    async with connected(client) as session:
        await send_stream(session, 7, pieces(b"0123456789", b"abc"), told.append)
    assert (client.results, told) == ({"7": b"0123456789abc"}, [10, 13])
    async with connected(Counting()) as session:
        await send_stream(session, 7, pieces(b"0123456789", b"abc"), told.append)
    assert sizes == [4, 4, 2, 3]


# --- what is attested ---


@pytest.mark.parametrize(
    ("attributes", "several", "kinds"),
    [
        ({}, False, {}),
        ({"attest:sbom": ""}, False, {"sbom": {}}),
        ({"attest:provenance": "mode=max,builder-id=x"}, False, {"provenance": {"mode": "max", "builder-id": "x"}}),
        ({"attest:provenance": "disabled=true", "target": "x"}, False, {}),
        ({"attest:provenance": "mode=min,inline-only=true"}, False, {}),
        ({"attest:provenance": "mode=min,inline-only=true"}, True,
         {"provenance": {"mode": "min", "inline-only": "true"}}),
    ],
)  # fmt: skip
def test_what_is_to_be_attested_is_what_the_client_asks(
    attributes: dict[str, str], several: bool, kinds: dict[str, Any]
) -> None:
    assert wanted(attributes, several=several) == kinds


def test_what_cannot_be_attested_is_refused() -> None:
    with pytest.raises(GRPCError) as caught:
        wanted({"attest:odd": ""}, several=False)
    assert caught.value.message == "attestations of the kind odd are not made here: provenance and sbom are"


async def attested(api: Served, **attributes: str) -> tuple[Job, list[IndexEntry]]:
    asked = {f"attest:{kind}": fields for kind, fields in attributes.items()}
    job = Job(wire.SolveRequest(Ref="b", FrontendAttrs=asked))
    operation = api.engine.builds.build(_recipe())
    image = await operation.result()
    return job, await entries_for(api.engine, job, [Made("linux/amd64", image, operation.id)])


def _recipe() -> Any:
    from engine.types.builds import BuildImage

    return BuildImage(dockerfile_text="FROM alpine\nRUN true\n")


async def test_packages_are_listed_as_package_managers_know_them(api: Served) -> None:
    api.hear("images.packages", [("apk", "a b", "1+2"), ("deb", "c", "3")])
    job, [entry] = await attested(api, sbom="generator=x")
    [said] = entry.attestations
    assert said.predicate_type == SPDX
    image = entry.image.removeprefix("sha256:")

    def package(number: int, name: str, version: str, address: str) -> dict[str, Any]:
        reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": address}
        return {
            "SPDXID": f"SPDXRef-Package-{number}", "name": name, "versionInfo": version,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "externalRefs": [reference],
        }  # fmt: skip

    assert json.loads(said.predicate) == {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "sbom",
        "documentNamespace": f"https://wherry.invalid/spdx/{image}",
        "creationInfo": {"created": "1970-01-01T00:00:00Z", "creators": ["Tool: Wherry"]},
        "packages": [
            package(1, "a b", "1+2", "pkg:apk/a%20b@1%2B2"),
            package(2, "c", "3", "pkg:deb/c@3"),
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                "relatedSpdxElement": f"SPDXRef-Package-{number}",
            }
            for number in (1, 2)
        ],
    }  # fmt: skip
    said_beside = [log.msg for response in job.board.said for log in response.logs]
    assert said_beside == [b"scanners that are images are not run here: the engine reads the image itself\n"]
    names = {vertex.name for response in job.board.said for vertex in response.vertexes}
    assert names == {"[linux/amd64] generating sbom from what package managers say"}


@pytest.mark.parametrize(("fields", "everything"), [("mode=max", True), ("mode=min", False), ("", True)])
async def test_the_older_provenance_tells_how_it_was_made(api: Served, fields: str, everything: bool) -> None:
    _, [entry] = await attested(api, provenance=fields + ",builder-id=me")
    [said] = entry.attestations
    assert said.predicate_type == "https://slsa.dev/provenance/v0.2"
    [build_] = await api.engine.builds.list()
    own: dict[str, Any] = {}
    if everything:
        own = {"source": {"infos": [{"filename": "Dockerfile", "language": "Dockerfile", "data": ""}]}}
    expected: dict[str, Any] = {
        "builder": {"id": "me"},
        "buildType": "https://mobyproject.org/buildkit@v1",
        "materials": [],
        "invocation": {
            "configSource": {"entryPoint": "Dockerfile"},
            "parameters": {
                "frontend": "dockerfile.v0", "args": {}, "locals": [{"name": "context"}, {"name": "dockerfile"}],
            },
            "environment": {"platform": "linux/amd64"},
        },
        "metadata": {
            "buildInvocationID": build_.id,
            "buildStartedOn": build_.started.isoformat(),
            "buildFinishedOn": (build_.ended or build_.started).isoformat(),
            "completeness": {"parameters": everything, "environment": True, "materials": False},
            "reproducible": False,
            "https://mobyproject.org/buildkit@v1#metadata": own,
        },
    }  # fmt: skip
    if everything:
        steps = [{"stage": each.stage, "instruction": each.instruction, "cached": False} for each in build_.steps]
        expected["buildConfig"] = {"steps": steps}
    assert json.loads(said.predicate) == expected
    with pytest.raises(GRPCError) as caught:
        await attested(api, provenance="version=v7")
    assert caught.value.message == "provenance of the version v7 is not made here: v0.2 and v1 are"


@pytest.mark.parametrize(
    ("context", "source", "local"),
    [
        ("https://x.example/a.git", {"entryPoint": "Dockerfile", "uri": "https://x.example/a.git"}, []),
        ("http://buildkit-session/x", {"entryPoint": "Dockerfile"}, []),
        ("local:here", {"entryPoint": "Dockerfile"}, [{"name": "context"}]),
    ],
)
async def test_where_a_recipe_came_from_is_told_where_that_has_an_address(
    api: Served, context: str, source: dict[str, str], local: list[Any]
) -> None:
    operation = api.engine.builds.build(_recipe())
    image = await operation.result()
    attributes = {
        "attest:provenance": "mode=min", "context": context, "label:a": "b", "vcs:source": "s",
        "input-metadata:x": "y", "local-sessionid:z": "1", "no-cache": "",
    }  # fmt: skip
    job = Job(wire.SolveRequest(Ref="b", FrontendAttrs=attributes))
    [entry] = await entries_for(api.engine, job, [Made("linux/amd64", image, operation.id)])
    predicate = json.loads(entry.attestations[0].predicate)
    assert predicate["invocation"]["configSource"] == source
    parameters = predicate["invocation"]["parameters"]
    assert parameters["args"] == {"context": context, "no-cache": ""}
    assert parameters["locals"] == [*local, {"name": "dockerfile"}]
    assert predicate["metadata"]["https://mobyproject.org/buildkit@v1#metadata"] == {"vcs": {"source": "s"}}
    job = Job(wire.SolveRequest(Ref="b", FrontendAttrs=attributes | {"attest:provenance": "mode=max"}))
    [entry] = await entries_for(api.engine, job, [Made("linux/amd64", image, operation.id)])
    arguments = json.loads(entry.attestations[0].predicate)["invocation"]["parameters"]["args"]
    assert arguments == {"context": context, "no-cache": "", "label:a": "b", "vcs:source": "s"}
