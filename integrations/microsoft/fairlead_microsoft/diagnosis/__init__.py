"""What can be wrong with a connection to Microsoft 365, and how it shows."""

from fairlead_microsoft.diagnosis.examine import examiner

__all__ = ["examiner"]
