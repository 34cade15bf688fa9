"""Images: which are listed, and what each request about one asks the engine for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from engine.types.data import Freed, LabelRule, Platform
from engine.types.images import CommitContainer, Image, ImageConfig, Removed, SearchResult
from tests.fakes.store import fake_digest
from tests.fakes.world import make_image
from tests.unit.api.serving import Played, filtered

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def image(reference: str, hours: float, **more: Any) -> Image:
    """The more hours, the older."""
    return replace(make_image(reference), created=MOMENT - timedelta(hours=hours), **more)


IMAGES = (
    image("docker.io/library/nginx:1.27", 1, config=ImageConfig(labels={"a": "1", "b": "2"}), used_by=("c1", "c2")),
    image("docker.io/library/nginx:old", 2, config=ImageConfig(labels={"a": "1"})),
    image("ghcr.io/acme/shop/web:2", 3, tags=("ghcr.io/acme/shop/web:2", "docker.io/library/web:latest")),
    image("localhost/loose:1", 4, tags=(), digests=(), dangling=True),
    image("localhost/other:1", 5, tags=(), index_names=("localhost/both:1",)),
    replace(image("localhost/unborn:1", 6), created=None),
)


@pytest.fixture
def images(api: Served) -> Served:
    """Only those of the table are there."""
    api.engine.store.images.clear()
    for each in reversed(IMAGES):
        api.engine.store.put("image", each)
    return api


async def listed(api: Served, path: str) -> list[str]:
    return [(row["RepoTags"] or [row["Id"]])[0] for row in await api.get(path)]


LOOSE = IMAGES[3].id
ALL = ["nginx:1.27", "nginx:old", "ghcr.io/acme/shop/web:2", LOOSE, "localhost/unborn:1"]


FILTERS = [
    ({}, ALL),
    ({"dangling": ["true"]}, [LOOSE]),
    ({"dangling": ["false"]}, [name for name in ALL if name != LOOSE]),
    ({"label": ["a"]}, ALL[:2]),
    ({"label": ["a=1", "b=2"]}, ALL[:1]),
    ({"reference": ["nginx"]}, ALL[:2]),
    ({"reference": ["nginx:1*"]}, ALL[:1]),
    ({"reference": ["*/nginx"]}, []),
    ({"reference": ["docker.io/library/nginx"]}, ALL[:2]),
    ({"reference": ["docker.io/*/nginx:old"]}, ALL[1:2]),
    ({"reference": ["ngin?"]}, ALL[:2]),
    ({"reference": ["n?x"]}, []),
    ({"reference": ["ghcr.io/*/web"]}, []),
    ({"reference": ["ghcr.io/*/*/web"]}, ALL[2:3]),
    ({"reference": ["**nginx**"]}, ALL[:2]),
    ({"reference": ["nosuch", "nginx:old"]}, ALL[1:2]),
    ({"reference": ["n.inx"]}, []),
    ({"before": ["nginx:old"]}, ALL[2:]),
    ({"since": ["nginx:old"]}, ALL[:1]),
    ({"before": ["nginx:1.27"], "since": [LOOSE]}, ALL[1:3]),
    ({"until": [f"{int(MOMENT.timestamp()) - 2 * 3600}"]}, ALL[2:]),
    ({"until": [f"{int(MOMENT.timestamp()) - 2 * 3600 + 1}"]}, ALL[1:]),
]


async def test_each_filter_lets_through_what_it_says(images: Served) -> None:
    for filters, expected in FILTERS:
        assert await listed(images, filtered("/images/json", **filters)) == expected, filters


async def test_only_the_names_that_were_asked_for_are_shown(images: Served) -> None:
    [row] = await images.get(filtered("/images/json", reference=["web"]))
    assert row["RepoTags"] == ["web:latest"]
    [row] = await images.get(filtered("/images/json", since=[LOOSE], before=["nginx:old"]))
    assert row["RepoTags"] == ["ghcr.io/acme/shop/web:2", "web:latest"]


async def test_an_image_is_found_by_its_digest_too(images: Served) -> None:
    [row] = await images.get(filtered("/images/json", reference=[IMAGES[0].digests[0]]))
    assert row["Id"] == IMAGES[0].id


async def test_a_row_tells_how_many_containers_use_it_and_older_clients_one_size_more(images: Served) -> None:
    [row] = await images.get(filtered("/v1.44/images/json", reference=["nginx:1.27"]))
    assert row["Containers"] == 2
    assert "VirtualSize" not in row
    [row] = await images.get(filtered("/v1.43/images/json", reference=["nginx:1.27"]))
    assert row["VirtualSize"] == IMAGES[0].size


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (filtered("/images/json", before=["nosuch"]), 404, "No such image: nosuch:latest"),
        (filtered("/images/json", reference=["x" * 257]), 400, "a reference filter is too long"),
        (filtered("/images/json", reference=["a*" * 9]), 400, "a reference filter has too many stars"),
        (filtered("/images/json", name=["x"]), 400, "invalid filter 'name'"),
        ("/images/nosuch/history", 404, "No such image: nosuch:latest"),
        ("/images/nosuch/get", 404, "No such image: nosuch:latest"),
        ("/images/get", 400, "no image was named"),
        ("/images/get?names=", 400, "no image was named"),
        ("/images/get?names=nginx:old,nosuch:1", 404, "No such image: nosuch:1"),
        ("/images/nginx:old/get?platform=linux/s390x", 404, "image nginx:old is for linux/amd64, not for linux/s390x"),
        ("/images/nginx:old/json?platform=linux/s390x", 404, "image nginx:old is for linux/amd64, not for linux/s390x"),
        ("/images/nginx:old/json?platform=/", 400, "invalid platform '/'"),
        ("/images/search", 400, "no term to search for was given"),
        ("/images/search?term=x&limit=101", 400, "limit 101 is outside the range of [1, 100]"),
        ("/images/search?term=x&limit=-1", 400, "limit -1 is outside the range of [1, 100]"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_dockers_words(
    images: Served, path: str, status: int, words: str
) -> None:
    reply = await images.ask("GET", path)
    assert (reply.status, reply.message) == (status, words)


async def test_a_filter_of_the_greatest_length_and_stars_is_taken(images: Served) -> None:
    assert await listed(images, filtered("/images/json", reference=["x" * 256])) == []
    assert await listed(images, filtered("/images/json", reference=["n*g*i*n*x*:*o*d*"])) == ["nginx:old"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("linux/amd64", True),
        ("linux/amd64/v2", False),
        ('{"os":"linux","architecture":"amd64"}', True),
        ('{"architecture":"amd64"}', True),
        ('{"architecture":"arm64","variant":"v8"}', False),
        ('[{"architecture":"amd64"}]', True),
    ],
)
async def test_a_platform_is_understood_in_all_its_spellings(images: Served, text: str, found: bool) -> None:
    images.hear("images.get", replace(IMAGES[0], platform=Platform(architecture="amd64")))
    reply = await images.ask("GET", f"/images/nginx:1.27/json?platform={quote(text)}")
    assert reply.status == (200 if found else 404)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("Linux/AMD64", 400, "invalid platform 'Linux/AMD64'"),
        ("a/b/c/d", 400, "invalid platform 'a/b/c/d'"),
        ("x" * 65, 400, f"invalid platform {'x' * 65!r}"),
        ('[{"architecture":"amd64"},{"architecture":"arm64"}]', 501,
         "several platforms at once are not supported by Wherry: name one"),
        ("[]", 501, "several platforms at once are not supported by Wherry: name one"),
        ("{", 400, "invalid JSON: Input data was truncated"),
    ],
)  # fmt: skip
async def test_what_is_no_platform_is_refused(images: Served, text: str, status: int, words: str) -> None:
    reply = await images.ask("GET", f"/images/nginx:1.27/json?platform={quote(text)}")
    assert (reply.status, reply.message) == (status, words)
    reply = await images.ask("POST", f"/images/load?platform={quote(text)}", b"x")
    assert (reply.status, reply.message) == (status, words)


async def test_an_image_names_the_driver_that_unpacked_it(images: Served) -> None:
    images.hear("host.facts", replace(await images.engine.host.facts(), driver="fuse-overlayfs"))
    whole = await images.get("/v1.40/images/nginx:1.27/json")
    assert whole["GraphDriver"]["Name"] == "fuse-overlayfs"
    assert whole["VirtualSize"] == IMAGES[0].size
    assert "VirtualSize" not in await images.get("/v1.44/images/nginx:1.27/json")


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("repo=mine", "mine"),
        ("repo=mine&tag=2", "mine:2"),
        ("repo=r.example:5000/mine&tag=2", "r.example:5000/mine:2"),
        ("repo=r.example:5000/mine:1&tag=2", "r.example:5000/mine:2"),
        (f"repo=mine:1&tag={fake_digest('x')}", f"mine@{fake_digest('x')}"),
        ("repo=mine&tag=sha512:abc", "mine:sha512:abc"),
    ],
)
async def test_a_name_and_its_tag_come_apart_in_queries(images: Served, query: str, reference: str) -> None:
    heard = images.hear("images.tag", IMAGES[0])
    reply = await images.ask("POST", f"/images/nginx:1.27/tag?{query}")
    assert (reply.status, heard) == (201, [{"image": "nginx:1.27", "reference": reference}])


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/images/nginx:1.27/tag", 400, "no repository was named"),
        ("/images/nginx:1.27/tag?repo=a&tag=.b", 400, "invalid tag format"),
        ("/images/nginx:1.27/tag?repo=a&tag=%C3%A4", 400, "invalid tag format"),
        ("/images/nginx:1.27/tag?repo=a&tag=" + "x" * 129, 400, "invalid tag format"),
        ("/images/nosuch/tag?repo=a", 404, "No such image: nosuch:latest"),
    ],
)
async def test_a_name_that_cannot_be_is_refused(images: Served, path: str, status: int, words: str) -> None:
    reply = await images.ask("POST", path)
    assert (reply.status, reply.message) == (status, words)
    assert (await images.ask("POST", "/images/nginx:1.27/tag?repo=a&tag=" + "x" * 128)).status == 201


@pytest.mark.parametrize(
    ("query", "force", "parents"), [("", False, True), ("?force=1", True, True), ("?noprune=1", False, False)]
)
async def test_a_removal_is_as_thorough_as_asked_and_tells_each_thing(
    images: Served, query: str, force: bool, parents: bool
) -> None:
    gone = Removed(untagged=("docker.io/library/nginx:old",), deleted=("sha256:1", "sha256:2"))
    heard = images.hear("images.remove", gone)
    reply = await images.ask("DELETE", f"/images/nginx:old{query}")
    assert heard == [{"image": "nginx:old", "force": force, "prune_parents": parents}]
    assert reply.json() == [{"Untagged": "nginx:old"}, {"Deleted": "sha256:1"}, {"Deleted": "sha256:2"}]
    reply = await images.ask("DELETE", "/images/nosuch/x")
    images.hear("images.remove")
    reply = await images.ask("DELETE", "/images/nosuch/x")
    assert (reply.status, reply.message) == (404, "No such image: nosuch/x:latest")


@pytest.mark.parametrize(("dangling", "everything"), [([], False), (["true"], False), (["false"], True)])
async def test_a_prune_takes_named_images_only_when_told_so(
    images: Served, dangling: list[str], everything: bool
) -> None:
    heard = images.hear("images.prune", Removed(deleted=("sha256:1",), bytes=9))
    path = filtered("/images/prune", dangling=dangling, until=["7"], **{"label": ["a"], "label!": ["b=1"]})
    reply = await images.ask("POST", path)
    assert reply.json() == {"ImagesDeleted": [{"Deleted": "sha256:1"}], "SpaceReclaimed": 9}
    rule = LabelRule(wanted={"a": ""}, unwanted={"b": "1"})
    assert heard == [{"all_unused": everything, "until_ns": 7_000_000_000, "labels": rule}]
    images.hear("images.prune", Removed())
    reply = await images.ask("POST", "/images/prune")
    assert reply.json() == {"ImagesDeleted": None, "SpaceReclaimed": 0}


FOUND = [
    SearchResult(name="redis", description="A store", stars=900, official=True),
    SearchResult(name="acme/redis", stars=100),
    SearchResult(name="sam/redis"),
]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["redis", "acme/redis", "sam/redis"]),
        ({"stars": ["100"]}, ["redis", "acme/redis"]),
        ({"stars": ["101"]}, ["redis"]),
        ({"stars": ["5", "500"]}, ["redis"]),
        ({"stars": ["many"]}, ["redis", "acme/redis", "sam/redis"]),
        ({"stars": ["9999999999"]}, ["redis", "acme/redis", "sam/redis"]),
        ({"is-official": ["true"]}, ["redis"]),
        ({"is-official": ["false"]}, ["acme/redis", "sam/redis"]),
    ],
)
async def test_a_search_is_narrowed_by_its_filters(
    images: Served, filters: dict[str, list[str]], names: list[str]
) -> None:
    heard = images.hear("images.search", FOUND)
    rows = await images.get(filtered("/images/search?term=redis", **filters))
    assert [row["name"] for row in rows] == names
    assert heard == [{"term": "redis", "limit": 25}]
    await images.get("/images/search?term=redis&limit=100")
    await images.get("/images/search?term=redis&limit=1")
    assert [each["limit"] for each in heard] == [25, 100, 1]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/images/nginx:1.27/get", ["nginx:1.27"]),
        ("/images/nginx:1.27/get?platform=linux/amd64", ["nginx:1.27"]),
        ("/images/get?names=nginx:1.27&names=nginx:old", ["nginx:1.27", "nginx:old"]),
        ("/images/get?names=nginx:1.27,nginx:old", ["nginx:1.27", "nginx:old"]),
    ],
)
async def test_a_save_is_a_tar_of_all_that_were_named(images: Served, path: str, names: list[str]) -> None:
    heard = images.hear("images.save")
    reply = await images.ask("GET", path)
    assert (reply.headers["Content-Type"], len(reply.body)) == ("application/x-tar", 10240)
    assert heard == [{"references": names, "oci": False}]


async def test_a_load_tells_each_image_by_its_name_or_its_id(images: Served) -> None:
    heard = images.hear("images.load", Played(ends="nginx:1\n\nsha256:abc"))
    reply = await images.ask("POST", "/images/load", b"tar of images")
    assert reply.lines() == [{"stream": "Loaded image: nginx:1\n"}, {"stream": "Loaded image ID: sha256:abc\n"}]
    assert len(heard) == 1


async def test_a_load_is_given_what_was_sent(images: Served) -> None:
    got: list[bytes] = []

    async def take(source: Any) -> str:
        got.extend([piece async for piece in source])
        return ""

    class Taking(Played):
        async def result(self) -> str:
            return await take(heard[0]["source"])

    heard = images.hear("images.load", Taking())
    assert (await images.ask("POST", "/images/load", b"tar of images")).status == 200
    assert b"".join(got) == b"tar of images"


@pytest.mark.parametrize(
    ("source", "given"),
    [("-", None), ("http://x/a.tar", "http://x/a.tar"), ("https://x/a", "https://x/a"), ("x/a.tar", "http://x/a.tar")],
)
async def test_a_tree_is_imported_from_the_body_or_from_an_address(
    images: Served, source: str, given: str | None
) -> None:
    heard = images.hear("images.import_tree", Played(ends="sha256:made"))
    path = f"/images/create?fromSrc={source}&repo=mine&tag=3&message=hello&changes=CMD%20a&changes=ENV%20b=1"
    reply = await images.ask("POST", path, b"tar")
    assert reply.lines() == [{"status": "sha256:made"}]
    [asked] = heard
    assert asked["source"] == given or (given is None and hasattr(asked["source"], "__aiter__"))
    assert (asked["reference"], asked["message"], asked["changes"]) == ("mine:3", "hello", ["CMD a", "ENV b=1"])


# --- commit ---


async def test_a_commit_takes_all_that_the_client_says_of_the_image(api: Served) -> None:
    heard = api.hear("images.commit", Played(ends="sha256:made"))
    told = api.hear("containers.tell")
    body = {
        "Cmd": ["a", "b c"],
        "Entrypoint": "sh -c",
        "Env": ["A=1", 'B=two "words"', "C"],
        "Labels": {"x.y": "z", "a b": "c"},
        "User": "web",
        "WorkingDir": "/srv",
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
    }
    query = "container=shop-web-1&repo=mine&tag=2&comment=why&author=me&changes=CMD%20x%0AUSER%20y&pause=0"
    reply = await api.ask("POST", f"/commit?{query}", body)
    assert (reply.status, reply.json()) == (201, {"Id": "sha256:made"})
    web = fake_digest("shop-web-1")[7:]
    assert heard[0]["request"] == CommitContainer(
        container=web,
        reference="mine:2",
        message="why",
        author="me",
        changes=(
            'CMD ["a","b c"]',
            'ENTRYPOINT ["sh -c"]',
            'ENV A="1"',
            r'ENV B="two \"words\""',
            'ENV C=""',
            'LABEL "x.y"="z"',
            'LABEL "a b"="c"',
            "USER web",
            "WORKDIR /srv",
            "EXPOSE 80/tcp",
            "VOLUME /data",
            "CMD x",
            "USER y",
        ),
        pause=False,
    )
    said = {"comment": "why", "imageID": "sha256:made", "imageRef": "mine:2"}
    assert [(each["container"], each["action"], each["attributes"]) for each in told] == [(web, "commit", said)]


async def test_a_commit_that_says_nothing_pauses_the_container_and_names_nothing(api: Served) -> None:
    heard = api.hear("images.commit", Played(ends="sha256:made"))
    told = api.hear("containers.tell")
    assert (await api.ask("POST", "/commit?container=draft")).status == 201
    assert heard[0]["request"] == CommitContainer(container=fake_digest("draft")[7:])
    assert set(told[0]["attributes"]) <= {"imageID", "imageRef"}
    assert "comment" not in told[0]["attributes"]


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("", {}, 'invalid name or ID supplied: ""'),
        ("container=draft&tag=.", {}, "invalid tag format"),
        ("container=draft", {"User": "a\nRUN evil"}, "a value of the configuration holds a line break"),
        ("container=draft", {"WorkingDir": "a\rb"}, "a value of the configuration holds a line break"),
    ],
)
async def test_a_commit_that_cannot_be_is_refused(api: Served, query: str, body: dict[str, str], words: str) -> None:
    heard = api.hear("images.commit")
    reply = await api.ask("POST", f"/commit?{query}", body)
    assert (reply.status, reply.message, heard) == (400, words, [])


async def test_what_the_cache_frees_is_told_and_filters_that_cannot_be_are_not_passed_over(api: Served) -> None:
    heard = api.hear("builds.prune_cache", Freed(ids=("a",), bytes=3))
    reply = await api.ask("POST", filtered("/build/prune?all=1", until=["9"]))
    assert reply.json() == {"CachesDeleted": ["a"], "SpaceReclaimed": 3}
    await api.ask("POST", filtered("/build/prune", **{"until": ["9"], "unused-for": ["5"]}))
    await api.ask("POST", filtered("/build/prune", **{"unused-for": ["5"], "label!": ["x"]}))
    await api.ask("POST", "/build/prune")
    assert [(each["all_unused"], each["until_ns"]) for each in heard] == [
        (True, 9 * 10**9),
        (False, 5 * 10**9),
        (False, 5 * 10**9),
        (False, 0),
    ]
    reply = await api.ask("POST", filtered("/build/prune", label=["a"]))
    assert reply.json() == {"CachesDeleted": None, "SpaceReclaimed": 0}
    for key in ("id", "parent", "type", "description", "inuse", "shared", "private"):
        reply = await api.ask("POST", filtered("/build/prune", **{key: ["x"]}))
        said = f"the filter {key!r} of a build cache prune is not supported by Wherry"
        assert (reply.status, reply.message) == (501, said)
        assert (await api.ask("POST", filtered("/build/prune", **{key: []}))).status == 200
    for key in ("keep-storage", "reserved-space", "max-used-space", "min-free-space"):
        reply = await api.ask("POST", f"/build/prune?{key}=5")
        assert (reply.status, reply.message.startswith(f"{key} is not supported by Wherry: ")) == (501, True)
        assert (await api.ask("POST", f"/build/prune?{key}=0")).status == 200
    api.hear("builds.prune_cache", Freed())
    assert json.loads((await api.ask("POST", "/build/prune")).body)["CachesDeleted"] is None
