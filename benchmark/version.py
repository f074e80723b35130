"""The version of the package, which is also the version of the suite."""

__version__ = "0.1.0"
