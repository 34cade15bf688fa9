"""What a service becomes: where its secrets and configs lie."""

from __future__ import annotations

from engine.compose.planning.bodies import Others, create_body, written_files
from engine.compose.reading.loading import Project, Request, load

TEXT = """
services:
  vault:
    image: vault
    secrets: [key, word, {source: key, target: token}, {source: key, target: deep/er}, {source: word, target: other},
              {source: key, target: /etc/key}]
    configs: [page, {source: page, target: etc/page}, {source: rules, target: rules.yml}, rules]
secrets: {key: {file: /k}, word: {environment: WORD}}
configs: {page: {content: hello}, rules: {file: /r}}
"""


def loaded() -> Project:
    def opened(path: str) -> str:
        if path == "/p/compose.yaml":
            return TEXT
        raise FileNotFoundError(path)

    return load(Request(("/p/compose.yaml",), "/p", {"WORD": "open"}), opened)


def test_a_secret_of_another_name_lies_beside_the_others() -> None:
    project = loaded()
    body = create_body(project, "vault", 1, image_id="sha256:0", others=Others({}))
    mounted = {(each["Source"], each["Target"]) for each in body["HostConfig"]["Mounts"]}
    assert mounted == {
        ("/k", "/run/secrets/key"), ("/k", "/run/secrets/token"), ("/k", "/run/secrets/deep/er"), ("/k", "/etc/key"),
        ("/r", "/rules.yml"), ("/r", "/rules"),
    }  # fmt: skip
    written = {(each.target, each.text) for each in written_files(project, "vault", {"WORD": "open"})}
    assert written == {
        ("/run/secrets/word", "open"), ("/run/secrets/other", "open"), ("/page", "hello"), ("/etc/page", "hello"),
    }  # fmt: skip
