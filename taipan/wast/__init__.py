"""Runs `.wast` scripts, for the tests and for `taipan wast`."""
