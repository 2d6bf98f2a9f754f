"""Values in, bytes of one format out."""
