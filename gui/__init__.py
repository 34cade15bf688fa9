"""The window. Of the engine it knows types and errors everywhere, and the facade only in `bridge` and `application`."""
