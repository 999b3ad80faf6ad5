"""TFRecord files: what TensorFlow wrote is read, and damage costs the records that it hit."""

import re
from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import open_crops
from tests.training_sets import example, framed, made_crops, write_tfrecords

CROPS = made_crops({"3": 2, "8": 3})


def test_files_that_tensorflow_wrote_are_read(tmp_path: Path) -> None:
    import tensorflow as tf

    def feature(value: bytes | int | float) -> tf.train.Feature:
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value, b"another"]))
        if isinstance(value, int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=[value, 12]))
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))

    path = tmp_path / "faces.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for crop in CROPS:
            features = {
                "image/encoded": crop.data,
                "image/filename": b"a.jpg",
                "image/quality": 0.5,
                "image/class/label": int(crop.identity),
            }
            made = {name: feature(value) for name, value in features.items()}
            whole = tf.train.Example(features=tf.train.Features(feature=made))
            writer.write(whole.SerializeToString())

    with open_crops(path) as source:
        assert [(crop.identity, crop.data) for crop in source] == [
            (crop.identity, crop.data) for crop in CROPS
        ]
        assert source.reader.table.faults == ()


def test_tensorflow_reads_what_the_tests_write(tmp_path: Path) -> None:
    import tensorflow as tf

    folder = write_tfrecords(tmp_path, CROPS, shards=1)

    read = [
        bytes(each.numpy()) for each in tf.data.TFRecordDataset(sorted(map(str, folder.iterdir())))
    ]

    features = [tf.train.Example.FromString(each).features.feature for each in read]
    assert [each["image/encoded"].bytes_list.value[0] for each in features] == [
        crop.data for crop in CROPS
    ]


def test_names_are_identities_as_well(tmp_path: Path) -> None:
    records = (
        framed(example({"image": c.data, "label": f"p{c.identity}".encode()})) for c in CROPS
    )
    path = tmp_path / "faces.tfrec"
    path.write_bytes(b"".join(records))

    with open_crops(path) as source:
        assert list(source.identities) == ["p3", "p8"]
        assert source.reader.table.label_gaps == 0


def test_a_flipped_bit_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "faces.tfrec"
    blocks = [framed(example({"image": crop.data, "label": 3})) for crop in CROPS]
    hit = bytearray(blocks[2])
    hit[2000] ^= 1
    path.write_bytes(b"".join([*blocks[:2], hit, *blocks[3:]]))

    with open_crops(path) as source:
        assert source[1].data == CROPS[1].data
        assert source[3].data == CROPS[3].data
        with pytest.raises(DataInvalid, match=r"3/2 \(faces\.tfrec at byte \d+\) is corrupt"):
            source[2]


def test_a_damaged_length_costs_one_record(tmp_path: Path) -> None:
    path = tmp_path / "faces.tfrec"
    blocks = [framed(example({"image": crop.data, "label": 3})) for crop in CROPS]
    path.write_bytes(b"".join([*blocks[:2], b"\xff" + blocks[2][1:], *blocks[3:]]))

    with open_crops(path) as source:
        assert [crop.data for crop in source] == [
            crop.data for number, crop in enumerate(CROPS) if number != 2
        ]
        (fault,) = source.reader.table.faults
        assert f"at byte {len(blocks[0]) + len(blocks[1])}" in fault.name
        assert f"{len(blocks[2])} bytes on" in fault.reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (example({"label": 1}), r"no image: it has \['label'\]"),
        (b"\xff\xff", "no whole tf.train.Example"),
        (b"\x0a\x05\x0a", "no whole tf.train.Example"),
    ],
)
def test_a_record_of_another_kind_is_a_fault(tmp_path: Path, record: bytes, reason: str) -> None:
    path = tmp_path / "faces.tfrec"
    path.write_bytes(framed(example({"image": CROPS[0].data, "label": 3})) + framed(record))

    with open_crops(path) as source:
        assert len(source) == 1
        (fault,) = source.reader.table.faults

    assert re.search(reason, fault.reason)


def test_a_set_without_any_image_says_what_it_has_instead(tmp_path: Path) -> None:
    path = tmp_path / "faces.tfrec"
    path.write_bytes(framed(example({"picture": b"x"})))

    with pytest.raises(DataInvalid, match=r"no image: it has \['picture'\], known are"):
        open_crops(path)
