"""The checks of the host report, by subject. Each is a function of a `Machine` and returns one `HostCheck`."""
