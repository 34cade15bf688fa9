"""Verbs about other machines: which one the verbs are for, and what is moved between them."""
