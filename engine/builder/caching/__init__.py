"""What need not be done again: steps built before, directories that are kept, caches outside of this store."""
