"""The gRPC server: `facenet-res serve`, or `python -m server` in a checkout.

The link facenet_res/server makes this folder part of the package; modules import each other as
facenet_res.server.
"""
