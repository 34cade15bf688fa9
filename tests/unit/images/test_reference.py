"""Image names: what they mean, and errors that point at the character."""

from __future__ import annotations

import pytest

from engine.errors import Code, InvalidRequest
from engine.images.known.reference import digest_of_id, is_digest, must_be_a_name, parse, parse_repository

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "canonical", "familiar"),
    [
        ("nginx", "docker.io/library/nginx", "nginx"),
        ("nginx:1.27-alpine", "docker.io/library/nginx:1.27-alpine", "nginx:1.27-alpine"),
        ("grafana/grafana", "docker.io/grafana/grafana", "grafana/grafana"),
        ("docker.io/nginx", "docker.io/library/nginx", "nginx"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx", "nginx"),
        ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ("localhost:5000/app:5000", "localhost:5000/app:5000", "localhost:5000/app:5000"),
        ("ghcr.io/owner/app", "ghcr.io/owner/app", "ghcr.io/owner/app"),
        ("HOST/app", "HOST/app", "HOST/app"),
        ("[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app"),
        ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f", "a__b/c--d.e_f"),
        (f"app@{DIGEST}", f"docker.io/library/app@{DIGEST}", f"app@{DIGEST}"),
        (f"app:1@{DIGEST}", f"docker.io/library/app:1@{DIGEST}", f"app:1@{DIGEST}"),
    ],
)
def test_names_as_docker_reads_them(text: str, canonical: str, familiar: str) -> None:
    reference = parse(text)

    assert str(reference) == canonical
    assert reference.familiar == familiar
    assert parse(str(reference)) == reference
    assert parse(reference.familiar) == reference


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("Nginx", 0),
        ("team/Web", 5),
        ("a b", 1),
        ("nginx:", 6),
        ("nginx:-1", 6),
        ("nginx:a/b c", 5),
        ("a//b", 2),
        ("a..b", 1),
        ("a/", 2),
        ("_a", 0),
        ("héllo", 1),
        ("example.com:http/app", 12),
        ("exa_mple.com:80/app", 3),
        ("app@sha256:abc", 14),
        ("app@sha256:" + "x" * 64, 11),
        ("app@md5:" + "0" * 32, 4),
        ("app@nonsense", 4),
        ("app:" + "t" * 129, 132),
        ("a" * 64, 0),
    ],
)
def test_errors_point_at_the_character(text: str, position: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)

    assert caught.value.code is Code.INVALID_REFERENCE
    if text and text != "nginx:a/b c":
        marker = caught.value.details.splitlines()[-1]
        assert marker.index("^") == position, caught.value.details


def test_a_capital_is_answered_with_a_proposal() -> None:
    with pytest.raises(InvalidRequest, match="character 6") as caught:
        raise InvalidRequest(str(_error_of("team/Web:Latest")))

    assert "team/web" in str(caught.value)


def _error_of(text: str) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)
    return caught.value


def test_repositories_have_no_tag() -> None:
    assert parse_repository("nginx").name == "docker.io/library/nginx"
    with pytest.raises(InvalidRequest):
        parse_repository("nginx:1")


def test_ids_and_digests() -> None:
    assert digest_of_id(DIGEST) == DIGEST
    assert digest_of_id(DIGEST[7:]) == DIGEST
    assert digest_of_id("abc") == ""
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST.upper())
    assert not is_digest("sha256:../../etc/passwd")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Nginx", "nginx"),
        ("Team/App:1", "team/app:1"),
        ("team/App:Nightly", "team/app:Nightly"),
        ("Example.com/App", "Example.com/app"),
        ("HOST:5000/Team/App", "HOST:5000/team/app"),
    ],
)
def test_what_was_meant_is_a_name(text: str, meant: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)

    assert caught.value.hint == f"Did you mean “{meant}”?"
    assert parse(meant)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The name is empty. A name looks like “nginx” or “ghcr.io/owner/app:1.2”."),
        ("a:", "At character 3: the tag after the colon is missing."),
        ("a:b:c", "At character 4: a tag has letters, digits, “_”, “.” and “-”, and starts with none of the last two."),
        ("a//b", "At character 3: a part of the name is empty."),
        ("/a", "At character 1: a part of the name is empty."),
        ("a/", "At character 3: a part of the name is empty."),
        ("a@", "At character 3: a digest looks like sha256:0123…, after “@”."),
        ("a@sha256", "At character 3: a digest looks like sha256:0123…, after “@”."),
        ("a@sha256:12", "At character 12: a sha256 digest has 64 digits, this one 2."),
        (
            "a@sha256:gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg",
            "At character 10: a digest is written in the digits 0–9 and a–f.",
        ),
        ("a@md5:12", "At character 3: “md5” is no digest algorithm we know (sha256, sha384, sha512)."),
        ("a@sha1:abcd", "At character 3: “sha1” is no digest algorithm we know (sha256, sha384, sha512)."),
        ("a@-x:12", "At character 3: a digest looks like sha256:0123…, after “@”."),
        ("::1/a", "At character 1: that cannot be part of a registry's host name."),
        ("[::1/a", "At character 2: an IPv6 address stands in square brackets, as [::1]:5000."),
        ("x.y:port/a", "At character 5: a port is a number."),
        ("-x.y/a", "At character 1: that cannot be part of a registry's host name."),
        ("x..y/a", "At character 3: that cannot be part of a registry's host name."),
        ("a b", "At character 2: a name has no blanks."),
        ("a:-x", "At character 3: a tag has letters, digits, “_”, “.” and “-”, and starts with none of the last two."),
        ("a:x/y", "At character 3: a port is a number."),
        (
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "At character 1: 64 hexadecimal digits are an image id, not a name.",
        ),
        ("a:ü", "At character 3: a tag has letters, digits, “_”, “.” and “-”, and starts with none of the last two."),
        ("ü", "At character 1: “ü” cannot be in a name; only a–z, 0–9, and . _ - between them."),
        ("a___b", "At character 2: “_” must stand between letters or digits, and not doubled (only __ and -- may be)."),
        ("a.-b", "At character 2: “.” must stand between letters or digits, and not doubled (only __ and -- may be)."),
        ("a-.b", "At character 2: “-” must stand between letters or digits, and not doubled (only __ and -- may be)."),
        ("a_", "At character 2: “_” must stand between letters or digits, and not doubled (only __ and -- may be)."),
        ("_a", "At character 1: “_” must stand between letters or digits, and not doubled (only __ and -- may be)."),
        ("localhost:5000/", "At character 16: a part of the name is empty."),
        ("docker.io/", "At character 11: a part of the name is empty."),
        ("[::1]x/a", "At character 6: only a colon and a port can follow the address."),
        ("[::1]:5x/a", "At character 8: a port is a number."),
        ("[::1]:x/a", "At character 7: a port is a number."),
        ("x.y:09x/a", "At character 7: a port is a number."),
        ("x.y:/a", "At character 5: a port is a number."),
        ("a.b.c-/x", "At character 6: that cannot be part of a registry's host name."),
        ("docker.io-/x", "At character 10: that cannot be part of a registry's host name."),
        (
            "index.docker.io/a/b/c_",
            "At character 22: “_” must stand between letters or digits, and not doubled (only __ and -- may be).",
        ),
        ("a/b/c/ d", "At character 7: a name has no blanks."),
        (
            "a/b/c/d.",
            "At character 8: “.” must stand between letters or digits, and not doubled (only __ and -- may be).",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)

    assert str(caught.value) == f"“{text}” is not an image name. {words}"
    shown, marker = caught.value.details.split("\n")
    assert (shown, caught.value.subject, marker[-1]) == (text, text, "^")
    if text:
        assert f"At character {len(marker)}:" in words
    hexadecimal = f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
    assert caught.value.docker == (hexadecimal if len(text) == 64 else "invalid reference format")


def test_too_long_is_said_with_the_bound() -> None:
    for text, words in (("a" * 300, "255"), ("a:" + "t" * 129, "128")):
        with pytest.raises(InvalidRequest, match=f"at most {words} characters"):
            parse(text)


def test_as_long_as_may_be_is_not_too_long() -> None:
    longest = "a" * (255 - len("docker.io/library/"))
    assert parse(longest).path == f"library/{longest}"
    assert parse("a:" + "t" * 128).tag == "t" * 128
    with pytest.raises(InvalidRequest, match="at most 255"):
        parse(longest + "a")


def test_the_mark_stands_under_its_character_behind_tabs_too() -> None:
    error = _error_of("\ta b")
    assert error.details == "\ta b\n^"
    assert _error_of("a:\tx y").details.endswith("\n  ^")
    assert _error_of("x.y:1\t2/a").details.endswith("\n     ^")


def test_a_capital_is_told_to_docker_as_docker_tells_it() -> None:
    error = _error_of("team/Web:1")
    assert error.docker == "invalid reference format: repository name (team/Web) must be lowercase"
    assert error.details == "team/Web:1\n     ^"
    assert "At character 14:" in str(_error_of("ghcr.io/team/Web:1"))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sha256:" + "0" * 64, True), ("sha384:" + "f" * 96, True), ("sha512:" + "a" * 128, True),
        ("sha256:" + "0" * 63, False), ("sha256:" + "g" * 64, False), ("sha512:" + "0" * 64, False),
        ("md5:" + "0" * 32, False), ("sha256", False), ("", False), ("0" * 64, False), ("a:sha256:" + "0" * 64, False),
    ],
)  # fmt: skip
def test_a_digest_is_one_that_can_be_checked(text: str, is_one: bool) -> None:
    assert is_digest(text) is is_one


def test_a_name_gets_another_tag_or_is_pinned() -> None:
    name = parse(f"ghcr.io/team/app:1@{DIGEST}")
    assert str(name.with_tag("2")) == "ghcr.io/team/app:2"
    assert str(name.with_digest(DIGEST)) == f"ghcr.io/team/app@{DIGEST}"
    assert name.with_default_tag() is name
    assert str(parse("app").with_default_tag()) == "docker.io/library/app:latest"
    assert parse(f"app@{DIGEST}").with_default_tag().tag == ""
    assert parse("app:1").with_default_tag().tag == "1"


@pytest.mark.parametrize("text", ["sha256", "sha512:1", "docker.io/library/sha384"])
def test_what_would_be_found_as_an_id_is_no_name(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        must_be_a_name(parse(text))
    assert caught.value.code is Code.INVALID_REFERENCE
    assert caught.value.docker == "refusing to create an ambiguous tag using digest algorithm as name"


def test_other_names_may_be_given() -> None:
    for text in ("sha1", "team/sha256", "ghcr.io/sha256", "sha256sum:1"):
        must_be_a_name(parse(text))
