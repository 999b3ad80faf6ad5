"""Every error this library raises on purpose.

    FacenetError
    +-- InputError              the caller's data is wrong; retrying cannot help
    |   +-- ImageUnreadable     no image of a format that is read, or damaged
    |   +-- ImageTooLarge       more bytes or pixels than the limit
    |   +-- ImageUndecodable    its decoding was ended by a limit, or crashed
    |   +-- ArrayInvalid        an array of the wrong shape, type or value
    |   +-- NoFace              a face is needed and none was found
    |   +-- SeveralFaces        one face is meant and several were found
    |   +-- FaceQualityLow      a face is too small or too blurred to be compared
    |   +-- ConfigInvalid       a setting is unknown or out of range
    |   +-- ArgumentInvalid     a request's argument is out of range
    |   +-- Unauthenticated     the call has no valid credential
    |   +-- FileMissing         a file or folder that was named does not exist
    |   +-- NotWritable         a file or folder cannot be written where it was asked for
    |   +-- ArtifactInvalid     a model folder is incomplete, damaged or unreadable
    |   +-- DataInvalid         a data set or pairs file breaks its format
    +-- StateError              the request is fine, the stored state forbids it
    |   +-- UnknownPerson       no such person in the gallery
    |   +-- UnknownFace         no such face in the gallery
    |   +-- PersonExists        the person is there already
    |   +-- FaceExists          the face's id is taken by another face
    |   +-- SimilarToOtherPerson  a face to enrol is another person's, as far as one can say
    |   +-- EtagMismatch        the person has changed since it was read
    |   +-- RequestConflict     another request had the same request_id
    |   +-- PermissionDenied    the credential does not allow the call
    |   +-- CalibrationUnsupported  too few data for a threshold at the wanted rate
    |   +-- GalleryExists       a gallery is there already
    |   +-- GalleryInvalid      the gallery file is damaged or of another format
    |   +-- ModelMismatch       the gallery or checkpoint belongs to another model
    |   +-- ClientClosed        the client was closed before the call
    |   +-- TrainingDiverged    the loss is not a number; the last good state is kept
    +-- Unavailable             try again later, or elsewhere
        +-- QueueFull           too many faces wait already
        +-- DeadlineExceeded    the caller's time ran out before the work began
        +-- GalleryLocked       another process holds the gallery
        +-- GalleryUnavailable  the gallery's database does not answer
        +-- RunLocked           another process trains in the folder
        +-- PortInUse           another process listens there
        +-- EngineUnavailable   a runtime or device is missing on this machine
        +-- EngineFailed        an engine raised an error of its own while it computed
        +-- ServerUnreachable   no server answers at the address
        +-- ServerFault         the server failed by a fault of its own
        +-- ShuttingDown        the server is stopping
        +-- DiskFull            nothing could be written

`reason` is the stable machine name: it goes on the wire, into metrics and
into logs. Messages are for people and may change; they give the value and the
limit. Bugs are not listed here: they raise AssertionError or TypeError and end
as INTERNAL.
"""

import re
from typing import ClassVar, Final

_WORD_START: Final = re.compile("(?<=[a-z])(?=[A-Z])")


class FacenetError(Exception):
    """Base of all deliberate errors. Never raised itself."""

    reason: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """The reason is the name in capitals, IMAGE_TOO_LARGE; groups have none."""
        if FacenetError not in cls.__bases__:
            cls.reason = _WORD_START.sub("_", cls.__name__).upper()


class InputError(FacenetError):
    """The caller's data is wrong; retrying cannot help."""


class ImageUnreadable(InputError):
    """The bytes are no image of a format that is read, or a damaged or truncated one."""


class ImageTooLarge(InputError):
    """The file or the image its header declares is larger than the limit."""


class ImageUndecodable(InputError):
    """Decoding the image was ended: it took too much CPU time or memory, or crashed."""


class ArrayInvalid(InputError):
    """An array has the wrong shape, type or values."""


class NoFace(InputError):
    """A face is needed and the detector found none."""


class SeveralFaces(InputError):
    """One face is meant and the detector found several."""


class FaceQualityLow(InputError):
    """A face is smaller or more blurred than the least that the model can compare."""


class ConfigInvalid(InputError):
    """A setting is unknown or out of range."""


class ArgumentInvalid(InputError):
    """An argument of a request is out of range."""


class Unauthenticated(InputError):
    """The call has no credential, or one that is unknown, revoked or expired."""


class FileMissing(InputError):
    """A file or folder that was named does not exist or cannot be read."""


class NotWritable(InputError):
    """A file or folder cannot be written where it was asked for: forbidden, or in the way."""


class ArtifactInvalid(InputError):
    """A model folder is incomplete, damaged, or of a format we do not read."""


class DataInvalid(InputError):
    """A data set, an index or a pairs file breaks its format."""


class StateError(FacenetError):
    """The request is fine, the stored state forbids it."""


class UnknownPerson(StateError):
    """The gallery holds no such person."""


class UnknownFace(StateError):
    """The gallery holds no such face."""


class PersonExists(StateError):
    """The gallery holds this person already."""


class FaceExists(StateError):
    """The gallery holds another face of this id already."""


class SimilarToOtherPerson(StateError):
    """A face to enrol is one that identification would give to another person."""


class EtagMismatch(StateError):
    """The person has changed since the caller read them; read again and decide again."""


class RequestConflict(StateError):
    """A request with this request_id and other contents was answered before."""


class PermissionDenied(StateError):
    """The credential is valid, and does not allow the call."""


class CalibrationUnsupported(StateError):
    """The data are too few for a threshold at the wanted error rate."""


class GalleryExists(StateError):
    """A gallery stands at this path already."""


class GalleryInvalid(StateError):
    """The gallery file is damaged, or no gallery of ours."""


class ModelMismatch(StateError):
    """The gallery or checkpoint was made with another model."""


class ClientClosed(StateError):
    """The client was closed before the call; a new client connects again."""


class TrainingDiverged(StateError):
    """The loss or a weight is no longer a finite number."""


class Unavailable(FacenetError):
    """Nothing is wrong with the request: try again later, or elsewhere."""


class QueueFull(Unavailable):
    """Too many faces wait already."""


class DeadlineExceeded(Unavailable):
    """The caller's time ran out before the work began."""


class GalleryLocked(Unavailable):
    """Another process holds the gallery."""


class GalleryUnavailable(Unavailable):
    """The gallery's database does not answer. Unless the message says so, nothing was changed."""


class RunLocked(Unavailable):
    """Another process trains, or deduplicates, into the folder."""


class PortInUse(Unavailable):
    """Another process listens at the address."""


class EngineUnavailable(Unavailable):
    """A runtime or device that was asked for is not on this machine."""


class EngineFailed(Unavailable):
    """An engine raised an error of its own while it computed, such as too little memory."""


class ServerUnreachable(Unavailable):
    """No server answers at the address."""


class ServerFault(Unavailable):
    """The server failed by a fault of its own; its log says which."""


class ShuttingDown(Unavailable):
    """The server is stopping and takes no new work."""


class DiskFull(Unavailable):
    """Nothing could be written: the disk is full or read-only."""
