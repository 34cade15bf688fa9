"""What Docker's API has no word for, below `/wherry`."""
