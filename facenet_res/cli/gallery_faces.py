"""`facenet-res gallery identify` and `gallery verify`: images against a gallery."""

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from facenet_res.cli.batch import as_dicts, conclude
from facenet_res.cli.console import print_json, print_table, progress
from facenet_res.cli.faces import box_document, split
from facenet_res.cli.options import opened_gallery
from facenet_res.cli.verify import answer_code, print_verification
from facenet_res.core import exit_codes
from facenet_res.core.image_files import check_regular, find_image_files

if TYPE_CHECKING:
    from facenet_res.core.operating_point import OperatingPoint
    from facenet_res.core.types import Face, Identification

DUPLICATES_NOTES = """examples:
  facenet-res gallery duplicates --gallery staff
  facenet-res gallery duplicates --gallery staff --fmr 1e-4 --json

Every person is compared with every other; pairs are ranked by their closest faces. The time grows
with the square of the number of faces."""


def run_identify(arguments: Namespace) -> int:
    """Identifies the faces of images."""
    files = find_image_files(arguments.images)
    with opened_gallery(arguments) as gallery, progress(len(files.paths), "images") as tell:
        recognizer = gallery.recognizer
        point = gallery.operating_point(
            fpir=arguments.fpir, fmr=arguments.fmr, threshold=arguments.threshold
        )
        many = recognizer.embed_many(files.paths, on_progress=tell)
        results, skipped = split(many, files.skipped)
        answered = [
            (result, gallery.identify_faces(result.faces, point, arguments.k)) for result in results
        ]
        images: list[dict[str, Any]] = [
            {
                "path": result.source,
                "faces": [*map(_identified, result.faces, answers)],
            }
            for result, answers in answered
        ]
    if arguments.json:
        about = {"threshold": point.threshold, "fpir": point.fpir, "fmr": point.fmr}
        print_json({**about, "images": images, "skipped": as_dicts(skipped)})
    else:
        _print_identified(images, point)
    code = conclude(len(images), skipped) if skipped else exit_codes.OK
    if code != exit_codes.OK:
        return code
    # Whoever asks "is everybody known?" is not told yes for an image that nobody looked at.
    everybody_known = not skipped and all(
        image["faces"] and all(face["person_id"] for face in image["faces"]) for image in images
    )
    return answer_code(arguments, is_yes=everybody_known)


def run_verify(arguments: Namespace) -> int:
    """Compares an image with a person of the gallery."""
    check_regular(arguments.image)
    with opened_gallery(arguments) as gallery:
        answer = gallery.verify(
            arguments.person,
            arguments.image,
            fmr=arguments.fmr,
            threshold=arguments.threshold,
            largest=arguments.largest,
        )
        info = gallery.recognizer.info()
    print_verification(arguments, answer, info)
    return answer_code(arguments, is_yes=answer.is_match)


def run_duplicates(arguments: Namespace) -> int:
    """Lists pairs of people whose faces are as alike as one person's."""
    with opened_gallery(arguments) as gallery:
        point = gallery.recognizer.operating_point(fmr=arguments.fmr, threshold=arguments.threshold)
        found = gallery.embeddings.duplicates(point.threshold, arguments.limit)
    if arguments.json:
        pairs = [asdict(pair) for pair in found]
        print_json({"threshold": point.threshold, "fmr": point.fmr, "duplicates": pairs})
    else:
        rows = [(one.person_id, one.other_person_id, f"{one.score:.4f}") for one in found]
        print_table(("person", "other person", "score"), rows)
        print(f"threshold {point.threshold:.4f}")
    return answer_code(arguments, is_yes=not found)


def _identified(face: "Face", said: "Identification") -> dict[str, Any]:
    return {
        "box": box_document(face),
        "person_id": said.person_id or None,
        "outside": list(said.outside),
        "candidates": [
            {"person_id": each.person_id, "face_id": each.face_id, "score": each.score}
            for each in said.candidates
        ],
    }


def _print_identified(images: list[dict[str, Any]], point: "OperatingPoint") -> None:
    rows: list[tuple[str, ...]] = []
    for image in images:
        if not image["faces"]:
            rows.append((image["path"], "", "no face", "", "", ""))
        for number, face in enumerate(image["faces"], start=1):
            best = face["candidates"][0] if face["candidates"] else None
            closest = best["person_id"] if best else "(gallery is empty)"
            score = f"{best['score']:.4f}" if best else ""
            who = face["person_id"] or "unknown"
            also = ", ".join(
                f"also {match['person_id']}, {match['score']:.4f}"
                for match in face["candidates"][1:]
                if match["score"] >= point.threshold
            )
            remarks = "; ".join([*filter(None, [also]), *face["outside"]])
            rows.append((image["path"], str(number), who, closest, score, remarks))
    print_table(("image", "face", "person", "closest", "score", ""), rows)
    rate = f", FPIR {point.fpir:g}" if point.fpir else f", FMR {point.fmr:g}" if point.fmr else ""
    print(f"threshold {point.threshold:.4f}{rate}")
