"""Learning: a running service is shown to the document, and what differs becomes an overlay with its proof."""
