"""What the engine remembers of customers, folded from the log. Never a raw customer id."""
