"""What the files alone do not show: taken ports, missing paths, secrets without a value or open to all."""

from __future__ import annotations

import pickle
from pathlib import Path

from engine.compose.reading.loading import Project, Request, load
from engine.projects.advice import advise
from engine.types.networks import HostPort

TEXT = """\
services:
  web:
    image: x
    ports:
      - "8080:80"
      - "127.0.0.1:53:53/udp"
      - "9000:9000"
    volumes:
      - ./nowhere:/n
      - {type: bind, source: ./neither, target: /m, bind: {create_host_path: false}}
    secrets: [open, gone, unset]
  other:
    image: x
    ports: ["9000:1"]
secrets:
  open: {file: ./open}
  gone: {file: ./gone}
  unset: {environment: NO_SUCH}
"""


def loaded(folder: Path) -> Project:
    (folder / "open").write_text("secret")
    (folder / "open").chmod(0o644)
    (folder / "compose.yaml").write_text(TEXT)
    request = Request((str(folder / "compose.yaml"),), str(folder), name="p")
    return load(request, lambda path: Path(path).read_text())


def test_each_is_told_at_its_line(tmp_path: Path) -> None:
    listening = [
        HostPort(port=8080, protocol="tcp", address="0.0.0.0", process="nginx"),
        HostPort(port=53, protocol="udp", address="127.0.0.53", process="resolver"),  # another address
        HostPort(port=9000, protocol="tcp", address="0.0.0.0", container_id="mine"),  # its own
    ]
    found = {
        (each.mark.line if each.mark else 0, each.message) for each in advise(loaded(tmp_path), listening, {"mine"})
    }
    assert found == {
        (5, "port 8080 is taken by nginx"),
        (9, f"{tmp_path}/nowhere does not exist: it will be made, as an empty directory"),
        (10, f"{tmp_path}/neither does not exist: the service cannot start"),
        (14, "port 9000 is published by web already"),
        (16, f"{tmp_path}/open can be read by everybody on this machine"),
        (17, f"{tmp_path}/gone: no such file or directory"),
        (18, "the variable NO_SUCH is not set"),
    }


def test_a_project_that_was_read_in_another_process_is_whole(tmp_path: Path) -> None:
    project = loaded(tmp_path)
    again = pickle.loads(pickle.dumps(project))
    assert (again.name, again.model, again.variables) == (project.name, project.model, project.variables)
    assert {each.message for each in advise(again, [], ())} == {each.message for each in advise(project, [], ())}


def test_a_variable_that_is_not_set_is_told_where_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text('services:\n  a:\n    image: "x:${TAGS}${TAG}"\n')
    request = Request((str(tmp_path / "compose.yaml"),), str(tmp_path), {"TAGS": ""}, name="p")
    problem = load(request, lambda path: Path(path).read_text()).warnings[0]
    assert problem.mark is not None
    assert (problem.mark.line, problem.mark.column) == (3, 22)
