"""Articles: number, GTINs, unit of measure, where they stand in the assortment, list price and cost, with dates."""
