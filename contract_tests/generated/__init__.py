"""Generated requests: schemathesis's cases and chains, made harmless and judged."""
