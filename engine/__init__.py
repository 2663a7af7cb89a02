"""The domain: deciding, logging, learning.

Never imports grpc, protobuf, server, simulators; never reads a clock or a global random generator.
"""
