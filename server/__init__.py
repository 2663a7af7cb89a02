"""The engine on the wire: gRPC in, gRPC out. Never a decision, a rule or a weight, and nothing from simulators."""
