"""Image names: what they mean, and errors that point at the character."""

from __future__ import annotations

import pytest

from engine.errors import Code, InvalidRequest
from engine.images.known.reference import digest_of_id, is_digest, parse, parse_repository

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
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)

    assert str(caught.value) == f"“{text}” is not an image name. {words}"
    assert caught.value.details.splitlines()[0] == text
    hexadecimal = f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
    assert caught.value.docker == (hexadecimal if len(text) == 64 else "invalid reference format")


def test_too_long_is_said_with_the_bound() -> None:
    for text, words in (("a" * 300, "255"), ("a:" + "t" * 129, "128")):
        with pytest.raises(InvalidRequest, match=f"at most {words} characters"):
            parse(text)
