"""Whether a module obeys the rules of the specification's chapter Validation."""

from taipan.validate.module import check_module

__all__ = ["check_module"]
