"""The trading day of a store: till transactions in, five outcomes, gaps, drawer, closing, restatement."""
