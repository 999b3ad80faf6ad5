"""The only import of OpenVINO, with its telemetry turned off before it loads.

NNCF is imported after this module, for the same reason.
"""

from facenet_res.core.process_environment import turn_telemetry_off

turn_telemetry_off()

import openvino as ov  # noqa: E402, TID251 (after the line above, and nowhere else)
from openvino import opset1  # noqa: E402, TID251
from openvino import opset13 as ops  # noqa: E402, TID251

__all__ = ["ops", "opset1", "ov"]
