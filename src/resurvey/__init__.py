"""resurvey: a second look at published survival evidence."""

__version__ = "0.1.0"
