"""Who a container runs as: what was asked for, the image's own files, and whose ids come of it."""

from __future__ import annotations

import pytest

from engine.containers.spec.users import ContainerUser, find_user, user_names
from engine.errors import Code, InvalidRequest

PASSWD = """root:x:0:0:root:/root:/bin/sh
 web : x : 1000 : 1001 :: /home/web :/bin/sh
#ghost:x:5:5::/:/bin/sh
broken
half:x:y:7::/:
short:x:6:6:
six:x:6:7:gecos:/six
twin:x:1000:9::/twin:
homeless:x:8:8:::
zero:x:0:5::/z:
"""
GROUP = """root:x:0:
web:x:1001:
staff:x:50:web,other
 odd : x : 51 : web
audio:x:29:other
broken
bad:x:z:web
100:x:7:
extra:x:60:web:more
"""


@pytest.mark.parametrize(
    ("wanted", "extra", "user"),
    [
        ("", (), ContainerUser(0, 0, (), "/root", "root")),
        ("0", (), ContainerUser(0, 0, (), "/root", "root")),
        ("web", (), ContainerUser(1000, 1001, (50, 51, 60), "/home/web", "web")),
        ("1000", (), ContainerUser(1000, 1001, (50, 51, 60), "/home/web", "web")),
        ("web", ("audio", "50", "77"), ContainerUser(1000, 1001, (50, 51, 60, 29, 77), "/home/web", "web")),
        ("web:staff", (), ContainerUser(1000, 50, (), "/home/web", "web")),
        ("web:staff", ("audio",), ContainerUser(1000, 50, (29,), "/home/web", "web")),
        ("web:", (), ContainerUser(1000, 1001, (50, 51, 60), "/home/web", "web")),
        (":staff", (), ContainerUser(0, 50, (), "/root", "root")),
        ("six", (), ContainerUser(6, 7, (), "/six", "six")),
        ("homeless", (), ContainerUser(8, 8, (), "/", "homeless")),
        ("4242", (), ContainerUser(4242, 0, (), "/", "")),
        ("4242:100", (), ContainerUser(4242, 7, (), "/", "")),
        ("4242:4243", (), ContainerUser(4242, 4243, (), "/", "")),
        ("2147483647", (), ContainerUser(2**31 - 1, 0, (), "/", "")),
    ],
)
def test_names_and_numbers(wanted: str, extra: tuple[str, ...], user: ContainerUser) -> None:
    assert find_user(wanted, PASSWD, GROUP, extra) == user


def test_root_is_there_without_files_and_under_another_name() -> None:
    assert find_user("root:root", "", "") == ContainerUser(0, 0, (), "/root", "root")
    assert find_user("0:0", "", "") == ContainerUser(0, 0, (), "/root", "root")
    assert find_user("0", "toor:x:0:3::/toor:", "") == ContainerUser(0, 3, (), "/toor", "toor")


@pytest.mark.parametrize("wanted", ["ghost", "#ghost", "half", "short", "broken", "-1", "2147483648", "³"])
def test_who_is_not_there_is_answered_with_those_who_are(wanted: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_user(wanted, PASSWD, GROUP)
    error = caught.value
    assert (error.code, error.subject) == (Code.BAD_USER, wanted)
    assert error.title == f"There is no user “{wanted}” in the image"
    assert error.explanation == "Its files know: homeless, root, six, twin, web, zero."
    assert error.hint == "Name one of these, or give a number: a user given by number needs no entry."
    assert error.docker == f"unable to find user {wanted}: no matching entries in passwd file"


@pytest.mark.parametrize(("wanted", "extra"), [("web:nobody", ()), ("web", ("nobody",)), ("7:nobody", ())])
def test_groups_that_are_not_there_too(wanted: str, extra: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_user(wanted, PASSWD, GROUP, extra)
    error = caught.value
    assert error.title == "There is no group “nobody” in the image"
    assert error.explanation == "Its files know: 100, audio, extra, odd, root, staff, web."
    assert error.docker == "unable to find group nobody: no matching entries in group file"


def test_an_image_without_the_files_says_so_and_one_with_many_names_a_dozen() -> None:
    for wanted, story in (("web", "It has no /etc/passwd."), ("0:web", "It has no /etc/group.")):
        with pytest.raises(InvalidRequest) as caught:
            find_user(wanted, "", "")
        assert caught.value.explanation == story
    crowd = "".join(f"u{number:02}:x:{number}:1::/:\n" for number in range(1, 15))
    with pytest.raises(InvalidRequest) as caught:
        find_user("nobody", crowd, "")
    assert caught.value.explanation.removesuffix(".").split(", ")[-1] == "u12"


def test_lists_of_processes_have_names() -> None:
    assert user_names(PASSWD) == {0: "root", 1000: "web", 6: "six", 8: "homeless"}
