"""`--check`: whether the settings can be served, without serving."""

from facenet_res.core.artifact import read_artifact
from facenet_res.core.model_names import model_folder
from facenet_res.server.address import probe
from facenet_res.server.app import open_access, open_tls
from facenet_res.server.config import ServerConfig


def check(config: ServerConfig) -> None:
    """Reads every file that serving would read, and takes the addresses for a moment.

    The gallery is not opened: another process may have it open.

    Raises:
        FacenetError: what starting the server would raise.
    """
    config.check_together()
    open_tls(config)
    open_access(config)
    read_artifact(model_folder(config.recognizer().model))
    for address in filter(None, (config.address, config.metrics_address)):
        probe(address)
