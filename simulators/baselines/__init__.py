"""Policies that the engine is measured against, one a file. Never a hidden taste, except the oracle's."""
