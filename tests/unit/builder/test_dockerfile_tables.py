"""Dockerfiles and what is read of them, to the last field; faulty ones, and what is said of them, to the letter."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from engine.builder.language.errors import DockerfileError
from engine.builder.language.mounts import read_mount
from engine.builder.language.parser import parse_dockerfile, parse_instruction
from engine.builder.language.source import RawInstruction, read_source
from engine.builder.language.types import Argument, RunMount
from engine.types.containers import HealthCheck

FAULTS: dict[str, tuple[str, int, int, str]] = {
    "FROM": ("FROM takes an image, or an image AS a name", 1, 1, "Write FROM image or FROM image AS name."),
    "FROM a b": ("FROM takes an image, or an image AS a name", 1, 1, "Write FROM image or FROM image AS name."),
    "FROM a AS 1x": (
        "'1x' cannot name a stage",
        1,
        11,
        "A stage's name begins with a letter; letters, digits, “-”, “_” and “.” follow.",
    ),
    "FROM a AS a b": ("FROM takes an image, or an image AS a name", 1, 1, "Write FROM image or FROM image AS name."),
    "FROM --platform a": ("The flag --platform needs a value", 1, 6, ""),
    "FROM --platfrm=x a": ("Unknown flag --platfrm for FROM", 1, 6, "Did you mean --platform?"),
    "FROM --platform=x --platform=y a": ("The flag --platform stands twice", 1, 19, ""),
    "FROM a\nFORM b": ("Unknown instruction: FORM", 2, 1, "Did you mean FROM?"),
    "FROM a\nRUN": ("RUN needs a command", 2, 1, ""),
    "FROM a\nRUN --network=hots true": ("Unknown network 'hots' for RUN", 2, 5, "Did you mean host?"),
    "FROM a\nRUN --security=none true": ("Unknown security mode 'none' for RUN", 2, 5, ""),
    "FROM a\nRUN --device=x true": ("RUN --device is not supported", 2, 5, ""),
    "FROM a\nRUN --mount true": ("The flag --mount needs a value", 2, 5, ""),
    "FROM a\nRUN --mount=type=bind true": ("A bind mount needs a target", 2, 5, ""),
    "FROM a\nRUN --mount=type=cash,target=/x true": ("Unknown kind of mount: cash", 2, 5, "Did you mean cache?"),
    "FROM a\nRUN --mount=type=cache,target=/x,sharing=all true": (
        "A cache is shared, private or locked, not 'all'",
        2,
        5,
        "",
    ),
    "FROM a\nRUN --mount=type=cache,target=/x,sarce=/y true": (
        "A cache mount has no field 'sarce'",
        2,
        5,
        "Did you mean source?",
    ),
    "FROM a\nRUN --mount=type=tmpfs,target=/x,size=many true": ("'many' is no size", 2, 5, ""),
    "FROM a\nRUN --mount=type=secret,id true": (
        "The mount field 'id' has no value",
        2,
        5,
        "Write field=value, fields divided by commas.",
    ),
    "FROM a\nRUN --mount=type=secret,id=x,required=perhaps true": ("'perhaps' is neither true nor false", 2, 5, ""),
    "FROM a\nRUN --mount=type=secret,id=x,uid=root true": (
        "The field uid of a mount is a number, not 'root'",
        2,
        5,
        "",
    ),
    "FROM a\nRUN --mount=type=bind,from=$x,target=/x true": (
        "from= of a mount takes no variables",
        2,
        23,
        "Give the stage or image a name with FROM … AS name, and use that.",
    ),
    "FROM a\nCOPY one": ("COPY needs at least one source and a destination", 2, 1, "For example COPY . /app"),
    "FROM a\nCOPY --form=x one two": ("Unknown flag --form for COPY", 2, 6, "Did you mean --from?"),
    "FROM a\nCOPY --link=maybe one two": ("The flag --link is true or false, not 'maybe'", 2, 6, ""),
    "FROM a\nCOPY --from= one two": ("The flag --from needs a value", 2, 6, ""),
    "FROM a\nCOPY --exclude one two": ("The flag --exclude needs a value", 2, 6, ""),
    "FROM a\nCOPY --chown --chown=x one two": ("The flag --chown stands twice", 2, 14, ""),
    'FROM a\nCOPY ["one", 2]': (
        "COPY in its JSON form takes strings only",
        2,
        6,
        'Write every word in double quotes: ["a", "b"].',
    ),
    "FROM a\nADD --unpak=true one two": ("Unknown flag --unpak for ADD", 2, 5, "Did you mean --unpack?"),
    "FROM a\nENV": ("ENV needs an argument", 2, 1, ""),
    "FROM a\nENV A": ("ENV must have two arguments", 2, 1, "Write ENV A=value."),
    "FROM a\nENV A=1 B": ("There is no = in 'B'", 2, 9, "Write name=value; quote values with blanks."),
    "FROM a\nENV =1": ("ENV names cannot be blank", 2, 5, ""),
    "FROM a\nLABEL a": ("LABEL must have two arguments", 2, 1, "Write LABEL a=value."),
    "FROM a\nARG": ("ARG needs an argument", 2, 1, ""),
    "FROM a\nARG =x": ("ARG names cannot be blank", 2, 5, ""),
    "FROM a\nSHELL bash": ("SHELL takes a JSON list", 2, 1, 'For example SHELL ["/bin/bash", "-c"].'),
    "FROM a\nSHELL []": ("SHELL takes a JSON list", 2, 1, 'For example SHELL ["/bin/bash", "-c"].'),
    "FROM a\nUSER": ("USER needs an argument", 2, 1, ""),
    "FROM a\nWORKDIR": ("WORKDIR needs an argument", 2, 1, ""),
    "FROM a\nEXPOSE": ("EXPOSE needs an argument", 2, 1, ""),
    "FROM a\nVOLUME": ("VOLUME needs an argument", 2, 1, ""),
    'FROM a\nVOLUME ["/a", " "]': ("VOLUME paths cannot be empty", 2, 1, ""),
    "FROM a\nSTOPSIGNAL": ("STOPSIGNAL needs an argument", 2, 1, ""),
    "FROM a\nMAINTAINER": ("MAINTAINER needs an argument", 2, 1, ""),
    "FROM a\nUSER --x=y me": ("Unknown flag --x for USER", 2, 6, ""),
    "FROM a\nHEALTHCHECK": (
        "Unknown kind '' of HEALTHCHECK",
        2,
        1,
        "Write HEALTHCHECK CMD command, or HEALTHCHECK NONE.",
    ),
    "FROM a\nHEALTHCHECK NONE x": ("HEALTHCHECK NONE takes no arguments", 2, 18, ""),
    "FROM a\nHEALTHCHECK CDM x": ("Unknown kind 'CDM' of HEALTHCHECK", 2, 13, "Did you mean CMD?"),
    "FROM a\nHEALTHCHECK CMD": ("HEALTHCHECK CMD needs a command", 2, 1, ""),
    "FROM a\nHEALTHCHECK --retries=few CMD x": ("The flag --retries is a whole number", 2, 13, ""),
    "FROM a\nHEALTHCHECK --interval=soon CMD x": (
        "The flag --interval is a time like 30s or 1m30s, not 'soon'",
        2,
        13,
        "",
    ),
    "FROM a\nHEALTHCHECK --interval=10us CMD x": ("The flag --interval cannot be less than 1ms", 2, 1, ""),
    "FROM a\nHEALTHCHECK --timeout= CMD x": ("The flag --timeout needs a value", 2, 13, ""),
    "FROM a\nONBUILD": ("ONBUILD needs an argument", 2, 1, ""),
    "FROM a\nONBUILD ONBUILD RUN x": ("ONBUILD cannot be chained: ONBUILD ONBUILD is not allowed", 2, 1, ""),
    "FROM a\nONBUILD FROM b": ("FROM is not allowed in ONBUILD", 2, 1, ""),
    "FROM a\nONBUILD MAINTAINER b": ("MAINTAINER is not allowed in ONBUILD", 2, 1, ""),
    "FROM a\nONBUILD ONN b": ("Unknown instruction: ONN", 2, 1, ""),
    "FROM a\nRUN <<EOF\nnever ended": (
        "The here-document EOF does not end",
        2,
        1,
        "Put a line with only EOF after its text.",
    ),
    "FROM a\nCOPY <<A <<B /x\na\nA\n": (
        "The here-document B does not end",
        2,
        1,
        "Put a line with only B after its text.",
    ),
}
"""What is wrong, in which line and column, and the hint."""

MEANINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "FROM --platform=linux/arm64 a:1@sha256:x AS Build": (
        "From",
        {"image": "a:1@sha256:x", "name": "build", "platform": "linux/arm64"},
    ),
    "FROM a": ("From", {"image": "a"}),
    'ARG A B=1 C="two words" D=': (
        "Arg",
        {
            "arguments": (
                Argument(name="A", value=None),
                Argument(name="B", value="1"),
                Argument(name="C", value='"two words"'),
                Argument(name="D", value=""),
            )
        },
    ),
    'ENV A=1 B="x y" C=a\\ b': ("Env", {"pairs": (("A", "1"), ("B", '"x y"'), ("C", "a\\ b"))}),
    "ENV OLD the rest of it": ("Env", {"pairs": (("OLD", "the rest of it"),), "spaced": True}),
    'LABEL a=b "c d"="e f"': ("Label", {"pairs": (("a", "b"), ('"c d"', '"e f"'))}),
    "LABEL a b": ("Label", {"pairs": (("a", "b"),), "spaced": True}),
    "RUN echo one && echo two": ("Run", {"words": ("echo one && echo two",), "shell": True}),
    'RUN ["echo", "one"]': ("Run", {"words": ("echo", "one"), "shell": False}),
    "RUN --network=none --security=insecure true": (
        "Run",
        {"words": ("true",), "shell": True, "network": "none", "security": "insecure"},
    ),
    "RUN --mount=type=cache,target=/x --mount=type=secret,id=s true": (
        "Run",
        {"words": ("true",), "shell": True, "mounts": ("type=cache,target=/x", "type=secret,id=s")},
    ),
    'RUN "--mount" x': ("Run", {"words": ('"--mount" x',), "shell": True}),
    "CMD": ("Cmd", {"words": (), "shell": True}),
    'CMD ["a", "b"]': ("Cmd", {"words": ("a", "b"), "shell": False}),
    "CMD a b": ("Cmd", {"words": ("a b",), "shell": True}),
    'ENTRYPOINT ["a"]': ("Entrypoint", {"words": ("a",), "shell": False}),
    'ENTRYPOINT a "b c"': ("Entrypoint", {"words": ('a "b c"',), "shell": True}),
    'SHELL ["/bin/bash", "-c"]': ("Shell", {"words": ("/bin/bash", "-c")}),
    "COPY one two /three": ("Copy", {"sources": ("one", "two"), "destination": "/three"}),
    'COPY ["a b", "c"]': ("Copy", {"sources": ("a b",), "destination": "c"}),
    "COPY --from=x --chown=1:2 --chmod=755 --link --parents --exclude=*.o --exclude=b one two": (
        "Copy",
        {
            "sources": ("one",),
            "destination": "two",
            "owner": "1:2",
            "mode": "755",
            "link": True,
            "exclude": ("*.o", "b"),
            "origin": "x",
            "parents": True,
        },
    ),
    'COPY --link=false --chown="a b" one two': ("Copy", {"sources": ("one",), "destination": "two", "owner": "a b"}),
    "COPY -- --one two": ("Copy", {"sources": ("--one",), "destination": "two"}),
    "ADD http://x/y /z": ("Add", {"sources": ("http://x/y",), "destination": "/z"}),
    "ADD --checksum=sha256:1 --unpack=false --keep-git-dir --chown=u --chmod=u+x --link=true --exclude=q one two": (
        "Add",
        {
            "sources": ("one",),
            "destination": "two",
            "owner": "u",
            "mode": "u+x",
            "link": True,
            "exclude": ("q",),
            "checksum": "sha256:1",
            "unpack": False,
            "keep_git": True,
        },
    ),
    "EXPOSE 80 53/udp 8000-8010": ("Expose", {"ports": ("80", "53/udp", "8000-8010")}),
    "VOLUME /a /b": ("Volume", {"paths": ("/a", "/b")}),
    'VOLUME ["/a b"]': ("Volume", {"paths": ("/a b",)}),
    "USER me:us": ("User", {"user": "me:us"}),
    "WORKDIR /a b": ("Workdir", {"path": "/a b"}),
    "STOPSIGNAL SIGINT": ("StopSignal", {"signal": "SIGINT"}),
    "MAINTAINER some body": ("Maintainer", {"name": "some body"}),
    "ONBUILD RUN --network=host x": ("OnBuild", {"expression": "RUN --network=host x"}),
    "HEALTHCHECK none": (
        "Healthcheck",
        {
            "health": HealthCheck(
                test=("NONE",), interval=0.0, timeout=0.0, start_period=0.0, start_interval=0.0, retries=0
            )
        },
    ),
    "HEALTHCHECK CMD curl x": (
        "Healthcheck",
        {
            "health": HealthCheck(
                test=("CMD-SHELL", "curl x"), interval=0.0, timeout=0.0, start_period=0.0, start_interval=0.0, retries=0
            )
        },
    ),
    'HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=1.5h --start-interval=2s --retries=3 CMD ["c", "x"]': (
        "Healthcheck",
        {
            "health": HealthCheck(
                test=("CMD", "c", "x"),
                interval=90.0,
                timeout=0.5,
                start_period=5400.0,
                start_interval=2.0,
                retries=3,
            )
        },
    ),
    "HEALTHCHECK --interval=0 CMD x": (
        "Healthcheck",
        {
            "health": HealthCheck(
                test=("CMD-SHELL", "x"), interval=0.0, timeout=0.0, start_period=0.0, start_interval=0.0, retries=0
            )
        },
    ),
}
"""The kind of an instruction, and its fields that are not as usual."""

MOUNTS: dict[str, dict[str, Any]] = {
    "target=/x": {"target": "/x"},
    "type=bind,source=a,dst=/x,from=stage": {"target": "/x", "source": "a", "origin": "stage"},
    "type=bind,src=a,destination=/x,rw": {"target": "/x", "source": "a", "read_only": False},
    "type=bind,target=/x,ro=false": {"target": "/x", "read_only": False},
    "type=bind,target=/x,readonly": {"target": "/x", "read_only": True},
    "type=bind,target=/x,readwrite=1": {"target": "/x", "read_only": False},
    "type=bind,target=/x,rw=false": {"target": "/x", "read_only": True},
    "type=cache,id=c,target=/x,sharing=locked,mode=0700,uid=1,gid=2,from=y,source=z,ro": {
        "kind": "cache",
        "target": "/x",
        "source": "z",
        "origin": "y",
        "cache_id": "c",
        "read_only": True,
        "sharing": "locked",
        "mode": 448,
        "uid": 1,
        "gid": 2,
    },
    "type=cache,target=/x,sharing=private": {"kind": "cache", "target": "/x", "sharing": "private"},
    "TYPE=tmpfs,Target=/x,size=2m": {"kind": "tmpfs", "target": "/x", "size": 2097152},
    "type=tmpfs,target=/x,size=3gb": {"kind": "tmpfs", "target": "/x", "size": 3221225472},
    "type=tmpfs,target=/x,size=4k": {"kind": "tmpfs", "target": "/x", "size": 4096},
    "type=tmpfs,target=/x,size=5": {"kind": "tmpfs", "target": "/x", "size": 5},
    "type=tmpfs,target=/x,size=6b": {"kind": "tmpfs", "target": "/x", "size": 6},
    "type=secret": {"kind": "secret"},
    "type=secret,id=s,target=/x,required,mode=0400,uid=3,gid=4": {
        "kind": "secret",
        "target": "/x",
        "cache_id": "s",
        "required": True,
        "mode": 256,
        "uid": 3,
        "gid": 4,
    },
    "type=secret,id=s,env=TOKEN,required=false": {"kind": "secret", "cache_id": "s", "env": "TOKEN"},
    "type=secret,id=s,required=1": {"kind": "secret", "cache_id": "s", "required": True},
    "type=secret,id=s,required=0": {"kind": "secret", "cache_id": "s"},
    "type=ssh,id=k,target=/x,required=true,mode=0600,uid=5,gid=6": {
        "kind": "ssh",
        "target": "/x",
        "cache_id": "k",
        "required": True,
        "mode": 384,
        "uid": 5,
        "gid": 6,
    },
    '"type=bind","target=/a,b"': {"target": "/a,b"},
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_named_with_its_place_and_what_to_do(text: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_dockerfile(text)

    error = caught.value
    assert (error.problem, error.line, error.column, error.bare_hint) == FAULTS[text]
    assert str(error).startswith(f"Line {error.line}, column {error.column}: {error.problem}")
    assert error.details.splitlines()[0] == f"{error.line:>5} | {text.splitlines()[error.line - 1]}"
    assert error.details.splitlines()[1:] == ["      | " + " " * (error.column - 1) + "^"]


@pytest.mark.parametrize(
    ("text", "docker"),
    [
        ("FROM a\nRUN", "dockerfile parse error on line 2: RUN needs a command"),
        ("FROM a\nFORM b", "dockerfile parse error on line 2: unknown instruction: FORM (did you mean FROM?)"),
        ("FROM a\nENV A", "dockerfile parse error on line 2: ENV must have two arguments"),
    ],
)
def test_clients_of_docker_are_told_in_its_words(text: str, docker: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_dockerfile(text)
    assert caught.value.docker == docker


@pytest.mark.parametrize("line", MEANINGS)
def test_every_instruction_is_read_to_the_last_field(line: str) -> None:
    instruction = parse_instruction(read_source(line).instructions[0])

    kind, fields = MEANINGS[line]
    usual = {
        each.name: each.default for each in dataclasses.fields(instruction) if each.default is not dataclasses.MISSING
    }
    read = {each.name: getattr(instruction, each.name) for each in dataclasses.fields(instruction)}
    assert (type(instruction).__name__, read) == (kind, usual | fields | {"raw": instruction.raw} | _documents(read))
    assert instruction.raw.line == 1


def _documents(read: dict[str, Any]) -> dict[str, Any]:
    return {name: () for name in ("documents", "heredocs") if name in read}


@pytest.mark.parametrize("text", MOUNTS)
def test_every_field_of_a_mount_is_read(text: str) -> None:
    assert read_mount(RawInstruction("RUN", "", 1, 1, ""), text) == RunMount(**MOUNTS[text])


def test_what_comes_with_an_instruction_is_its_document() -> None:
    (copy,) = read_source("COPY <<one <<-'two' /x\n1\none\n\t$a\n\ttwo\n").instructions
    read = parse_instruction(copy)

    assert [(each.name, each.body(), each.expand) for each in copy.heredocs] == [
        ("one", "1\n", True),
        ("two", "$a\n", False),
    ]
    assert (read.sources, read.destination, read.documents) == ((), "/x", copy.heredocs)  # type: ignore[attr-defined]
    assert (copy.line, copy.end_line) == (1, 5)
