"""How responses look can be said in the document, whatever their shape."""
