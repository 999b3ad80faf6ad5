"""Scalars in TensorBoard's event files."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from facenet_res.core.files import make_folder, write_fault

VERSION = "brain.Event:2"


class EventLog:
    """Appends scalars to one event file of a run's folder.

    TensorBoard's `EventFileWriter` would write later, in a thread, and lose the error.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Begins a file; a resumed run has several, which TensorBoard joins.

        Args:
            folder: made where it is absent.
            clock: seconds since 1970.

        Raises:
            DiskFull: it could not be written.
        """
        make_folder(folder)
        self._clock = clock
        self._path = folder / f"events.out.tfevents.{clock():017.6f}.{socket.gethostname()}"
        self._append(Event(file_version=VERSION))

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """One event with all scalars of a step.

        Raises:
            DiskFull: it could not be written.
        """
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._append(Event(step=step, summary=Summary(value=values)))

    def _append(self, event: Event) -> None:
        event.wall_time = self._clock()
        try:
            with self._path.open("ab") as file:
                RecordWriter(file).write(event.SerializeToString())
        except OSError as error:
            raise write_fault(self._path, error) from error
