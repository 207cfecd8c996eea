"""Loads that are killed at the worst moments, and what must be true when they have gone on to their end."""
