"""Dialogs about images and where they come from: pull, push, build, registries and logins, files in layers."""
