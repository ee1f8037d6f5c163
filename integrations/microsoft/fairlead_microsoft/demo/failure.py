"""Why a step of the demo did not work."""


class StepFailed(Exception):
    """A step of the demo failed; the message is for whoever looks at the terminal."""
