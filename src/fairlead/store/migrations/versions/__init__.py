"""One file a revision, oldest first by name; a published one is never edited."""
