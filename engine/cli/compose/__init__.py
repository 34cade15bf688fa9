"""`wherry compose`: docker compose's verbs. The files are read and the plans made by the engine; here they are
shown."""
