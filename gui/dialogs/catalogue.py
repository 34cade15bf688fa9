"""Every dialog by name, imported when it is first opened. A dialog's class takes (shell, **arguments)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QDialog

    from gui.shell import Shell

DIALOGS: dict[str, tuple[str, str]] = {
    "run": ("gui.dialogs.run", "RunDialog"),
    "edit": ("gui.dialogs.run", "EditDialog"),
    "merged-logs": ("gui.dialogs.merged_logs", "MergedLogsDialog"),
    "graphs": ("gui.dialogs.graphs", "GraphsDialog"),
    "report": ("gui.feedback.errors", "ReportDialog"),
    "operation": ("gui.dialogs.operation", "OperationDialog"),
    "export-as": ("gui.dialogs.export", "ExportDialog"),
    "pull": ("gui.dialogs.pull", "PullDialog"),
    "push": ("gui.dialogs.push", "PushDialog"),
    "login": ("gui.dialogs.login", "LoginDialog"),
    "registries": ("gui.dialogs.registries", "RegistriesDialog"),
    "find-file": ("gui.dialogs.find_file", "FindFileDialog"),
    "create-volume": ("gui.dialogs.volumes", "CreateVolumeDialog"),
    "create-network": ("gui.dialogs.networks", "CreateNetworkDialog"),
    "connect-network": ("gui.dialogs.networks", "ConnectDialog"),
    "network-why": ("gui.dialogs.network_why", "NetworkWhyDialog"),
    "project-plan": ("gui.dialogs.project_plan", "ProjectPlanDialog"),
    "gallery": ("gui.dialogs.gallery", "GalleryDialog"),
    "project-scale": ("gui.dialogs.project_scale", "ScaleDialog"),
    "bring-over": ("gui.dialogs.bring_over", "BringOverDialog"),
    "move": ("gui.dialogs.move", "MoveDialog"),
    "machine": ("gui.dialogs.machine", "MachineDialog"),
    "build": ("gui.dialogs.build", "BuildDialog"),
    "stack-deploy": ("gui.dialogs.stack_deploy", "StackDeployDialog"),
    "cluster-deploy": ("gui.dialogs.cluster_deploy", "ClusterDeployDialog"),
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
