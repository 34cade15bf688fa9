"""Carries plans of manifests out on this engine, and tells what is here as manifests."""
