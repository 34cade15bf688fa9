"""The subset of Go's templates: what it prints, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cli.options import UsageError
from engine.cli.printed.templates import Template

DATA: dict[str, Any] = {
    "ID": "abc",
    "Name": "/web",
    "State": {"Running": True, "ExitCode": 0, "Health": None},
    "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "443/tcp": None},
    "Mounts": [{"Type": "bind", "Source": "/a"}, {"Type": "volume", "Source": "v"}],
    "Labels": {"b": "2", "a": "1"},
    "Label": lambda name: {"a": "1"}.get(name, ""),
    "Size": 3.0,
}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain", "plain"),
        ("{{.ID}}", "abc"),
        ("{{ .State.Running }}", "true"),
        ("{{.State.ExitCode}}", "0"),
        ("{{.State.Nosuch}}", "<no value>"),
        ("{{if .State.Health}}x{{else}}none{{end}}", "none"),
        ("{{range .Mounts}}{{.Nosuch}}{{end}}", "<no value><no value>"),
        ("{{.State}}", "map[ExitCode:0 Health:<no value> Running:true]"),
        ("{{.Labels}}", "map[a:1 b:2]"),
        ("{{json .Labels}}", '{"b":"2","a":"1"}'),
        ("{{json .State.Health}}", "null"),
        ("{{.Size}}", "3"),
        ('{{.Label "a"}}', "1"),
        ("{{range .Mounts}}{{.Type}};{{end}}", "bind;volume;"),
        ("{{range.Mounts}}{{.Type}}{{end}}", "bindvolume"),
        ("{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{end}}", "0=/a 1=v "),
        ("{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}", "a1b2"),
        ("{{range .State.Nosuch}}x{{else}}none{{end}}", "none"),
        ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
        ("{{if .State.Health}}h{{else if .State.Running}}up{{else}}down{{end}}", "up"),
        ('{{if eq .ID "abc"}}same{{end}}', "same"),
        ('{{if and .State.Running (ne .ID "x")}}both{{end}}', "both"),
        ("{{with .State}}{{.ExitCode}}{{end}}", "0"),
        ("{{with .State.Health}}x{{else}}no health{{end}}", "no health"),
        ('{{(index (index .Ports "80/tcp") 0).HostPort}}', "8080"),
        ('{{index .Labels "a"}}', "1"),
        ("{{.Name | upper}}", "/WEB"),
        ('{{join (split "a,b" ",") "-"}}', "a-b"),
        ("{{len .Mounts}}", "2"),
        ('{{printf "%s has %d %q" .ID 5 "x"}}', 'abc has 5 "x"'),
        ('{{printf "%-5s|" .ID}}', "abc  |"),
        ('{{printf "%s %d" .ID}}', "abc %!d(MISSING)"),
        ('{{printf "a	b"}}', "a	b"),
        ("{{- .ID -}}  tail", "abctail"),
        ("{{/* nothing */}}{{.ID}}", "abc"),
        ("{{$x := .ID}}{{$x}}{{$.Size}}", "abc3"),
        ('{{println "a" 1}}', "a 1\n"),
        ("{{slice .ID 1}}", "bc"),
        ('{{"literal"}}{{`raw`}}{{42}}', "literalraw42"),
        ("{{not .State.Running}}", "false"),
        ("{{.}}", None),
    ],
)
def test_what_it_prints(text: str, printed: str | None) -> None:
    result = Template(text).render(DATA)
    assert result == printed if printed is not None else result.startswith("map[")


@pytest.mark.parametrize(
    "text",
    [
        "{{", "{{}}", "{{.ID", "{{end}}", "{{if .ID}}x", "{{else}}", "{{nosuch .ID}}", "{{$x}}", "{{.ID.Deeper}}",
        "{{range .Mounts}}", "{{index .Mounts 9}}", "{{.ID 5}}", "{{!}}", "{{if .ID}}{{else end}}{{end}}", "{{|}}",
        '{{join 5 ","}}', "{{.Nosuch}}", "{{range .Mounts}}{{$.Nosuch}}{{end}}", "{{if .Nosuch}}x{{end}}",
        '{{print "\\a"}}',
    ],
)  # fmt: skip
def test_what_it_refuses(text: str) -> None:
    with pytest.raises(UsageError):
        Template(text).render(DATA)


def test_nothing_of_python_is_reachable() -> None:
    for text in ("{{.ID.__class__}}", "{{.__class__}}", "{{.Label.__globals__}}"):
        try:
            assert Template(text).render(DATA) == "<no value>"
        except UsageError:
            continue
