"""The 40 cases of BuildKit's door, with clients of several years, each unmodified."""
