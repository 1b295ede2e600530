"""Requests that nobody wrote: schemathesis's cases and chains, kept harmless and judged."""
