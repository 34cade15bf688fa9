"""Every dialog by name, imported when it is first opened. A dialog's class takes (shell, **arguments)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QDialog

    from gui.shell import Shell

DIALOGS: dict[str, tuple[str, str]] = {
    "run": ("gui.dialogs.containers.run", "RunDialog"),
    "edit": ("gui.dialogs.containers.run", "EditDialog"),
    "merged-logs": ("gui.dialogs.containers.merged_logs", "MergedLogsDialog"),
    "graphs": ("gui.dialogs.containers.graphs", "GraphsDialog"),
    "report": ("gui.feedback.errors", "ReportDialog"),
    "operation": ("gui.dialogs.operation", "OperationDialog"),
    "export-as": ("gui.dialogs.containers.export", "ExportDialog"),
    "pull": ("gui.dialogs.images.pull", "PullDialog"),
    "push": ("gui.dialogs.images.push", "PushDialog"),
    "login": ("gui.dialogs.images.login", "LoginDialog"),
    "registries": ("gui.dialogs.images.registries", "RegistriesDialog"),
    "find-file": ("gui.dialogs.images.find_file", "FindFileDialog"),
    "create-volume": ("gui.dialogs.volumes", "CreateVolumeDialog"),
    "create-network": ("gui.dialogs.networks", "CreateNetworkDialog"),
    "connect-network": ("gui.dialogs.networks", "ConnectDialog"),
    "network-why": ("gui.dialogs.network_why", "NetworkWhyDialog"),
    "project-plan": ("gui.dialogs.projects.plan", "ProjectPlanDialog"),
    "gallery": ("gui.dialogs.projects.gallery", "GalleryDialog"),
    "project-scale": ("gui.dialogs.projects.scale", "ScaleDialog"),
    "bring-over": ("gui.dialogs.machines.bring_over", "BringOverDialog"),
    "move": ("gui.dialogs.machines.move", "MoveDialog"),
    "machine": ("gui.dialogs.machines.machine", "MachineDialog"),
    "build": ("gui.dialogs.images.build", "BuildDialog"),
    "new-service": ("gui.dialogs.projects.new_service", "NewServiceDialog"),
    "stack-deploy": ("gui.dialogs.projects.stack_deploy", "StackDeployDialog"),
    "cluster-deploy": ("gui.dialogs.projects.cluster_deploy", "ClusterDeployDialog"),
}
"""Name → (module, class). Rooms add theirs here."""


def open_dialog(shell: Shell, dialog_id: str, arguments: Mapping[str, Any]) -> QDialog:
    """Make it, open it over the window, and let it go when it is closed."""
    module, class_name = DIALOGS[dialog_id]
    dialog: QDialog = getattr(import_module(module), class_name)(shell, **arguments)
    if not dialog.objectName():
        dialog.setObjectName(f"dialog.{dialog_id}")
    dialog.finished.connect(lambda _code: dialog.deleteLater())
    dialog.open()
    return dialog
