"""Stories across areas: what a chain lives through, and what must be true of it at the end."""
