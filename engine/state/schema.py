"""The tables, as a list of migrations. A released migration is never edited; what changes comes as the next one.

Bodies are JSON of the types in `engine.types` (msgspec ignores unknown and defaults missing fields, so adding a field
needs no migration); columns exist only for what is looked up or must be unique.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE containers (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL UNIQUE,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE images (
        id         TEXT PRIMARY KEY,           -- digest of the config
        pulled_ns  INTEGER NOT NULL,
        manifest   BLOB,                       -- as the registry gave it, for a push of the same digests
        body       BLOB NOT NULL               -- engine.images' own record
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE image_tags (
        reference  TEXT PRIMARY KEY,           -- canonical, "docker.io/library/x:tag"
        image_id   TEXT NOT NULL REFERENCES images(id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX image_tags_by_image ON image_tags(image_id);

    CREATE TABLE image_digests (
        reference  TEXT PRIMARY KEY,           -- canonical, "docker.io/library/x@sha256:…"
        image_id   TEXT NOT NULL REFERENCES images(id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX image_digests_by_image ON image_digests(image_id);

    CREATE TABLE layers (
        diff_id    TEXT PRIMARY KEY,
        size       INTEGER NOT NULL,
        files      INTEGER NOT NULL,
        body       BLOB NOT NULL               -- compressed digests it is known by, media types
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE volumes (
        name       TEXT PRIMARY KEY,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE networks (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL UNIQUE,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE builds (
        id         TEXT PRIMARY KEY,
        started_ns INTEGER NOT NULL,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE build_cache (
        key        TEXT PRIMARY KEY,
        used_ns    INTEGER NOT NULL,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE operations (
        id         TEXT PRIMARY KEY,
        started_ns INTEGER NOT NULL,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
        number     INTEGER PRIMARY KEY,
        time_ns    INTEGER NOT NULL,
        body       BLOB NOT NULL
    ) STRICT;
    CREATE INDEX events_by_time ON events(time_ns);

    CREATE TABLE settings (
        name       TEXT PRIMARY KEY,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE project_runs (
        id         TEXT PRIMARY KEY,
        project    TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        body       BLOB NOT NULL               -- holds a project's files, so 0600 like the rest
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX project_runs_by_project ON project_runs(project, started_ns);
    """,
    """
    CREATE TABLE pods (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL UNIQUE,
        body       BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)
