"""Everything mutable: one world a key."""
