"""The requests of every route, one file a noun; nothing here sends anything."""
