"""Pods of this computer in the window: one thing that is started, stopped and removed with all its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.containers import ContainerSpec, CreateContainer, State
from engine.types.pods import CreatePod

if TYPE_CHECKING:
    from tests.gui.conftest import Driver


def furnish(driver: Driver) -> None:
    image = next(each.tags[0] for each in driver.client.mirror.images.values() if each.tags)
    driver.ask(lambda engine: engine.pods.create(CreatePod(name="shop")))
    for name in ("shop-app", "shop-cache"):
        request = CreateContainer(spec=ContainerSpec(image=image, network="pod:shop"), name=name)
        driver.ask(lambda engine, request=request: engine.containers.create(request))
    driver.until(lambda: {"shop-app", "shop-cache"} <= driver.names())


def states(driver: Driver) -> set[State]:
    return {driver.container(name).state for name in ("shop-app", "shop-cache")}


def test_a_pod_is_started_stopped_and_removed_as_one_thing(driver: Driver) -> None:
    furnish(driver)
    driver.trigger("pod.start", "shop-app")
    driver.until(lambda: states(driver) == {State.RUNNING})
    driver.trigger("pod.stop", "shop-cache")
    driver.until(lambda: states(driver) == {State.EXITED})
    driver.trigger("pod.remove", "shop-app")
    driver.reject()
    assert {"shop-app", "shop-cache"} <= driver.names()
    driver.trigger("pod.remove", "shop-app")
    driver.accept()
    driver.until(lambda: not {"shop-app", "shop-cache"} & driver.names())
    driver.until(lambda: not driver.client.mirror.pods)


def test_what_is_in_no_pod_or_in_several_has_no_pod_to_act_on(driver: Driver) -> None:
    furnish(driver)
    loner = next(name for name in sorted(driver.names()) if not name.startswith("shop-"))
    for names in ((loner,), (loner, "shop-app")):
        chosen = [driver.container(name) for name in names]
        bound = driver.window.verbs.bind(driver.window, "pod.start", driver.window, lambda chosen=chosen: chosen)  # type: ignore[misc]
        assert not bound.isEnabled()
