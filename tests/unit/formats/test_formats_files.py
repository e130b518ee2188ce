import errno
import os
import stat
from pathlib import Path

import pytest

from allabel.errors import InputError
from allabel.formats.files import read_lines, read_text, write_atomically


def lines_of(path: Path) -> list[tuple[int, str]]:
    return list(read_lines(path))


def test_lines_end_at_lf_only_and_lose_one_cr(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes("a\u2028b\x85c\x0bd\re\r\r\nlast".encode())
    assert lines_of(path) == [(1, "a\u2028b\x85c\x0bd\re\r"), (2, "last")]


def test_a_byte_order_mark_goes_at_the_start_and_stays_elsewhere(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes("\ufeffa\n\ufeffb\n".encode())
    assert lines_of(path) == [(1, "a"), (2, "\ufeffb")]


def test_broken_utf8_names_file_line_byte_and_remedy(tmp_path: Path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"fine\n180 \xb0C\n")
    with pytest.raises(InputError) as caught:
        lines_of(path)
    message = str(caught.value)
    assert f"{path}, line 2" in message
    assert "0xb0" in message
    assert "byte 5" in message
    assert "UTF-8" in caught.value.remedy


def test_a_missing_file_and_a_folder_are_input_errors(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        lines_of(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        lines_of(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_an_input_error(tmp_path: Path):
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        lines_of(path)


def test_lines_are_read_as_they_are_asked_for(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"good\n" * 3 + b"\xff\n")
    lines = read_lines(path)
    assert next(lines) == (1, "good")


def test_a_whole_text_keeps_its_line_ends(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"a\r\nb\n\rc")
    assert read_text(path) == "a\r\nb\n\rc"


def test_a_written_file_holds_exactly_what_was_written_and_nothing_lies_beside_it(tmp_path: Path):
    path = tmp_path / "out"
    with write_atomically(path) as handle:
        handle.write("a\r\nb\nü")
        assert not path.exists()
    assert path.read_bytes() == "a\r\nb\nü".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_the_old_file_and_no_temporary_one(tmp_path: Path):
    path = tmp_path / "out"
    path.write_text("old")

    def write_half(failure: type[BaseException]) -> None:
        with write_atomically(path) as handle:
            handle.write("new")
            raise failure

    for failure in (ValueError, KeyboardInterrupt):
        with pytest.raises(failure):
            write_half(failure)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_is_an_input_error_that_names_the_path(tmp_path: Path):
    path = tmp_path / "out"
    with pytest.raises(InputError, match="out: cannot be written") as caught, write_atomically(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert "free some room" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_trouble_of_the_caller_is_not_blamed_on_the_output(tmp_path: Path):
    with pytest.raises(ConnectionError), write_atomically(tmp_path / "out"):
        raise ConnectionError("the server went away")


def test_a_missing_folder_a_folder_and_a_device_cannot_be_written(tmp_path: Path):
    for path, remedy in ((tmp_path / "no" / "out", "mkdir -p"), (tmp_path, "a file"), (Path("/dev/null"), "a file")):
        with pytest.raises(InputError) as caught, write_atomically(path):
            pass
        assert str(path) in str(caught.value)
        assert remedy in caught.value.remedy
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission_is_an_input_error(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"), write_atomically(tmp_path / "out"):
        pass


def test_half_a_surrogate_pair_is_an_input_error_not_half_a_file(tmp_path: Path):
    with pytest.raises(InputError, match="surrogate"), write_atomically(tmp_path / "out") as handle:
        handle.write("a\ud83db")
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link_and_the_mode_stays_the_mode(tmp_path: Path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with write_atomically(link) as handle:
        handle.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
