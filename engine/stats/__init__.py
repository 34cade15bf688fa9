"""Stats: figures read straight from the kernel's control groups, one sampler for all, and a day of history on disk."""
