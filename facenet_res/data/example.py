"""`tf.train.Example`, parsed by protobuf without TensorFlow.

Source:
    tensorflow/core/example/{example,feature}.proto.
"""

from functools import lru_cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError

from facenet_res.core.errors import DataInvalid

# Without the lists of floats, which no crop needs. The package is ours: TensorFlow, where it is
# loaded, has its own messages.
_SCHEMA: Final = """
name: "example.proto" package: "facenet_res" syntax: "proto3"
message_type { name: "Example"
  field { name: "features" number: 1 type: TYPE_MESSAGE type_name: ".facenet_res.Features" } }
message_type { name: "Features"
  field { name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
          type_name: ".facenet_res.Features.FeatureEntry" }
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".facenet_res.Feature" } } }
message_type { name: "Feature"
  field { name: "bytes_list" number: 1 type: TYPE_MESSAGE type_name: ".facenet_res.BytesList" }
  field { name: "int64_list" number: 3 type: TYPE_MESSAGE type_name: ".facenet_res.Int64List" } }
message_type { name: "BytesList"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES } }
message_type { name: "Int64List"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 } }
"""

Value = bytes | int
"""The first value of a feature; of several a crop needs no more than one."""


def read_example(data: bytes) -> dict[str, Value]:
    """The first value of every feature that holds bytes or integers.

    Floats and empty features are left out.

    Raises:
        DataInvalid: the bytes are no whole Example.
    """
    try:
        features = _example_type().FromString(data).features.feature
    except DecodeError as error:
        raise DataInvalid(f"no whole tf.train.Example: {error}") from error
    found: dict[str, Value] = {}
    for name, feature in features.items():
        values = feature.bytes_list.value or feature.int64_list.value
        if values:
            found[name] = values[0]
    return found


@lru_cache(maxsize=1)
def _example_type() -> Any:
    pool = descriptor_pool.DescriptorPool()
    schema = text_format.Parse(_SCHEMA, descriptor_pb2.FileDescriptorProto())
    pool.AddSerializedFile(schema.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("facenet_res.Example"))
