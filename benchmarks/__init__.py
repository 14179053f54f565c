"""Performance, always as ratios against peers measured in the same run: wasmtime-py, and V8 through node.

    python -m tools bench              everything
    python -m tools bench kernels      one group: kernels, metering, sqlite, calls, coldstart, ...
    python -m tools bench kernels/fib  one line of a group

Each line runs the engines in turn, several rounds, and quotes medians of CPU time; checksums must agree. Needs the
`bench` extra (wasmtime, ziglang for the C kernels); what is missing is said and left out.
"""
