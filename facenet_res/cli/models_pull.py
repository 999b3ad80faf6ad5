"""`facenet-res models pull NAME`: a published model, downloaded, verified and imported."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_json, print_table, progress
from facenet_res.cli.models_import import add_terms, check_terms, import_file, print_imported
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from facenet_res.convert.published import Published

EXAMPLES = """examples:
  facenet-res models pull              (lists the catalogue, with terms)
  facenet-res models pull sface --out models/sface --licence-accepted
  facenet-res models pull ours-r50 --catalogue ours.toml --licence-accepted

No other command downloads anything. Size and SHA-256 of the file are checked; an interrupted
transfer is resumed. A catalogue is a TOML file of [[models]] with name, address, sha256, bytes and
licence: see docs/models.md."""


def add_parser(actions: Subparsers) -> None:
    """Adds `models pull`."""
    parser = add_command(
        actions, "pull", run, "download, verify and import a published model", EXAMPLES
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="model of the catalogue; lists all where absent"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="model folder to make (default: NAME)"
    )
    parser.add_argument(
        "--catalogue",
        type=Path,
        metavar="TOML",
        help="another catalogue than the one in the package",
    )
    add_terms(parser)


def run(arguments: Namespace) -> int:
    """Lists the catalogue, or fetches one model of it into a folder that serves."""
    from facenet_res.convert.published import OWN_CATALOGUE, published, read_catalogue

    catalogue = read_catalogue(arguments.catalogue or OWN_CATALOGUE)
    if arguments.name is None:
        _print_catalogue(catalogue, as_json=arguments.json)
        return exit_codes.OK
    model = published(arguments.name, catalogue)
    check_terms(arguments, model.licence)
    _pull(model, arguments)
    return exit_codes.OK


def _pull(model: "Published", arguments: Namespace) -> None:
    from facenet_res.convert.fetch import fetch
    from facenet_res.convert.importing import ImportConfig, check_import

    out = arguments.out or Path(model.name)
    settings = {name: value for name, value in model.settings.items() if name != "licence"}
    config = ImportConfig(
        name=model.name,
        licence=model.licence,
        as_is=model.as_is,
        overwrite=arguments.overwrite,
        **{"training": f"pulled from {model.address}", **settings},
    )
    # Said before hundreds of megabytes come.
    check_import(out, config)
    file = out.absolute().parent / model.file_name
    note(f"downloading {model.bytes / 1e6:.1f} MB from {model.address}")
    with progress(model.bytes, "bytes") as tell:
        fetch(model, file, tell)
    imported = import_file(file, out, config)
    file.unlink()
    print_imported(imported, out, as_json=arguments.json)


def _print_catalogue(catalogue: "tuple[Published, ...]", *, as_json: bool) -> None:
    if as_json:
        names = ("name", "about", "bytes", "licence", "address", "sha256")
        print_json([{name: getattr(one, name) for name in names} for one in catalogue])
        return
    rows = [
        (one.name, f"{one.bytes / 1e6:8.1f}", f"{one.about}; terms: {one.licence}")
        for one in catalogue
    ]
    print_table(("name", f"{'MB':>8}", "network and terms"), rows)
