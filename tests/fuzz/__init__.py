"""Requests that nobody would think of, made from the published description, at every door and by every role."""
