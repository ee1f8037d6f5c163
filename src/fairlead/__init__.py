"""fairlead: connect your customers' accounts, keep the credentials, proxy, sync and act."""

__version__ = "0.1.0"
