"""Dialogs about other machines: how one is reached, and what is moved or copied there."""
