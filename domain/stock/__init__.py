"""One ledger per location: what came in, went out and is on hand, in quantity and value at moving average."""
