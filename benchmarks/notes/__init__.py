"""What a benchmark notes of its figures. Never a measurement."""
