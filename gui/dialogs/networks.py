"""Make a network; connect a container to one."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from engine.types.networks import CreateNetwork
from gui.dialogs.short_form import ShortForm
from gui.presentation.names import name_problem
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell


class CreateNetworkDialog(ShortForm):
    """Name, subnet, gateway, and whether it has a way out."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(
            shell, translate("CreateNetworkDialog", "New network"), translate("CreateNetworkDialog", "Create")
        )
        self.setObjectName("dialog.create-network")
        self.name, self.subnet, self.gateway = QLineEdit(), QLineEdit(), QLineEdit()
        self.subnet.setPlaceholderText(translate("CreateNetworkDialog", "Chosen by itself, or 10.90.0.0/24"))
        self.gateway.setPlaceholderText(translate("CreateNetworkDialog", "The first address of the subnet"))
        for words, field in (
            (translate("CreateNetworkDialog", "Name"), self.name),
            (translate("CreateNetworkDialog", "Subnet"), self.subnet),
            (translate("CreateNetworkDialog", "Gateway"), self.gateway),
        ):
            field.setAccessibleName(words)
            self.form.addRow(form_label(words), field)
        self.internal = QCheckBox(translate("CreateNetworkDialog", "No way out: containers reach only each other"))
        self.form.addRow("", self.internal)
        self.name.setFocus()

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

    def submit(self) -> None:
        if words := self.problem():
            self.warn(words)
            return
        request = CreateNetwork(
            name=self.name.text().strip(),
            subnet=self.subnet.text().strip(),
            gateway=self.gateway.text().strip(),
            internal=self.internal.isChecked(),
        )
        told = translate("CreateNetworkDialog", "Made the network {0}").format(request.name)
        self._shell.run(self.attempt(self._shell.client.call(lambda engine: engine.networks.create(request)), told))


class ConnectDialog(ShortForm):
    """Choose a container that is not on the network yet."""

    def __init__(self, shell: Shell, network: str) -> None:
        known = shell.client.mirror.networks.get(network)
        name = known.name if known is not None else network
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
        self.form.addRow(form_label(translate("ConnectDialog", "Container")), self.container)
        self.form.addRow(form_label(translate("ConnectDialog", "Also called")), self.aliases)
        self.container.setFocus()
        self.go.setEnabled(self.container.count() > 0)
        if not self.container.count():
            self.warn(translate("ConnectDialog", "Every container is on this network already."))

    def submit(self) -> None:
        key, network = str(self.container.currentData()), self._network
        aliases = [part.strip() for part in self.aliases.text().split(",") if part.strip()]
        told = translate("ConnectDialog", "Connected {0}").format(self.container.currentText())
        work = self._shell.client.call(lambda engine: engine.networks.connect(network, key, aliases=aliases))
        self._shell.run(self.attempt(work, told))
