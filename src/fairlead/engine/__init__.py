"""Engine: schedules, the queue, the worker, sync runs and action runs.

The truth about a run is a row of ours with a lease and a fencing token; the queue only says who
looks at it next. Losing, repeating or reordering what the queue holds changes nothing but timing.
"""

from fairlead.engine.action_run import Delivery
from fairlead.engine.async_action import MOST_RETRIES
from fairlead.engine.engine import Engine
from fairlead.engine.failure import revived

__all__ = ["MOST_RETRIES", "Delivery", "Engine", "revived"]
