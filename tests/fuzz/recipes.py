"""What people and projects write: Dockerfiles, compose files, command lines."""

from __future__ import annotations

import re

from engine.builder.language import globs, shell_patterns, words
from engine.builder.language.ignore import IgnoreRules, read_ignore_file
from engine.builder.language.parser import parse_dockerfile
from engine.builder.planning.lint import lint
from engine.builder.planning.plan import make_plan
from engine.cli.options import UsageError
from engine.cli.printed.templates import Template
from engine.compose.faults import ComposeError
from engine.compose.reading import loading
from engine.compose.text.variables import read_env_file
from engine.errors import WherryError
from engine.images.known.platforms import host_platform
from engine.projects.reading import reading_shown
from engine.recipe.crossing import spec_of
from engine.recipe.faults import Unreadable
from engine.recipe.line import read_line
from engine.recipe.words.here import Here
from tests.fuzz.inputs import Kind
from tests.fuzz.reader import Reader

# --- Dockerfiles ---

_DOCKERFILE = rb"""# syntax=docker/dockerfile:1
# escape=\
ARG BASE=alpine VERSION=3.20
FROM --platform=$BUILDPLATFORM ${BASE}:${VERSION%.*} AS build
ARG TARGETARCH
ENV PATH=/go/bin:$PATH A="b c" D='e f' G=\ h
LABEL one=1 "two three"="four ${A:-five} ${A:+six} ${A#b*} ${A//b/c}"
WORKDIR /src
COPY --chown=1:2 --chmod=755 --link ["a b", "*.go", "/src/"]
ADD --checksum=sha256:aa https://example.com/x.tar.gz /x/
RUN --mount=type=cache,target=/root/.cache,sharing=locked --network=none make \
    # a remark
    && echo done
RUN <<EOF cat > /x
line $A
EOF
COPY <<"ONE" <<-TWO /there/
first
ONE
	second
	TWO
FROM scratch AS end
COPY --from=build --exclude=*.md /src /
ONBUILD RUN ["echo", "hello"]
HEALTHCHECK --interval=5s --timeout=3s --retries=3 CMD curl -f http://localhost/ || exit 1
SHELL ["/bin/bash", "-c"]
EXPOSE 80 443/udp 8000-8010
VOLUME ["/data"]
USER 1000:1000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/bin/x"]
CMD exec x
"""
_VARIABLES = {"A": "b" * 40 + "c", "PATH": "/usr/bin", "EMPTY": ""}


def _dockerfile(data: bytes) -> None:
    dockerfile = parse_dockerfile(data.decode(errors="replace"))
    plan = make_plan(
        dockerfile, target="", build_args={"VERSION": "1"}, named_contexts={}, build_platform=host_platform(),
        target_platform=host_platform(),
    )  # fmt: skip
    lint(plan, {}, skip=())


def _expansion(data: bytes) -> None:
    words.expand(data.decode(errors="replace"), _VARIABLES)


def _pattern(data: bytes) -> None:
    text, _, path = data.decode(errors="replace").partition("\n")
    globs.Glob(text).covers(path or "src/main/java/com/example/Main.java")


def _shell_pattern(data: bytes) -> None:
    shell_patterns.ShellPattern.read(data.decode(errors="replace"))


def _ignore_file(data: bytes) -> None:
    IgnoreRules(read_ignore_file(data.decode(errors="replace"))).ignores("a/b/node_modules/c.js")


# --- compose files and command lines ---

_COMPOSE = b"""name: shop
x-base: &base {restart: always, environment: {A: "${A:-b}", C: "${C:?no c}"}}
services:
  web:
    <<: *base
    image: nginx:${TAG-1.27}
    build: {context: ., args: [A=1], target: x}
    ports: ["8080:80", "127.0.0.1:5000-5010:5000-5010/udp", {target: 90, published: "91"}]
    volumes: [data:/data:ro, ./here:/there, {type: tmpfs, target: /t, tmpfs: {size: 10m}}]
    depends_on: {db: {condition: service_healthy}}
    deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 50M}}}
    healthcheck: {test: ["CMD", "true"], interval: 1m30s, retries: 3}
    networks: {front: {aliases: [w], ipv4_address: 10.0.0.5}}
    command: sh -c "echo 'a b'"
    env_file: [{path: .env, required: false}]
    ulimits: {nofile: {soft: 10, hard: 20}}
    logging: {driver: json-file, options: {max-size: 10m}}
    extra_hosts: ["a:1.2.3.4"]
    secrets: [s]
  db: {image: postgres}
  job: {image: x, profiles: [x, y], extends: {service: db}}
volumes: {data: {driver: local}}
networks: {front: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}
secrets: {s: {environment: S}}
"""
_LINES = (
    b"docker run -d --rm -it --name web -p 127.0.0.1:8080-8081:80-81/tcp -v data:/data:ro,Z -e A='b c' -e D "
    b"--mount type=bind,src=/a,dst=/b,readonly --memory 512m --cpus=1.5 --restart on-failure:3 --ulimit nofile=10:20 "
    b"--health-cmd 'curl x' --label a=b --gpus all --network host nginx:1.27 sh -c 'echo hi'",
    b"FOO=bar sudo podman container create \\\n  --cap-add NET_ADMIN --device /dev/fuse:/dev/fuse:rwm \\\n"
    b"  --tmpfs /t:size=1m --add-host a:1.2.3.4 alpine",
    b'alias x=y; docker run "$IMAGE" $(pwd) ${A:-b} `id` < in > out 2>&1 && echo',
)
_HERE = Here("/work", "/home/ann", 1000, 1000, {"A": "b", "TAG": "x"}, lambda path: "A=1\nB\n# no\n=x\n" + path)


def _compose(data: bytes) -> None:
    def opened(path: str) -> str:
        return data.decode() if path == "/p/compose.yaml" else "A=1\nexport B='c $A'\n"

    request = loading.Request(
        files=("/p/compose.yaml",), directory="/p", environment={"A": "b", "C": "d"}, home="/home/ann"
    )
    reading_shown(loading.load(request, opened))


def _env_file(data: bytes) -> None:
    read_env_file(data.decode(errors="replace"), ".env", {"A": "b"})


def _run_line(data: bytes) -> None:
    spec_of(read_line(data.decode(errors="replace"), _HERE).recipe)


def _template(data: bytes) -> None:
    value = {"ID": "abc", "Names": ["a", "b"], "Labels": {"x": "y"}, "State": {"Running": True, "Pid": 5}}
    Template(data.decode(errors="replace")).render(value)


_INSTRUCTIONS = re.findall(r"^[A-Z]+ ", _DOCKERFILE.decode(), re.MULTILINE)
_SHELL = (
    "${A",
    "${A:-",
    "${A:+x}",
    "${A/",
    "${A//b/",
    "${A#",
    "${A%%*",
    "$$",
    "*",
    "?",
    "[a-",
    "[!",
    "\\",
    "<<EOF\n",
    "EOF\n",
)
_YAML = (
    "*base",
    "&x ",
    "<<: ",
    "!!python/object ",
    "!reset ",
    "- ",
    "? ",
    "|\n",
    ">-\n",
    "${A:?}",
    "${A:-${B",
    "services:\n",
    "  ",
)
_PATTERNS = ("*", "**", "**/", "a*", "[a-z]", "[^", "]", "\\", "/", "!", "?")

RECIPES: tuple[Reader, ...] = (
    Reader(
        "Dockerfiles",
        Kind((_DOCKERFILE,), (*_INSTRUCTIONS, *_SHELL, "--mount=type=bind", "ONBUILD ")),
        _dockerfile,
        share=4,
    ),
    Reader(
        "expansions",
        Kind((b"a${A:-b}c", b"${A/b*/c}${PATH}", b"'$A' \"$A\" \\$A"), _SHELL, 8192),
        _expansion,
        (words.WordError,),
        6,
    ),
    Reader(
        "path patterns",
        Kind((b"**/*.go\na/b/c.go", b"a/[a-z]?/\\*"), _PATTERNS, 4096),
        _pattern,
        (globs.PatternError,),
        6,
    ),
    Reader(
        "shell patterns", Kind((b"*.[ch]", b"a?b*c"), _PATTERNS, 8192), _shell_pattern, (shell_patterns.BadPattern,), 6
    ),
    Reader(
        "ignore files",
        Kind((b"# x\n*.md\n!README.md\n**/node_modules\n/a/b/\n",), _PATTERNS, 16384),
        _ignore_file,
        (WherryError, globs.PatternError),
        5,
    ),
    Reader(
        "compose files",
        Kind((_COMPOSE,), (*_YAML, *re.findall(r"\w+:", _COMPOSE.decode()))),
        _compose,
        (ComposeError, WherryError, UnicodeDecodeError),
        2,
    ),
    Reader(
        "files of variables",
        Kind((b"A=1\nexport B='c $A'\nC=\"d\\n${A:-e}\"\n# no\n",), _SHELL),
        _env_file,
        (ComposeError,),
        5,
    ),
    Reader(
        "run lines",
        Kind(_LINES, (*re.findall(r"--[\w-]+ ", b" ".join(_LINES).decode()), "--env-file x ", "-v ", "-p ")),
        _run_line,
        (Unreadable, WherryError),
        3,
    ),
    Reader(
        "output templates",
        Kind(
            (
                b"{{.ID}} {{json .Labels}} {{range .Names}}{{upper .}}{{else}}x{{end}}",
                b'{{if eq .ID "a"}}a{{end}}{{printf "%s" .ID}}',
            ),
            ("{{", "}}", ".ID", "|", "range ", "end", "index ", "len "),
            1024,
        ),
        _template,
        (UsageError,),
        5,
    ),
)
