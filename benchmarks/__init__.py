"""Benchmarks: one question a file, ratios in one run, results with date, commit and machine. Never a test."""
