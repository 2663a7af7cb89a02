"""Simulators: worlds and recorded experiments that drive the service and know the answer. Never the server's code."""
