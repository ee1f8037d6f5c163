"""The HTTP API: one file a resource; its words are the contract's, everything inside has ours."""
