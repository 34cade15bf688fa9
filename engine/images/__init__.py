"""Images: pulling, pushing, keeping, carrying in and out as archives, and seeing through every layer of them.

`service.ImageService` implements `engine.facade.Images`. Other rooms of the engine use `catalogue.Catalogue` (which
images there are), `intake.LayerIntake` (turn a tar stream into a stored layer) and `users.ContainerSource`, which the
containers room implements for us.
"""
