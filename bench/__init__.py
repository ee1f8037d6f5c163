"""The benchmarks of docs/performance.md: `./run bench [name ...]`."""
