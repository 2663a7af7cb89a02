"""The contract, as generated code. Never anything written by hand: the `.proto` files are the source."""
