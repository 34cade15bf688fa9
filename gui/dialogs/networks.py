"""Make a network; connect a container to one."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from engine.recipe.networks import EGRESS_LABEL
from engine.types.networks import CreateNetwork, Endpoint
from gui.dialogs.short_form import ShortForm
from gui.presentation.names import name_problem
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell


class CreateNetworkDialog(ShortForm):
    """Name, addresses of both kinds, and what may be reached from it."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(
            shell, translate("CreateNetworkDialog", "New network"), translate("CreateNetworkDialog", "Create")
        )
        self.setObjectName("dialog.create-network")
        self.name, self.subnet, self.gateway, self.may_reach = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.subnet.setPlaceholderText(translate("CreateNetworkDialog", "Chosen by itself, or 10.90.0.0/24"))
        self.gateway.setPlaceholderText(translate("CreateNetworkDialog", "The first address of the subnet"))
        self.may_reach.setPlaceholderText(translate("CreateNetworkDialog", "Anything, or example.org, 10.0.0.0/8"))
        self.ipv6 = QCheckBox(translate("CreateNetworkDialog", "IPv6 addresses too"))
        self.internal = QCheckBox(translate("CreateNetworkDialog", "No way out: containers reach only each other"))
        self.internal.toggled.connect(self.may_reach.setDisabled)
        self._row(translate("CreateNetworkDialog", "Name"), self.name)
        self._row(translate("CreateNetworkDialog", "Subnet"), self.subnet)
        self._row(translate("CreateNetworkDialog", "Gateway"), self.gateway)
        self.form.addRow("", self.ipv6)
        self._row(translate("CreateNetworkDialog", "May reach"), self.may_reach)
        self.form.addRow("", self.internal)
        self.name.setFocus()

    def _row(self, words: str, field: QLineEdit) -> None:
        field.setAccessibleName(words)
        self.form.addRow(form_label(words), field)

    def problem(self) -> str:
        """What is wrong with the form, or ""."""
        if problem := name_problem(self.name.text().strip()):
            return problem
        subnet, gateway = self.subnet.text().strip(), self.gateway.text().strip()
        try:
            network = ipaddress.ip_network(subnet) if subnet else None
            address = ipaddress.ip_address(gateway) if gateway else None
        except ValueError:
            return translate("CreateNetworkDialog", "A subnet is written 10.90.0.0/24, and a gateway 10.90.0.1")
        if address is not None and (network is None or address not in network):
            return translate("CreateNetworkDialog", "The gateway must be an address of the subnet")
        return ""

    def request(self) -> CreateNetwork:
        """What is asked for; a subnet of IPv6 is known by its look."""
        subnet, gateway = self.subnet.text().strip(), self.gateway.text().strip()
        allowed = "" if self.internal.isChecked() else ",".join(self.may_reach.text().replace(",", " ").split())
        is_six = ":" in subnet
        return CreateNetwork(
            name=self.name.text().strip(),
            subnet="" if is_six else subnet,
            gateway="" if is_six else gateway,
            subnet6=subnet if is_six else "",
            gateway6=gateway if is_six else "",
            ipv6=is_six or self.ipv6.isChecked(),
            internal=self.internal.isChecked(),
            labels={EGRESS_LABEL: allowed} if allowed else {},
        )

    def submit(self) -> None:
        if words := self.problem():
            self.warn(words)
            return
        request = self.request()
        told = translate("CreateNetworkDialog", "Made the network {0}").format(request.name)
        self._shell.run(self.attempt(self._shell.client.call(lambda engine: engine.networks.create(request)), told))


class ConnectDialog(ShortForm):
    """Choose a container that is not on the network yet."""

    def __init__(self, shell: Shell, network: str) -> None:
        known = shell.client.mirror.networks.get(network)
        name = known.name if known is not None else network
        subnet = known.subnet if known is not None else ""
        super().__init__(
            shell,
            translate("ConnectDialog", "Connect to {0}").format(name),
            translate("ConnectDialog", "Connect"),
        )
        self.setObjectName("dialog.connect-network")
        self._network = network
        members = {member.container_id for member in known.members} if known is not None else set()
        self.container = QComboBox()
        self.container.setAccessibleName(translate("ConnectDialog", "Container"))
        for container in sorted(shell.client.mirror.containers.values(), key=lambda c: c.name):
            if container.id not in members:
                self.container.addItem(container.name, container.id)
        self.aliases = QLineEdit()
        self.aliases.setAccessibleName(translate("ConnectDialog", "Also called"))
        self.aliases.setPlaceholderText(translate("ConnectDialog", "Other names it answers to, separated by commas"))
        self.address = QLineEdit()
        self.address.setAccessibleName(translate("ConnectDialog", "Address"))
        self.address.setPlaceholderText(translate("ConnectDialog", "Chosen by itself, or one of {0}").format(subnet))
        self.form.addRow(form_label(translate("ConnectDialog", "Container")), self.container)
        self.form.addRow(form_label(translate("ConnectDialog", "Also called")), self.aliases)
        self.form.addRow(form_label(translate("ConnectDialog", "Address")), self.address)
        self.container.setFocus()
        self.go.setEnabled(self.container.count() > 0)
        if not self.container.count():
            self.warn(translate("ConnectDialog", "Every container is on this network already."))

    def submit(self) -> None:
        key, network = str(self.container.currentData()), self._network
        aliases = [part.strip() for part in self.aliases.text().split(",") if part.strip()]
        address = self.address.text().strip()
        if not _is_address(address):
            self.warn(translate("ConnectDialog", "An address is written 10.90.0.5 or fd00::5"))
            return
        asked = Endpoint(ip6=address) if ":" in address else Endpoint(ip=address)
        told = translate("ConnectDialog", "Connected {0}").format(self.container.currentText())
        work = self._shell.client.call(
            lambda engine: engine.networks.connect(network, key, aliases=aliases, asked=asked)
        )
        self._shell.run(self.attempt(work, told))


def _is_address(text: str) -> bool:
    """Or nothing, which is left to the network."""
    try:
        return not text or bool(ipaddress.ip_address(text))
    except ValueError:
        return False
