"""The house's own tests: that the rules of building hold, and that each of them would notice being broken."""
