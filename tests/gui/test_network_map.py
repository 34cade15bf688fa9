"""The picture of the networks: what hangs where, what flows, what is chosen; and why one does not reach another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from engine.types.data import now
from engine.types.networks import NameQuestion, Network, NetworkMember
from engine.types.stats import Rates, Sample
from gui.dialogs.network_why import NetworkWhyDialog
from gui.pages.network_map.flows import Flows
from gui.pages.network_names import NameLog
from gui.pages.networks import NetworksPage
from gui.presentation.units import bytes_text
from gui.widgets.labels import ElidedLabel
from tests.fakes.crowd import crowd
from tests.fakes.world import populate

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.pages.network_map.view import NetworkMapView
    from tests.fakes.engine import FakeEngine
    from tests.fakes.store import Store
    from tests.gui.conftest import Driver


_NOW = now()


def furnish(store: Store) -> None:
    populate(store)
    crowd(store)


@pytest.fixture
def crowded(make_driver: Callable[..., Driver]) -> Driver:
    return make_driver(furnish)


def open_map(driver: Driver) -> NetworkMapView:
    driver.window.navigate("networks", "", "map")
    page = driver.window.page("networks")
    assert isinstance(page, NetworksPage)
    driver.until(lambda: page.map.picture.attachments)
    return page.map


def node_of(view: NetworkMapView, driver: Driver, container: str, network: str) -> str:
    known = next(n for n in driver.client.mirror.networks.values() if n.name == network)
    return f"{known.id}/{driver.container(container).id}"


def test_every_container_hangs_on_its_networks_and_once_at_home(crowded: Driver) -> None:
    view = open_map(crowded)
    lanes = {lane.title: lane for lane in view.picture.lanes}
    assert {"shop", "billing", "Default network", "This computer"} <= lanes.keys()
    assert lanes["mail_internal"].badge == "no way out"
    metrics = [node for lane in view.picture.lanes for node in lane.nodes if node.title == "shop-metrics-1"]
    assert len(metrics) == 6
    assert [node.is_echo for node in metrics].count(False) == 1
    published = {node.detail: node.title for node in lanes["This computer"].nodes}
    assert published["billing-web-1"] == "8101"


def test_choosing_a_wire_shows_its_figures_and_whom_it_reaches(crowded: Driver) -> None:
    view = open_map(crowded)
    chosen = node_of(view, crowded, "shop-metrics-1", "billing")
    view.map.choose(chosen)
    assert view.panel.isVisible()
    words = "\n".join(each.text() for each in view.panel.findChildren(QLabel))
    assert "billing-api-1" in words
    assert "warehouse-api-1" not in words
    lit = view.picture.around(chosen)
    assert lit is not None
    assert node_of(view, crowded, "billing-api-1", "billing") in lit
    assert node_of(view, crowded, "warehouse-api-1", "warehouse") not in lit
    QTest.keyClick(view.map, Qt.Key.Key_Escape)
    assert not view.panel.isVisible()


def test_a_wire_shows_how_much_went_to_and_came_from_whom(crowded: Driver) -> None:
    view = open_map(crowded)

    def shown() -> list[str]:
        return [each.text for each in view.panel.peers.findChildren(ElidedLabel) if not each.isHidden()]

    view.map.choose(node_of(view, crowded, "billing-api-1", "billing"))
    crowded.until(view.panel.peers.isVisible)
    assert any(each.startswith("billing-") for each in shown())
    assert f"↓ {bytes_text(1_204_993)} ↑ {bytes_text(48_210)}" in shown()
    assert "api.example.org" in shown()  # the world, by the wire where it is at home
    view.map.choose(node_of(view, crowded, "shop-metrics-1", "billing"))
    assert "api.example.org" not in shown()


def test_the_map_is_walked_by_keys_and_opens_a_container(crowded: Driver) -> None:
    view = open_map(crowded)
    view.map.setFocus()
    seen = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(view.map, key)
        seen.append(view.map.current())
    assert len(set(seen)) == 4
    items = view.map.accessible_items()
    assert [item.chosen for item in items].count(True) == 1
    assert len(items) == len(view.picture.attachments)
    view.map.choose(node_of(view, crowded, "billing-api-1", "billing"))
    QTest.keyClick(view.map, Qt.Key.Key_Return)
    crowded.until(lambda: crowded.window.page("containers").isVisible())


def test_what_is_removed_leaves_the_map_and_is_no_longer_chosen(crowded: Driver) -> None:
    view = open_map(crowded)
    view.map.choose(node_of(view, crowded, "billing-api-1", "billing"))
    billing = next(n for n in crowded.client.mirror.networks.values() if n.name == "billing")
    gone = crowded.container("billing-api-1").id

    async def leave(engine: object) -> None:
        await engine.networks.disconnect(billing.id, gone)  # type: ignore[attr-defined]

    crowded.ask(leave)
    crowded.until(lambda: not view.map.current())
    assert not view.panel.isVisible()


def test_a_flow_is_what_came_between_two_readings() -> None:
    network = Network(id="ab" * 32, name="shop", driver="bridge", created=_NOW)

    def reading(second: int, received: int, sent: int) -> Rates:
        sample = Sample(
            container_id="c",
            time_ns=second * 10**9,
            networks=((network.interface, received, 1, sent, 1), ("eth0", second * 50, 1, 0, 0)),
        )
        return Rates(
            container_id="c", time_ns=second * 10**9, cpu_percent=0, cpu_user_percent=0, cpu_system_percent=0,
            throttled_percent=0, memory=0, memory_limit=0, memory_percent=0, io_read_rate=0, io_write_rate=0,
            net_rx_rate=0, net_tx_rate=0, pids=1, sample=sample,
        )  # fmt: skip

    flows = Flows()
    flows.apply([reading(1, 1000, 500)])
    assert flows.of("c", network).both == 0
    flows.apply([reading(3, 5000, 700)])
    flow = flows.of("c", network)
    assert (flow.received, flow.sent, flow.received_whole) == (2000, 100, 5000)
    assert flows.outside("c").received == 50
    assert flows.of("c", network, at_home=True).received == 2050
    flows.apply([reading(4, 0, 0)])  # it was started anew: counters begin again
    assert flows.of("c", network).both == 0
    assert flows.past("c", network) == [0, 2100, 0]
    flows.apply([])
    assert not flows.history


def test_why_one_does_not_reach_the_other_is_told_step_by_step(driver: Driver) -> None:
    source, target = driver.container("shop-web-1").id, driver.container("metrics-import").id
    driver.window.open_dialog("network-why", source=source, target=target)
    dialog = driver.dialog("dialog.network-why")
    assert isinstance(dialog, NetworkWhyDialog)
    driver.until(dialog.verdict.isVisible)
    words = "\n".join(each.text() for each in dialog.findChildren(QLabel))
    assert "shop-web-1 does not reach metrics-import" in words
    assert "metrics-import is stopped." in words
    dialog.target.setCurrentIndex(dialog.target.findText("grafana"))
    dialog.go.click()
    driver.until(lambda: any("reaches grafana" in each.text() for each in dialog.findChildren(QLabel)))


def test_names_are_shown_as_they_are_asked_and_refusals_reach_the_map(driver: Driver) -> None:
    web = driver.container("shop-web-1")
    driver.ask(lambda engine: _limit(engine, web.id))
    driver.window.navigate("networks", "", "names")
    page = driver.window.page("networks")
    assert isinstance(page, NetworksPage)
    driver.until(lambda: page.names.model.rowCount() == 5)
    model = page.names.model
    rows = [tuple(str(model.index(row, column).data()) for column in (2, 3)) for row in range(5)]
    assert ("telemetry.example.com (A)", "refused") in rows
    assert ("db (A)", "a neighbour") in rows
    refused = next(one for _, one in page.name_log.questions if one.verdict == "refused")
    driver.ask(lambda engine: _limit(engine, refused.container_id))
    view = open_map(driver)

    def notes() -> dict[str, str]:
        return {node.title: node.note for lane in view.picture.lanes for node in lane.nodes if node.note}

    driver.until(lambda: notes() == {"shop-web-1": "limited"} | {refused.container: "1 refused"})
    driver.window.navigate("networks")
    assert page.list.isVisible()


def test_a_place_that_was_refused_is_shown_with_its_port_and_name(driver: Driver) -> None:
    driver.window.navigate("networks", "", "names")
    page = driver.window.page("networks")
    assert isinstance(page, NetworksPage)
    place = NameQuestion(
        time_ns=1, container_id="c", container="web", network="shop", name="t.example.com", kind="tcp",
        verdict="refused", addresses=("203.0.113.5",), port=443, count=3,
    )  # fmt: skip
    page.name_log.add([place, replace(place, addresses=("2001:db8::5",), name="", count=1)])
    page.names.refresh()
    model = page.names.model
    rows = [tuple(str(model.index(row, column).data()) for column in (2, 3, 4)) for row in range(2)]
    assert rows == [
        ("[2001:db8::5]:443 (tcp)", "refused", "–"),
        ("203.0.113.5:443 (tcp)", "refused 3 times", "t.example.com"),
    ]
    assert page.name_log.refused()["c"] == 4


def test_many_networks_stand_as_people_count_and_no_curve_runs_through_the_words_of_others(
    make_driver: Callable[..., Driver],
) -> None:
    def many(store: Store) -> None:
        populate(store)
        model = next(each for each in store.networks.values() if not each.builtin)
        web = next(each for each in store.running() if each.name == "shop-web-1")
        for number in (1, 2, 10):
            member = NetworkMember(container_id=web.id, name=web.name, ip_address=f"10.91.{number}.2")
            made = replace(model, id=f"{number:064x}", name=f"team-{number}", members=(member,))
            store.put("network", made)

    view = open_map(make_driver(many))
    titles = [lane.title for lane in view.picture.lanes if lane.title.startswith("team")]
    assert titles == ["team-1", "team-2", "team-10"]
    assert view.picture.links
    assert not view.map.seen_links()  # its home is the last lane, far from what it publishes
    source, _ = next(
        each for each in view.picture.links if each[1].endswith(view.picture.attachments[each[0]].container)
    )
    view.map.choose(source)
    assert view.map.seen_links() == [each for each in view.picture.links if each[0] == source]


async def _limit(engine: FakeEngine, container_id: str) -> None:
    known = engine.store.containers[container_id]
    spec = replace(known.spec, labels=known.spec.labels | {"wherry.egress": "none"})
    engine.store.put("container", replace(known, spec=spec))


def test_a_server_that_tells_its_last_questions_again_is_heard_once() -> None:
    question = NameQuestion(
        time_ns=1, container_id="c", container="web", network="shop", name="a.org", kind="A", verdict="refused"
    )
    log = NameLog()
    log.add([question, question])
    log.add([question, replace(question, time_ns=2)])
    assert len(log.questions) == 2
    assert log.refused() == {"c": 2}
