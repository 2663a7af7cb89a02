"""The log: every accepted fact in one order, durable. Never a fold of it, never a decision."""
