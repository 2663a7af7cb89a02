"""A world of made-up customers with a known answer. Never the engine's features, never the server."""
