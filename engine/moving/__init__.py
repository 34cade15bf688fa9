"""Things carried between machines, and in and out of one file: images, volumes, containers, projects.

Both ends are held by the facade, so nothing here knows what kind of engine either is.
"""
