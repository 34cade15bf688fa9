"""The proof: unit, contract, system, gui, pixels, fuzz, bench and architecture."""
