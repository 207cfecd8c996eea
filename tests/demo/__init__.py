"""The chain-year of the demo."""
