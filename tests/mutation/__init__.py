"""Do the tests bite? Small changes are made to a room of the engine, and its tests must notice them."""
