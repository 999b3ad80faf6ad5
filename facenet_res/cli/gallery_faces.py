"""The actions of `facenet-res gallery` that ask about photographs: identify, verify."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from facenet_res.cli.batch import as_dicts, conclude, find_photographs, not_read
from facenet_res.cli.console import print_json, print_table, progress
from facenet_res.cli.options import decision, opened_gallery
from facenet_res.cli.verify import answer_code, face_of, print_verification
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from facenet_res.core.types import Identification


def run_identify(arguments: Namespace) -> int:
    """Says who the faces of photographs are."""
    from facenet_res.pipeline.bulk import FileFaces, embed_files

    photographs = find_photographs(arguments.images)
    paths, left_out = photographs.paths, list(photographs.left_out)
    images: list[dict[str, Any]] = []
    with (
        opened_gallery(arguments) as (gallery, pipeline, manifest),
        progress(len(paths), "photo") as tell,
    ):
        threshold, rate = decision(arguments, manifest)
        for result in embed_files(pipeline, paths, on_progress=tell):
            if not isinstance(result, FileFaces):
                left_out.append(not_read(result))
                continue
            faces = []
            for face in result.faces:
                (said,) = gallery.identify(face.embedding[None], threshold, arguments.top_k)
                box = face.box
                place = {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}
                faces.append({"box": place, **_identified(said)})
            images.append({"path": str(result.path), "faces": faces})
    if arguments.json:
        about = {"threshold": threshold, "fmr": rate or None}
        print_json({**about, "images": images, "skipped": as_dicts(left_out)})
    else:
        _print_identified(images, threshold)
    code = conclude(len(images), left_out) if left_out else exit_codes.OK
    if code != exit_codes.OK:
        return code
    # Whoever asks "is everybody known?" is not told yes for a photograph that nobody looked at.
    everybody_known = not left_out and all(
        image["faces"] and all(face["person_id"] for face in image["faces"]) for image in images
    )
    return answer_code(arguments, is_yes=everybody_known)


def run_verify(arguments: Namespace) -> int:
    """Says whether a photograph shows a person of the gallery."""
    with opened_gallery(arguments) as (gallery, pipeline, manifest):
        threshold, rate = decision(arguments, manifest)
        face = face_of(pipeline, arguments.image, largest=arguments.largest)
        answer = gallery.verify(arguments.person, face.embedding, threshold, rate)
    print_verification(arguments, answer, manifest.model_id)
    return answer_code(arguments, is_yes=answer.is_match)


def _identified(said: "Identification") -> dict[str, Any]:
    return {
        "person_id": said.person_id or None,
        "candidates": [
            {"person_id": match.person_id, "face_id": match.face_id, "score": match.score}
            for match in said.candidates
        ],
    }


def _print_identified(images: list[dict[str, Any]], threshold: float) -> None:
    rows: list[tuple[str, ...]] = []
    for image in images:
        if not image["faces"]:
            rows.append((image["path"], "", "no face", "", "", ""))
        for number, face in enumerate(image["faces"], start=1):
            best = face["candidates"][0] if face["candidates"] else None
            closest = best["person_id"] if best else "(empty gallery)"
            similarity = f"{best['score']:.4f}" if best else ""
            who = face["person_id"] or "unknown"
            also = ", ".join(
                f"also {match['person_id']}, {match['score']:.4f}"
                for match in face["candidates"][1:]
                if match["score"] >= threshold
            )
            rows.append((image["path"], str(number), who, closest, similarity, also))
    print_table(("photograph", "face", "person", "closest", "score", ""), rows)
    print(f"threshold {threshold:.4f}")
