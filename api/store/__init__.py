"""The doors of stores: each is of one store, which the address names and the token must hold."""
