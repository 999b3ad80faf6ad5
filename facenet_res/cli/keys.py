"""`facenet-res keys ...`: the API keys of a server, in a file."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from facenet_res.cli.console import note, print_json, print_table
from facenet_res.cli.options import Subparsers, add_command, add_group
from facenet_res.core import exit_codes
from facenet_res.core.extras import require

EXAMPLES = """examples:
  facenet-res keys create kiosk --scope gallery.identify --file keys.json
  facenet-res keys list --file keys.json
  facenet-res keys revoke 3f9a1c02b7de --file keys.json
  facenet-res serve --gallery staff --api-keys keys.json

The file holds hashes; a key is printed once, when it is created. A running server takes notice of
a changed file within a second or two. The scopes are listed in docs/security.md."""
MODULES = ("grpc", "jwt", "cryptography")


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the group and its commands."""
    actions = add_group(subparsers, "keys", "create and revoke API keys of a server", EXAMPLES)
    parser = add_command(actions, "create", _create, "create a key, which is printed once")
    parser.add_argument("name", metavar="NAME", help="for people to read")
    parser.add_argument(
        "--scope", action="append", default=[], metavar="SCOPE", help="may be repeated; * for all"
    )
    _add_file(parser)
    parser = add_command(actions, "list", _list, "list the keys, without the keys themselves")
    _add_file(parser)
    parser = add_command(actions, "revoke", _revoke, "revoke a key for good")
    parser.add_argument("key_id", metavar="ID", help="id of the key, as list shows it")
    _add_file(parser)


def _add_file(parser: object) -> None:
    parser.add_argument(  # type: ignore[attr-defined]
        "--file", type=Path, required=True, metavar="FILE", help="file of the keys"
    )


def _create(arguments: Namespace) -> int:
    require("API keys", MODULES, "server")
    from facenet_res.server.security.api_keys import create_key

    key = create_key(arguments.file, arguments.name, arguments.scope)
    if arguments.json:
        print_json({"key": key, "name": arguments.name, "scopes": arguments.scope})
    else:
        print(key)
        note("it is not kept and cannot be shown again; send it as x-api-key")
    return exit_codes.OK


def _list(arguments: Namespace) -> int:
    require("API keys", MODULES, "server")
    from facenet_res.server.security.api_keys import read_keys

    rows = [
        {
            "id": key.key_id,
            "name": key.name,
            "scopes": list(key.scopes),
            "created": _date(key.created_unix_s),
            "revoked": _date(key.revoked_unix_s),
        }
        for key in read_keys(arguments.file).values()
    ]
    if arguments.json:
        print_json(rows)
    else:
        head = ("id", "name", "scopes", "created", "revoked")
        texts = [{**row, "scopes": " ".join(row["scopes"])} for row in rows]
        print_table(head, [[str(row[name]) for name in head] for row in texts])
    return exit_codes.OK


def _revoke(arguments: Namespace) -> int:
    require("API keys", MODULES, "server")
    from facenet_res.server.security.api_keys import revoke_key

    key = revoke_key(arguments.file, arguments.key_id)
    if arguments.json:
        print_json({"id": key.key_id, "revoked": _date(key.revoked_unix_s)})
    else:
        note(f"{key.key_id} ({key.name}) is revoked")
    return exit_codes.OK


def _date(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds") if unix_s else ""
