"""Files of a container or volume on a page: a tree to browse, a preview, an editor, and what is not saved yet."""
