"""What stands on disk: conmon's files of a history, their lines, and the index beside each."""
