"""A chain-year to run on: a public data set turned into the lines the intake takes. Knows no service and no view."""
