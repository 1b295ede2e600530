"""Everything mutable: one world for each key."""
