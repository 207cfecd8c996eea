"""The doors of headquarters: every question about every store, descriptions, and decisions."""
