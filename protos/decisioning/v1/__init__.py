"""Version 1 of the contract, as generated code; it only grows."""
