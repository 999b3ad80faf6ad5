"""What was acknowledged is there after the power went."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from facenet_res.client import FacenetClient, RetryPolicy
from facenet_res.core.errors import FacenetError
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.serving import ServerProcess, portraits

pytestmark = pytest.mark.e2e

WRITERS = 4
FACES_EACH = 40
ACKNOWLEDGED_BEFORE_THE_CUT = 20


def test_every_acknowledged_face_is_there_once_after_kill_9(tmp_path: Path) -> None:
    model = write_random_artifact(tmp_path / "model").folder
    photo = small_portrait()
    acknowledged: set[tuple[str, str]] = set()
    enough = threading.Event()

    # Given: several clients that enrol, until the server is killed under them.
    with ServerProcess(tmp_path, model) as server:

        def enrol(writer: int) -> None:
            once = RetryPolicy(attempts_max=1)
            with FacenetClient(server.address, retry=once) as client:
                for number in range(FACES_EACH):
                    person_id, face_id = f"person-{writer}", f"{writer}-{number}"
                    try:
                        client.open_gallery().enroll(person_id, photo, face_id=face_id)
                    except FacenetError:
                        return
                    acknowledged.add((person_id, face_id))
                    if len(acknowledged) >= ACKNOWLEDGED_BEFORE_THE_CUT:
                        enough.set()

        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(enrol, writer) for writer in range(WRITERS)]
            assert enough.wait(60)
            server.kill()
        for writer in writers:
            writer.result()
    assert ACKNOWLEDGED_BEFORE_THE_CUT <= len(acknowledged) < WRITERS * FACES_EACH

    # When: it is started again on the same gallery.
    with ServerProcess(tmp_path, model) as server, FacenetClient(server.address) as client:
        client.wait_until_ready()
        kept = kept_faces(client)

        # Then: what was acknowledged is there, nothing is there twice, and what may be there
        # besides is at most the one enrolment of each client that was cut off.
        assert acknowledged <= set(kept)
        assert len(kept) == len(set(kept)) <= len(acknowledged) + WRITERS
        assert f"and {len(kept)} faces" in server.ready_line
        (answer,) = client.open_gallery().identify(photo)
        assert answer.is_known

        # And: sending everything again changes nothing.
        for person_id, face_id in kept:
            client.open_gallery().enroll(person_id, photo, face_id=face_id)
        assert kept_faces(client) == kept
        assert server.stop() == 0


def kept_faces(client: FacenetClient) -> list[tuple[str, str]]:
    gallery = client.open_gallery()
    people = [gallery.person(person.person_id) for person in gallery.people()]
    return [(face.person_id, face.face_id) for person in people for face in person.faces]


def small_portrait() -> bytes:
    """A portrait that is quickly searched for its face."""
    pixels = cv2.imdecode(np.frombuffer(portraits()[0], np.uint8), cv2.IMREAD_COLOR)
    return encode_jpeg(np.ascontiguousarray(pixels[:240, 110:330, ::-1]))
