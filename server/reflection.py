"""Server reflection, in version 1 and, for older tools, in v1alpha.

The library has v1alpha only. Both have the same messages, so that one servicer answers both.
"""

from collections.abc import Sequence

import grpc
from google.protobuf import descriptor_pool, text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

SERVICE_NAME = "grpc.reflection.v1.ServerReflection"
_METHOD = "ServerReflectionInfo"


def add_reflection(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Lets clients list and describe these services, and reflection itself."""
    names = (*services, SERVICE_NAME, reflection.SERVICE_NAME)
    pool = descriptor_pool.Default()
    _add_descriptor(pool)
    servicer = ReflectionServicer(names, pool=pool)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(name, {_METHOD: handler})
            for name in (SERVICE_NAME, reflection.SERVICE_NAME)
        ]
    )


def _add_descriptor(pool: descriptor_pool.DescriptorPool) -> None:
    """Makes the description of v1 from that of v1alpha, which differs by the package's name."""
    file = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    text = text_format.MessageToString(file).replace("v1alpha", "v1")
    pool.Add(text_format.Parse(text, FileDescriptorProto()))
