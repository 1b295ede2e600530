"""What the effective document says, as the kit needs it; nothing else knows the wire."""
