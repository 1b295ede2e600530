"""The document by the field's own tools."""
