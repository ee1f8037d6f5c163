"""`./run bench [NAME...]`: measure, and print a table of each."""

import argparse
import asyncio
import os
import platform

from bench import (
    abreast,
    calls,
    emulator,
    engine,
    forward,
    idle,
    incremental,
    initial,
    large,
    records,
    requests,
)
from bench.table import say

BENCHMARKS = {
    "sync": initial.measure,
    "incremental": incremental.measure,
    "abreast": abreast.measure,
    "requests": requests.measure,
    "records": records.measure,
    "forward": forward.measure,
    "calls": calls.measure,
    "large": large.measure,
    "emulator": emulator.measure,
    "engine": engine.measure,
    "idle": idle.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="default: all")
    parser.add_argument("--small", action="store_true", help="a hundredth of everything: a check")
    options = parser.parse_args()
    scale = 0.01 if options.small else 1.0
    say(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    for name in options.names or BENCHMARKS:
        say(f"== {name}")
        asyncio.run(BENCHMARKS[name](scale))


if __name__ == "__main__":
    main()
