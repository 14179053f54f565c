"""The version of the package; pyproject.toml names the same one."""

VERSION = "0.1.0"
