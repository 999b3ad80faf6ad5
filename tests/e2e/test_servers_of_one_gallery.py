"""Two servers share one gallery in PostgreSQL: a write through one is seen through the other."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from facenet_res.client import FacenetClient
from facenet_res.core.errors import UnknownPerson
from tests.artifacts import write_random_artifact
from tests.postgres_server import PostgresServer
from tests.serving import ServerProcess, portraits

pytestmark = pytest.mark.e2e


def test_a_write_through_one_server_is_seen_through_the_other(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    model = write_random_artifact(tmp_path / "model").folder
    image, other_image = portraits()
    place = ("--gallery", postgres.new_url())

    with ExitStack() as stack:
        # Given: two servers that start at once on a gallery that is not there yet.
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        with ThreadPoolExecutor() as threads:
            starts = [threads.submit(ServerProcess, folder, model, *place) for folder in folders]
            servers = [stack.enter_context(start.result()) for start in starts]
        one, two = (
            stack.enter_context(FacenetClient(server.address)).open_gallery() for server in servers
        )

        # When and then: each sees at once what the other has done.
        face = one.enroll("ada", image, display_name="Ada")
        assert two.identify(image, threshold=0.99)[0].person_id == "ada"
        assert two.person("ada").name == "Ada"
        two.enroll("bob", other_image)
        assert one.verify("bob", other_image, threshold=0.99).is_match
        assert two.enroll("ada", image) == face, "a retry through the other server"
        one.delete_person("ada")
        assert two.identify(image, threshold=0.99)[0].person_id != "ada"
        with pytest.raises(UnknownPerson):
            two.person("ada")

        # And: the end of one is nothing to the other.
        servers[0].kill()
        two.enroll("ada", image)
        assert two.identify(image, threshold=0.99)[0].person_id == "ada"
        assert servers[1].stop() == 0
