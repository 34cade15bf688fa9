"""Which labels a prune asks for."""

from __future__ import annotations

import pytest

from engine.types.data import ANY_LABELS, LabelRule


@pytest.mark.parametrize(
    ("rule", "labels", "allowed"),
    [
        (ANY_LABELS, {}, True),
        (LabelRule(wanted={"a": ""}), {"a": "b"}, True),
        (LabelRule(wanted={"a": ""}), {}, False),
        (LabelRule(wanted={"a": "b"}), {"a": "b"}, True),
        (LabelRule(wanted={"a": "b"}), {"a": "c"}, False),
        (LabelRule(unwanted={"a": ""}), {"a": "b"}, False),
        (LabelRule(unwanted={"a": "c"}), {"a": "b"}, True),
        (LabelRule(wanted={"a": "", "c": "d"}), {"a": "b"}, False),
        (LabelRule(wanted={"a": ""}, unwanted={"x": ""}), {"a": "b", "x": "y"}, False),
    ],
)
def test_which_labels_pass(rule: LabelRule, labels: dict[str, str], allowed: bool) -> None:
    assert rule.allows(labels) is allowed
