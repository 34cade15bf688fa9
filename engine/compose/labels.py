"""The labels docker compose finds its things by. We write the same, so that either can go on with what the other
made."""

from __future__ import annotations

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONEOFF = "com.docker.compose.oneoff"
HASH = "com.docker.compose.config-hash"
IMAGE = "com.docker.compose.image"
FILES = "com.docker.compose.project.config_files"
DIRECTORY = "com.docker.compose.project.working_dir"
ENV_FILE = "com.docker.compose.project.environment_file"
DEPENDS_ON = "com.docker.compose.depends_on"
VERSION = "com.docker.compose.version"
NETWORK = "com.docker.compose.network"
VOLUME = "com.docker.compose.volume"
REPLACE = "com.docker.compose.replace"
SLUG = "com.docker.compose.slug"

WRITTEN_VERSION = "5.6.1"
"""The docker compose whose labels and hash these are."""
