"""The emulated cloud in place of the internet: unmodified clients reach it under the real names."""

from m365sim.internet.serve import Internet, running

__all__ = ["Internet", "running"]
