"""The parts of the containers page: cells of the list, and the tabs of one container."""
