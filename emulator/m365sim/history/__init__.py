"""What happened in the cloud since it began: every change, who made it, and by which way."""

from m365sim.history.acting import acting, acting_as, acting_for, silence
from m365sim.history.log import KEPT, Entry, History, Scribe

__all__ = ["KEPT", "Entry", "History", "Scribe", "acting", "acting_as", "acting_for", "silence"]
