"""Development commands: `python -m tools check|gen|bless|bench`."""
