"""Volumes: directories that outlive containers. `service.VolumeService` implements `engine.facade.Volumes`."""
