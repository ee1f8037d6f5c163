"""What fairlead tells of its own work: operations, metrics, traces, status, alerts."""
