"""What pages with lists are made of: the list, marks, waiting, faces, dragging, the graphs of several rows."""
