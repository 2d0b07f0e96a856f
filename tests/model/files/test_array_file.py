import json
import pickle
import signal

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from dpvae.model.files.array_file import is_pickle, read_arrays, write_arrays
from dpvae.model.files.encoding import RefusedError

ARRAYS = {
    "weights.a": np.arange(4, dtype="f4").reshape(2, 2),
    "number": np.array(3, dtype="i8"),
    "empty": np.zeros((0, 3)),
    "is": np.array([True, False]),
}
DOCUMENT = {"genes": ["é", "b"], "unit": 0.1}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file.safetensors"
    write_arrays(path, DOCUMENT, ARRAYS)
    return path


def test_what_was_written_is_read(file):
    document, arrays = read_arrays(file)
    assert document == DOCUMENT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_the_same_content_gives_the_same_file(file, tmp_path):
    write_arrays(tmp_path / "again", DOCUMENT, dict(reversed(ARRAYS.items())))
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_other_programs_read_the_arrays(file):
    np.testing.assert_array_equal(load_file(file)["weights.a"], ARRAYS["weights.a"])


def test_every_byte_that_changes_is_noticed(file):
    whole = file.read_bytes()
    for position in range(len(whole)):
        for change in (0xFF, 1 << position % 8):
            damaged = bytearray(whole)
            damaged[position] ^= change
            file.write_bytes(damaged)
            with pytest.raises(Exception):  # noqa: B017, PT011 - of any kind
                read_arrays(file)


def test_a_file_that_is_too_short_or_too_long_is_noticed(file):
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[: len(whole) // 2], b"", whole + b"\0"):
        file.write_bytes(damaged)
        with pytest.raises(Exception):  # noqa: B017, PT011 - of any kind
            read_arrays(file)


def test_arrays_of_another_kind_with_the_same_bytes_are_noticed(file):
    arrays = load_file(file)
    text = json.dumps({"sha256": checksum_in(file), "content": DOCUMENT})
    save_file(arrays, file, metadata={"dpvae": text})
    read_arrays(file)
    save_file({**arrays, "number": arrays["number"].view("u8")}, file, metadata={"dpvae": text})
    with pytest.raises(ValueError, match="checksum does not fit"):
        read_arrays(file)
    save_file({**arrays, "more": arrays["number"]}, file, metadata={"dpvae": text})
    with pytest.raises(ValueError, match="checksum does not fit"):
        read_arrays(file)


def checksum_in(file):
    header = file.read_bytes()[8:]
    text = json.JSONDecoder().raw_decode(header.decode("utf-8", "replace"))[0]
    return json.loads(text["__metadata__"]["dpvae"])["sha256"]


@pytest.mark.parametrize("write", [torch.save, lambda of, path: path.write_bytes(pickle.dumps(of))])
def test_a_pickle_with_another_name_is_refused(write, file):
    assert not is_pickle(file)
    write({"weights": torch.zeros(3)}, file)
    assert is_pickle(file)
    with pytest.raises(RefusedError, match="is a pickle with another name"):
        read_arrays(file)


def test_a_disk_that_is_full_is_an_error_of_the_system(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_arrays(tmp_path / "file", DOCUMENT, {"big": np.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
