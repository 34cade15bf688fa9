"""Files that somebody wrote to do harm, or that a program wrote too long: refused in a sentence, and soon."""

from __future__ import annotations

import pytest

from engine.compose.faults import ComposeError
from engine.compose.reading.loading import Request, load
from engine.compose.text import document
from engine.projects import beside
from engine.projects.reading import read_project, reading_shown
from engine.types.projects import ReadProject

SERVICES = "services: {a: {image: x}}\n"
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]\n" for each in range(1, 10)
)
MERGES = "x-0: &m0 {a: 1}\n" + "".join(
    f"x-{each}: &m{each} {{<<: [{', '.join([f'*m{each - 1}'] * 9)}]}}\n" for each in range(1, 12)
)
TEN_MEGABYTES = "services:\n" + "".join(
    f"  s{each}:\n    image: busybox:{each}\n    environment:\n      A: one\n      B: two\n    ports: ['{each}:80']\n"
    for each in range(1, 120_000)
)


def refused(files: dict[str, str]) -> str:
    def opened(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    with pytest.raises(ComposeError) as caught:
        load(Request(("/p/compose.yaml",), "/p", name="p"), opened)
    return str(caught.value)


@pytest.mark.parametrize("text", [ALIASES + SERVICES, MERGES + SERVICES], ids=["aliases", "merges"])
def test_nine_lines_that_stand_for_a_billion_values_are_refused(text: str) -> None:
    assert "the aliases here stand for more than 200000 values" in refused({"/p/compose.yaml": text})


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "\n".join(" " * at + "a:" for at in range(2000))])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    assert "nest" in refused({"/p/compose.yaml": text})


@pytest.mark.bulk
def test_ten_megabytes_of_services_are_refused_by_their_number_and_of_comments_read() -> None:
    assert len(TEN_MEGABYTES) > 10_000_000
    assert refused({"/p/compose.yaml": TEN_MEGABYTES}) == "/p/compose.yaml has more than 200000 values"
    assert document.read("#" * (10 << 20) + f"\n{SERVICES}", "f")[0].value == {"services": {"a": {"image": "x"}}}
    assert "more than 16 is not read" in refused({"/p/compose.yaml": "#" * (17 << 20)})


def test_files_that_include_or_extend_each_other_are_refused() -> None:
    told = refused(
        {"/p/compose.yaml": "include: [other.yaml]\n", "/p/other.yaml": f"include: [compose.yaml]\n{SERVICES}"}
    )
    assert told.startswith("include cycle detected")
    assert refused({"/p/compose.yaml": f"include: [compose.yaml]\n{SERVICES}"}).startswith("include cycle detected")
    one = "services: {a: {extends: {file: other.yaml, service: b}}}\n"
    other = "services: {b: {extends: {file: compose.yaml, service: a}}}\n"
    told = refused({"/p/compose.yaml": one, "/p/other.yaml": other})
    assert "Circular reference" in told
    chain = {f"/p/{at}.yaml": f"include: [{at + 1}.yaml]\n{SERVICES}" for at in range(300)}
    assert "more than 200 files" in refused({"/p/compose.yaml": "include: [0.yaml]\n", **chain})


@pytest.mark.bulk
def test_a_chain_of_thousands_of_dependencies_is_put_in_order_and_its_circle_found() -> None:
    services = {f"s{at}": f"{{image: x, depends_on: [s{at + 1}]}}" for at in range(3000)}

    def text(last: str) -> str:
        return "services:\n" + "".join(f"  {name}: {made}\n" for name, made in (services | {"s3000": last}).items())

    source = ReadProject(files=("/p/compose.yaml",), texts={"/p/compose.yaml": text("{image: x}")})
    order = reading_shown(read_project(source)[0]).services
    assert (len(order), order[0], order[-1]) == (3001, "s3000", "s0")
    told = refused({"/p/compose.yaml": text("{image: x, depends_on: [s7]}")})
    assert told.startswith("dependency cycle detected: s7 -> s8")
    assert told.endswith("s3000 -> s7")


def test_a_chain_of_services_that_extend_one_another_has_a_bound() -> None:
    chain = "".join(f"  s{at}: {{extends: s{at + 1}}}\n" for at in range(2000))
    told = refused({"/p/compose.yaml": f"services:\n{chain}  s2000: {{image: x}}\n"})
    assert "more than 100 services extend one another" in told


async def test_a_long_file_that_a_short_one_includes_is_read_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    in_process = beside._in_process

    async def told(source: ReadProject, *, shown: bool) -> object:
        asked.append(shown)
        return await in_process(source, shown=shown)

    monkeypatch.setattr(beside, "_in_process", told)
    long = SERVICES + "".join(f"# {at} ................................................\n" for at in range(6000))
    texts = {"/p/compose.yaml": "include: [long.yaml]\n", "/p/long.yaml": long}
    source = ReadProject(files=("/p/compose.yaml",), texts=texts)
    assert (await beside.reading(source)).services == ("a",)
    assert (await beside.read(source))[0].services.keys() == {"a"}
    assert asked == [True, False]
