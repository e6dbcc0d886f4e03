"""What must stay fast, measured: `make bench`, or `python -m benchmarks --help`. See docs/performance.md."""
