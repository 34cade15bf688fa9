"""What a client lends a build over its session: secrets, agents, logins, files on its standard input, stores of blobs
and OCI layouts."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from engine.api.buildkit.connections import sessions
from engine.api.buildkit.lent import content
from engine.api.buildkit.lent.content import SessionBlobs
from engine.api.buildkit.lent.layouts import image_of_layout
from engine.api.buildkit.lent.lending import lending, login_for
from engine.api.buildkit.workers import host_platform
from engine.errors import InvalidRequest
from engine.types.images import Login
from tests.fakes.engine import FakeEngine
from tests.support.buildkit_session import LentSession, connected, digest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


# --- secrets ---


async def test_a_secret_is_had_when_it_is_asked_for() -> None:
    client = LentSession()
    client.secrets = {"token": b"s3cret"}
    async with connected(client) as session, lending(session) as lender:
        assert client.asked == []
        assert await lender.secret("token") == b"s3cret"
        assert await lender.secret("nosuch") is None
        client.refuses = GRPCError(Status.UNIMPLEMENTED, "no")
        assert await lender.secret("token") is None
        client.refuses = GRPCError(Status.PERMISSION_DENIED, "it is locked")
        with pytest.raises(InvalidRequest) as caught:
            await lender.secret("token")
        assert (caught.value.title, caught.value.explanation) == ("The secret token is not told", "it is locked")
    async with connected(client, without=sessions.GET_SECRET) as session, lending(session) as lender:
        client.asked.clear()
        assert (await lender.secret("token"), client.asked) == (None, [])


async def test_a_secret_of_a_client_that_left_is_not_waited_for() -> None:
    client = LentSession()
    async with connected(client) as session, lending(session) as lender:
        session.channel._transport.close()
        await asyncio.sleep(0)
        with pytest.raises(InvalidRequest, match="The secret token is not told: the client's session ended"):
            await lender.secret("token")


# --- agents ---


async def test_an_agent_is_behind_a_socket_that_only_its_owner_opens(tmp_path: Path) -> None:
    client = LentSession()
    client.agents = {"default", "other"}
    async with connected(client) as session:
        async with lending(session) as lender:
            path = await lender.agent("default")
            assert path is not None
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
            assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
            assert await lender.agent("default") == path
            assert await lender.agent("other") not in (None, path)
            assert await lender.agent("nosuch") is None
            assert await lender.agent("nosuch") is None
            assert client.asked == [("agent", "default"), ("agent", "other"), ("agent", "nosuch")], "once each"
            for said in (b"one", b"two"):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(said)
                assert await reader.readexactly(11) == b"default:" + said.upper()
                writer.write_eof()
                assert await asyncio.wait_for(reader.read(), 30) == b""
                writer.close()
        assert not Path(path).parent.exists()
    async with connected(client, without=sessions.CHECK_AGENT) as session, lending(session) as lender:
        assert await lender.agent("default") is None


# --- logins ---


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("alpine", "https://index.docker.io/v1/"),
        ("acme/app", "https://index.docker.io/v1/"),
        ("r.example/app", "r.example"),
        ("host:5000/app", "host:5000"),
        ("localhost/app", "localhost"),
        ("localhost", "https://index.docker.io/v1/"),
    ],
)
async def test_a_login_is_asked_for_by_its_registry(image: str, host: str) -> None:
    client = LentSession()
    client.logins = {host: ("me", "word")}
    async with connected(client) as session:
        assert await login_for(session, image) == Login(server=host, username="me", password="word")
        client.logins = {host: ("", "token")}
        async with lending(session) as lender:
            assert await lender.login(image) == Login(server=host, username="", identity_token="token")
        client.logins = {host: ("me", "")}
        assert await login_for(session, image) is None
        client.refuses = GRPCError(Status.UNKNOWN, "no")
        assert await login_for(session, image) is None
    assert set(client.asked) == {("login", host)}
    async with connected(client, without=sessions.CREDENTIALS) as session:
        client.asked.clear()
        assert (await login_for(session, image), client.asked) == (None, [])


async def test_whoever_waits_for_the_clients_end_is_told() -> None:
    async with connected(LentSession()) as session, lending(session) as lender:
        waiting = asyncio.create_task(lender.gone())
        await asyncio.sleep(0)
        assert not waiting.done()
        session.gone.set()
        await asyncio.wait_for(waiting, 30)


async def test_what_a_client_has_on_its_input_comes_piece_by_piece() -> None:
    client = LentSession()
    client.uploads = {"/x": [b"one", b"", b"two"]}
    async with connected(client) as session:
        assert [piece async for piece in session.upload("/x")] == [b"one", b"two"]
    assert client.asked == [("upload", ("/x", "buildkit-session"))]


# --- blobs ---


async def test_blobs_are_read_from_the_store_that_is_named() -> None:
    client = LentSession()
    data = b"a document of many words"
    client.stores = {"local:here": {digest_of(data): data}, "other": {}}
    async with connected(client) as session:
        blobs = SessionBlobs(session, "local:here", digest_of(data))
        assert await blobs.manifest() == data
        assert await blobs.small(digest_of(data)) == data
        assert [piece async for piece in blobs.read(digest_of(data), len(data))] == [data[:12], data[12:]]
        with pytest.raises(GRPCError, match="is not here"):
            await SessionBlobs(session, "other").small(digest_of(data))
        with pytest.raises(GRPCError) as caught:
            _ = [piece async for piece in blobs.read(digest_of(data), len(data) - 1)]
        assert str(caught.value.message) == f"the client sends more of {digest_of(data)} than it has"


async def test_a_document_of_any_size_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    client = LentSession()
    for size, taken in ((100, True), (101, False)):
        data = b"x" * size
        client.stores = {"s": {digest_of(data): data}}
        monkeypatch.setattr(content, "_LARGEST_SMALL", 100)
        async with connected(client) as session:
            if taken:
                assert await SessionBlobs(session, "s").small(digest_of(data)) == data
            else:
                with pytest.raises(GRPCError, match="too large for a document"):
                    await SessionBlobs(session, "s").small(digest_of(data))


@pytest.mark.parametrize("from_file", [False, True])
async def test_a_blob_is_written_whole_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_file: bool
) -> None:
    monkeypatch.setattr(content, "_PIECE", 10)
    client, data = LentSession(), b"a blob that is longer than a piece"
    (tmp_path / "blob").write_bytes(data)
    async with connected(client) as session:
        blobs = SessionBlobs(session, "local:there")
        for _ in range(2):
            await blobs.write(digest_of(data), tmp_path / "blob" if from_file else data)
        await blobs.put_manifest(b"{}", "application/json")
        client.refuses = GRPCError(Status.RESOURCE_EXHAUSTED, "the disk is full")
        with pytest.raises(GRPCError, match="the disk is full"):
            await blobs.write(digest_of(b"more"), b"more")
    assert client.stores == {"local:there": {digest_of(data): data, digest_of(b"{}"): b"{}"}}
    assert client.asked == [
        ("write", (f"wherry-{digest_of(data)}", len(data))),
        ("write", (f"wherry-{digest_of(b'{}')}", 2)),
    ]


async def test_a_client_that_ends_a_transfer_early_is_told_apart() -> None:
    class Leaving(LentSession):
        async def _write(self, stream: Any) -> None:
            await stream.recv_message()
            await stream.send_initial_metadata()
            await stream.send_trailing_metadata(status=Status.ABORTED, status_message="enough")

    async with connected(Leaving()) as session:
        with pytest.raises(GRPCError, match="enough"):
            await SessionBlobs(session, "s").write(digest_of(b"x"), b"x")


# --- OCI layouts ---

CONFIG, LAYER = b'{"os":"linux"}', b"a layer of 21 bytes.."


def described(data: bytes, **more: Any) -> dict[str, Any]:
    return {"digest": digest_of(data), "size": len(data), **more}


def manifest_of(*layers: bytes, **more: Any) -> bytes:
    found = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "config": described(CONFIG)}
    return json.dumps(found | {"layers": [described(each) for each in layers]} | more).encode()


class Loading(FakeEngine):
    """Takes an archive and keeps what is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.archive: dict[str, bytes] = {}
        self.images.load = self._load  # type: ignore[method-assign]

    def _load(self, source: AsyncIterator[bytes] | str) -> Any:
        async def work(_: object) -> str:
            assert not isinstance(source, str)
            whole = b"".join([piece async for piece in source])
            with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    assert file is not None
                    assert member.mode == 0o644
                    self.archive[member.name] = file.read()
            assert whole.endswith(b"\0" * 1024)
            return ""

        return self.operations.start(kind="load", title="", subject="", work=work)


async def loaded(blobs: dict[str, bytes], top: bytes, platform: str = "", store: str = "mine") -> tuple[str, Loading]:
    client, engine = LentSession(), Loading()
    client.stores = {f"oci:{store}": blobs | {digest_of(each): each for each in (CONFIG, LAYER, top)}}
    try:
        async with connected(client) as session:
            where = f"oci-layout://{store}/any/name@{digest_of(top)}"
            return await image_of_layout(engine, session, where, platform), engine
    finally:
        await engine.close()


async def test_an_image_of_a_layout_is_taken_in_as_an_archive_of_it_alone() -> None:
    top = manifest_of(LAYER, LAYER)
    image, engine = await loaded({}, top)
    assert image == digest_of(CONFIG)
    index = json.loads(engine.archive.pop("index.json"))
    media_type = "application/vnd.oci.image.manifest.v1+json"
    assert index == {"schemaVersion": 2, "manifests": [described(top, mediaType=media_type)]}
    assert engine.archive == {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        **{f"blobs/sha256/{digest_of(each)[7:]}": each for each in (top, CONFIG, LAYER)},
    }


@pytest.mark.parametrize(
    ("platform", "taken"), [("linux/arm64", 1), ("linux/amd64", 0), ("", 0 if host_platform() == "linux/amd64" else 1)]
)
async def test_of_an_index_the_image_for_the_platform_is_taken(platform: str, taken: int) -> None:
    manifests = [manifest_of(mark="a"), manifest_of(mark="b")]
    platforms = [{"os": "linux", "architecture": each} for each in ("amd64", "arm64")]
    inner = [described(each, platform=at) for each, at in zip(manifests, platforms, strict=True)]
    top = json.dumps({"manifests": inner}).encode()
    _, engine = await loaded({digest_of(each): each for each in manifests}, top, platform)
    index = json.loads(engine.archive["index.json"])
    assert [each["digest"] for each in index["manifests"]] == [digest_of(manifests[taken])]


async def test_an_index_may_stand_in_an_index_and_not_deeper() -> None:
    found = manifest_of()
    second = json.dumps({"manifests": [described(found)]}).encode()
    first = json.dumps({"manifests": [described(second)]}).encode()
    known = {digest_of(each): each for each in (found, second, first)}
    image, _ = await loaded(known, first)
    assert image == digest_of(CONFIG)
    top = json.dumps({"manifests": [described(first)]}).encode()
    with pytest.raises(GRPCError, match="leads from one index to the next"):
        await loaded(known, top)


@pytest.mark.parametrize(
    ("top", "words"),
    [
        (b"no json", "the OCI layout has a manifest that cannot be read"),
        (b"[]", "the OCI layout has a manifest that cannot be read"),
        (b"{}", "the OCI layout has a manifest that cannot be read"),
        (b'{"config":{}}', "the OCI layout has a manifest that cannot be read"),
        (b'{"manifests":[{"platform":{"os":"linux","architecture":"s390x"}}]}', "the OCI layout has no image for here"),
        (manifest_of(*[LAYER] * 501), "the image of the OCI layout has too many layers"),
        (manifest_of(layers=[{"digest": digest_of(LAYER), "size": 22}]),
         f"{digest_of(LAYER)} of the OCI layout is shorter than its manifest says"),
        (manifest_of(layers=[{"digest": digest_of(LAYER), "size": 20}]),
         f"the client sends more of {digest_of(LAYER)} than it has"),
    ],
)  # fmt: skip
async def test_a_layout_that_cannot_be_is_refused_in_words(top: bytes, words: str) -> None:
    with pytest.raises((GRPCError, InvalidRequest)) as caught:
        await loaded({}, top, "here")
    assert words in (getattr(caught.value, "message", ""), getattr(caught.value, "title", ""))


async def test_five_hundred_layers_are_not_too_many() -> None:
    image, _ = await loaded({}, manifest_of(*[LAYER] * 500))
    assert image == digest_of(CONFIG)


async def test_a_document_of_a_layout_is_what_its_digest_says() -> None:
    top = manifest_of()
    client = LentSession()
    client.stores = {"oci:mine": {digest_of(top): top + b" "}}
    async with connected(client) as session:
        with pytest.raises(GRPCError, match="is not what its digest says"):
            await image_of_layout(FakeEngine(), session, f"oci-layout://mine@{digest_of(top)}", "")


@pytest.mark.parametrize("where", ["oci-layout://x", "oci-layout://x@sha256:12", "oci-layout://@sha256:" + "0" * 64])
async def test_what_names_no_image_of_a_layout_is_refused(where: str) -> None:
    async with connected(LentSession()) as session:
        with pytest.raises(GRPCError) as caught:
            await image_of_layout(FakeEngine(), session, where, "")
    assert str(caught.value.message) == f"{where} names no image of an OCI layout"
