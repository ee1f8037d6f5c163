"""The nouns: frozen classes without I/O, one file per noun (ARCHITECTURE: nouns)."""
