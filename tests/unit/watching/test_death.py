"""Ends in words; proof before blame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from engine.containers.end.death import Evidence, death_report
from engine.containers.end.exit_words import meaning_of, signal_of
from engine.types.containers import (
    NEXT_STEPS,
    Cause,
    Container,
    ContainerSpec,
    Exit,
    HealthResult,
    HealthStatus,
    Resources,
    RestartPolicy,
    State,
)
from engine.types.stats import Sample

START = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def _container(code: int = 1, *, spec: ContainerSpec | None = None, **ending: Any) -> Container:
    return Container(
        id="id", name="web", image_id="sha256:aaaaaaaaaaaaaaaa", image="web:1",
        spec=spec or ContainerSpec(image="web:1"),
        command_line=("/bin/web",), state=State.EXITED, created=START, started=START,
        exit=Exit(code=code, ended=START + timedelta(seconds=30), **ending),
    )  # fmt: skip


def test_a_kill_without_proof_is_not_called_out_of_memory() -> None:
    report = death_report(Evidence(_container(137, signal=9)))
    assert report.oom_proof == ""
    assert "somebody or something else" in report.meaning
    assert "raise-memory" not in report.next_steps


def test_proof_is_what_the_kernel_counted() -> None:
    sample = Sample(container_id="id", time_ns=0, oom_kills=2, memory_limit=64 << 20, memory_peak=64 << 20)
    report = death_report(Evidence(_container(137, signal=9), last_sample=sample, memory_curve=[(-1.0, 60 << 20)]))
    assert "2 times" in report.oom_proof
    assert "64.0 MiB" in report.oom_proof
    assert report.summary == "“web” ran out of memory and was killed."
    assert report.next_steps[0] == "raise-memory"
    assert report.memory_curve == ((-1.0, 60 << 20),)


def test_a_stop_on_request_is_no_accident() -> None:
    assert "on request" in death_report(Evidence(_container(143, requested=True))).summary


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("bind: Address already in use", "change-port"),
        ("write: No space left on device", "free-space"),
        ("open /data: Permission denied", "check-mounts"),
    ],
)
def test_what_it_said_points_the_way(line: str, step: str) -> None:
    report = death_report(Evidence(_container(), stderr_tail=[line]))
    assert step in report.next_steps
    assert {"open-shell", "restart"} <= set(report.next_steps) <= set(NEXT_STEPS)


def test_colours_and_overdrawn_lines_are_cleaned() -> None:
    assert death_report(Evidence(_container(), stderr_tail=["\x1b[31mred\x1b[0m", "10%\r90%\r"])).stderr_tail == (
        "red", "90%",
    )  # fmt: skip


def test_what_changed_since_it_ran_well() -> None:
    old = ContainerSpec(image="web:1", env={"A": "1", "API_TOKEN": "old"}, resources=Resources(memory=1))
    new = ContainerSpec(image="web:1", env={"B": "2", "API_TOKEN": "new"}, resources=Resources(memory=2))
    good = msgspec.structs.replace(_container(0, spec=old), image_id="sha256:bbbbbbbbbbbbbbbb")
    told = death_report(Evidence(_container(spec=new), last_good=good)).changes_since_good_run
    assert told == (
        "The image: bbbbbbbbbbbb is now aaaaaaaaaaaa",
        "environment: A was taken away",
        "environment: API_TOKEN was changed",
        "environment: B was added (2)",
        "resources.memory: 1 is now 2",
    )


def test_a_start_that_failed_says_why() -> None:
    report = death_report(Evidence(_container(127, error="The command “x” is not in the image")))
    assert "could not start" in report.summary
    assert report.next_steps[0] == "fix-command"


@pytest.mark.parametrize(("code", "signal", "number"), [(0, 0, 0), (137, 0, 9), (1, 15, 15), (128, 0, 0), (255, 0, 0)])
def test_signals_behind_codes(code: int, signal: int, number: int) -> None:
    assert signal_of(code, signal) == number


@pytest.mark.parametrize("code", [*range(256)])
def test_every_code_has_words(code: int) -> None:
    assert meaning_of(code).endswith((".", ":", ")."))


def test_who_outstays_the_grace_time_learns_why() -> None:
    report = death_report(Evidence(_container(137, signal=9, requested=True, cause=Cause.STOPPED)))
    assert report.summary == "“web” did not end when it was asked to, and was killed."
    assert "10 seconds after SIGTERM" in report.meaning
    assert "init" in report.meaning
    with_init = _container(
        137, signal=9, requested=True, cause=Cause.STOPPED, spec=ContainerSpec(image="web:1", init=True)
    )
    assert "init" not in death_report(Evidence(with_init)).meaning


def test_a_kill_on_request_is_told_from_a_stop() -> None:
    report = death_report(Evidence(_container(137, signal=9, requested=True, cause=Cause.KILLED)))
    assert report.summary == "“web” was killed on request (code 137)."


@pytest.mark.parametrize("cause", [Cause.LOST, Cause.REBOOT])
def test_what_was_cut_off_did_start(cause: Cause) -> None:
    report = death_report(Evidence(_container(137, signal=9, error="The machine was restarted.", cause=cause)))
    assert report.summary == "“web” was cut off. The machine was restarted."
    assert "never ran" not in report.meaning


def test_a_shell_that_misses_a_command_is_no_missing_command() -> None:
    report = death_report(Evidence(_container(127)))
    assert "reported that a command was not found" in report.meaning
    assert "fix-command" not in report.next_steps


def test_the_reason_comes_first_and_the_advice_after_it() -> None:
    report = death_report(Evidence(_container(127, error="The command is missing. Check its path. And PATH.")))
    assert report.summary == "“web” could not start. The command is missing."
    assert report.meaning == "Check its path. And PATH."


def test_a_policy_that_allows_no_more_says_so() -> None:
    spec = ContainerSpec(image="web:1", restart=RestartPolicy(name="on-failure", maximum_retries=2))
    tired = msgspec.structs.replace(_container(3, spec=spec), restart_count=2)
    assert death_report(Evidence(tired)).meaning.endswith(
        "started anew 2 times, and its restart policy allows no more."
    )


def test_an_end_before_the_clock_knows_of_the_start() -> None:
    ended = msgspec.structs.replace(_container(1), started=START + timedelta(seconds=30, milliseconds=4))
    assert death_report(Evidence(ended)).summary == "“web” failed with code 1 right after its start."


def test_a_failed_health_check_is_shown() -> None:
    result = HealthResult(started=START, ended=START, exit_code=1, output="no answer")
    sick = msgspec.structs.replace(_container(1), health=HealthStatus(log=(result,)))
    report = death_report(Evidence(sick))
    assert report.health_output == "no answer"
    assert "show-health" in report.next_steps


# --- the story, in each of its turns ---

PAUSED_SPEC = ContainerSpec(image="web:1", stop_signal="SIGINT", stop_timeout=2.5)


@pytest.mark.parametrize(
    ("code", "ending", "summary", "meaning"),
    [
        (0, {}, "finished its work after 30 seconds.", meaning_of(0)),
        (3, {}, "failed with code 3 after 30 seconds.", meaning_of(3)),
        (139, {}, "was ended by SIGSEGV after 30 seconds.", meaning_of(139)),
        (1, {"signal": 15}, "was ended by SIGTERM after 30 seconds.", meaning_of(1, 15)),
        (
            137,
            {},
            "was ended by SIGKILL after 30 seconds.",
            f"{meaning_of(137)} The kernel counted no out-of-memory kill here, so somebody or something else sent it.",
        ),
        (137, {"requested": True, "cause": Cause.KILLED}, "was killed on request (code 137).", meaning_of(137)),
        (143, {"requested": True}, "was stopped on request (code 143).", meaning_of(143)),
        (
            0,
            {"requested": True, "cause": Cause.STOPPED},
            "was stopped on request (code 0).",
            "It ended in its own way when it was asked to, and reports success.",
        ),
        (
            126,
            {},
            "failed with code 126 after 30 seconds.",
            "The program ran, and then reported that something it wanted to start could not be executed, as shells do "
            "with this code. What it printed last says what.",
        ),
        (
            127,
            {},
            "failed with code 127 after 30 seconds.",
            "The program ran, and then reported that a command was not found, as shells do with this code. What it "
            "printed last says which; it may be missing in the image, or in PATH.",
        ),
        (126, {"error": "No"}, "could not start. No", meaning_of(126)),
        (127, {"error": "No"}, "could not start. No", meaning_of(127)),
        (1, {"error": "No. Do that. And this."}, "could not start. No.", "Do that. And this."),
        (9, {"error": "No"}, "could not start. No", meaning_of(125)),
        (
            137,
            {"error": "Gone.", "cause": Cause.LOST, "oom_killed": True},
            "was cut off. Gone.",
            "Without it nobody could read what the program writes or see it end, so it could not go on. Nothing says "
            "that the program itself failed.",
        ),
        (
            255,
            {"error": "Restarted.", "cause": Cause.REBOOT},
            "was cut off. Restarted.",
            "Nothing says that the program itself failed. How it ended is not known.",
        ),
        (
            137,
            {"oom_killed": True},
            "ran out of memory and was killed.",
            f"{meaning_of(137)} The kernel did it because the container's memory limit was reached.",
        ),
    ],
)
def test_each_end_has_its_story(code: int, ending: dict[str, Any], summary: str, meaning: str) -> None:
    report = death_report(Evidence(_container(code, **ending)))
    assert report.summary == f"“web” {summary}"
    assert report.meaning == meaning
    assert (report.container_id, report.exit.code, report.restarts) == ("id", code, 0)


def test_who_outstays_its_own_grace_is_told_of_its_own_signal() -> None:
    told = death_report(Evidence(_container(137, requested=True, cause=Cause.STOPPED, spec=PAUSED_SPEC))).meaning
    assert told == (
        "It had not ended 2.5 seconds after SIGINT, so it had no chance to clean up (SIGKILL). The first process of a "
        "container ignores every signal it has no handler for. Let the program handle SIGINT, start it with “exec” "
        "where a shell script starts it, or run the container with an init."
    )
    with_init = msgspec.structs.replace(PAUSED_SPEC, init=True)
    told = death_report(Evidence(_container(137, requested=True, cause=Cause.STOPPED, spec=with_init))).meaning
    assert told == (
        "It had not ended 2.5 seconds after SIGINT, so it had no chance to clean up (SIGKILL). Give it more time to "
        "end, or another signal if it waits for one."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-2, ""),
        (-1, ""),
        (-0.5, " right after its start"),
        (0.004, " right after its start"),
        (0.005, " after 5 ms"),
        (1.9994, " after 1999 ms"),
        (2, " after 2 seconds"),
        (119.4, " after 119 seconds"),
        (120, " after 2 minutes"),
        (7199, " after 120 minutes"),
        (7200, " after 2 hours"),
        (90_000, " after 25 hours"),
    ],
)
def test_how_long_it_ran_is_told_as_people_say_it(seconds: float, words: str) -> None:
    ended = msgspec.structs.replace(_container(1), started=START + timedelta(seconds=30 - seconds))
    assert death_report(Evidence(ended)).summary == f"“web” failed with code 1{words}."
    never = msgspec.structs.replace(_container(1), started=None)
    assert death_report(Evidence(never)).summary == "“web” failed with code 1."


@pytest.mark.parametrize(
    ("state", "most", "tries", "words"),
    [
        (State.EXITED, 2, 2, " It was started anew 2 times, and its restart policy allows no more."),
        (State.EXITED, 1, 1, " It was started anew 1 time, and its restart policy allows no more."),
        (State.EXITED, 2, 3, " It was started anew 3 times, and its restart policy allows no more."),
        (State.EXITED, 3, 2, ""),
        (State.EXITED, 0, 2, ""),
        (State.RESTARTING, 2, 2, ""),
    ],
)
def test_a_policy_gives_up_only_where_it_does(state: State, most: int, tries: int, words: str) -> None:
    spec = ContainerSpec(image="web:1", restart=RestartPolicy(name="on-failure", maximum_retries=most))
    tired = msgspec.structs.replace(_container(3, spec=spec), restart_count=tries, state=state)
    report = death_report(Evidence(tired))
    assert report.meaning == meaning_of(3) + words
    assert report.restarts == tries


def _sample(**fields: int) -> Sample:
    return Sample(container_id="id", time_ns=0, **fields)


@pytest.mark.parametrize(
    ("sample", "curve", "limit", "proof"),
    [
        (None, [], 0, "at least once in this run."),
        (_sample(oom_kills=1), [], 0, "1 time in this run."),
        (_sample(oom_kills=3, memory_limit=2048), [], 0, "3 times in this run. The limit was 2.0 KiB."),
        (None, [], 1 << 30, "at least once in this run. The limit was 1.0 GiB."),
        (_sample(oom_kills=0), [], 1 << 30, "at least once in this run. The limit was 1.0 GiB."),
        (
            _sample(oom_kills=1, memory_limit=1000, memory_peak=970),
            [(-2.0, 5), (-1.0, 3)],
            7,
            "1 time in this run. The limit was 1000 B. The highest use seen was 970 B.",
        ),
        (
            _sample(oom_kills=1, memory_limit=1000, memory_peak=5),
            [(-2.0, 969), (-1.0, 3)],
            0,
            "1 time in this run. The limit was 1000 B. The highest use seen was 969 B. It must have grown in one jump "
            "between two looks.",
        ),
        (_sample(oom_kills=1, memory_peak=5), [], 0, "1 time in this run. The highest use seen was 5 B."),
    ],
)
def test_the_kernels_count_is_the_proof(
    sample: Sample | None, curve: list[tuple[float, int]], limit: int, proof: str
) -> None:
    spec = ContainerSpec(image="web:1", resources=Resources(memory=limit))
    killed = _container(137, spec=spec, oom_killed=sample is None or not sample.oom_kills)
    report = death_report(Evidence(killed, last_sample=sample, memory_curve=curve))
    begins = "The kernel killed processes in this container for want of memory, "
    assert report.oom_proof == begins + proof
    assert report.memory_limit == ((sample.memory_limit if sample else 0) or limit)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (99.94 * 1024, "99.9 KiB"), (100 * 1024, "100 KiB"),
        (1023 * 1024, "1023 KiB"), (1 << 20, "1.0 MiB"), (5 << 30, "5.0 GiB"), (3 << 40, "3.0 TiB"),
    ],
)  # fmt: skip
def test_sizes_are_told_as_people_say_them(size: float, words: str) -> None:
    told = death_report(Evidence(_container(137, oom_killed=True), memory_curve=[(-1.0, int(size))])).oom_proof
    assert told.endswith(f" The highest use seen was {words}.")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;link\x1b\\text", "text"),
        ("a\rb\rc\r\r", "c"),
        ("plain", "plain"),
    ],
)
def test_its_last_words_are_as_they_would_stand_on_paper(written: str, shown: str) -> None:
    assert death_report(Evidence(_container(), stderr_tail=[written])).stderr_tail == (shown,)


@pytest.mark.parametrize(
    ("code", "ending", "said", "steps"),
    [
        (0, {}, [], ["open-shell", "restart"]),
        (1, {}, ["x"], ["show-log", "open-shell", "restart"]),
        (137, {"oom_killed": True}, [], ["raise-memory", "open-shell", "restart"]),
        (126, {"error": "x"}, [], ["fix-command", "open-shell", "restart"]),
        (127, {"error": "x"}, [], ["fix-command", "open-shell", "restart"]),
        (125, {"error": "x"}, [], ["open-shell", "restart"]),
        (126, {}, [], ["open-shell", "restart"]),
        (125, {"error": "Port is already allocated"}, [], ["change-port", "open-shell", "restart"]),
        (1, {}, ["Operation not permitted"], ["check-mounts", "show-log", "open-shell", "restart"]),
        (1, {}, ["No space", "left on device"], ["free-space", "show-log", "open-shell", "restart"]),
        (137, {"cause": Cause.STOPPED}, [], ["edit", "open-shell", "restart"]),
    ],
)
def test_what_can_be_done_next(code: int, ending: dict[str, Any], said: list[str], steps: list[str]) -> None:
    assert list(death_report(Evidence(_container(code, **ending), stderr_tail=said)).next_steps) == steps


def test_what_is_different_since_it_ran_well_can_be_edited() -> None:
    good = _container(0)
    assert death_report(Evidence(good, last_good=good)).next_steps == ("open-shell", "restart")
    other = _container(0, spec=ContainerSpec(image="web:1", tty=True))
    report = death_report(Evidence(other, last_good=good))
    assert report.next_steps == ("edit", "open-shell", "restart")
    assert report.changes_since_good_run == ("tty: False is now True",)
    noted = death_report(Evidence(good, last_good=good, exec_notes=["somebody typed"]))
    assert noted.changes_since_good_run == ("somebody typed",)
    assert death_report(Evidence(good, exec_notes=["x"])).changes_since_good_run == ("x",)
    assert death_report(Evidence(good, exec_notes=["x"])).next_steps == ("open-shell", "restart")


def test_changes_are_shown_as_a_person_reads_them() -> None:
    old = ContainerSpec(
        image="web:1", env={"A": "1", "KEEP": "same", "PASSWORD": "x"}, workdir=None, hostname="a" * 80,
        command=("x",), stop_timeout=None,
    )  # fmt: skip
    new = ContainerSpec(
        image="web:1", env={"A": "", "KEEP": "same", "My_Credential": "y"}, workdir="/w", hostname="b" * 81,
        command=(), user="", restart=RestartPolicy(name="always", maximum_retries=2), stop_timeout=3.0,
    )  # fmt: skip
    told = death_report(Evidence(_container(spec=new), last_good=_container(spec=old))).changes_since_good_run
    assert told == (
        'command: ["x"] is now nothing',
        "environment: A was 1, is nothing",
        "environment: My_Credential was added",
        "environment: PASSWORD was taken away",
        "workdir: as the image says is now /w",
        "user: as the image says is now nothing",
        f"hostname: {'a' * 80} is now {'b' * 79}…",
        "restart.name: no is now always",
        "restart.maximum_retries: 0 is now 2",
        "stop_timeout: as the image says is now 3.0",
    )


def test_what_goes_on_beside_it_is_passed_on() -> None:
    report = death_report(Evidence(_container(), next_restart_seconds=1.5, memory_curve=[(-1.0, 2)]))
    assert (report.next_restart_seconds, report.memory_curve, report.health_output) == (1.5, ((-1.0, 2),), "")
    results = tuple(
        HealthResult(started=START, ended=START, exit_code=code, output=output)
        for code, output in ((1, "first"), (0, "fine"))
    )
    well = msgspec.structs.replace(_container(1), health=HealthStatus(log=results))
    told = death_report(Evidence(well))
    assert (told.health_output, "show-health" in told.next_steps) == ("fine", False)
    living = msgspec.structs.replace(_container(1), exit=None)
    with pytest.raises(ValueError, match="no death report"):
        death_report(Evidence(living))
