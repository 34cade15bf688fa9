"""Files to one project: loaded together, merged, made complete and checked, in the order that is needed."""
