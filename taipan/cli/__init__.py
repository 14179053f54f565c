"""The command line: one file per command, each with `HELP`, `add_arguments(parser)` and `run(args) -> exit status`."""
