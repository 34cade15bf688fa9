"""Qt models over snapshots, keyed by id. They take change sets and know nothing of widgets or threads."""

from gui.models.filtered import FilteredModel
from gui.models.table import Column, KeyedTableModel, ModelRole

__all__ = ["Column", "FilteredModel", "KeyedTableModel", "ModelRole"]
