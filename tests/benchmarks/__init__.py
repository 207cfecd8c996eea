"""How fast the house is, as ratios to a limit measured in the same run: `make bench`."""
