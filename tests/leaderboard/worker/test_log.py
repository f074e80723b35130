"""What is told of a log: its end, without what concerns nobody."""

from itamed.leaderboard.worker.log import last_line, public_tail


def told(tmp_path, text, **environment):
    path = tmp_path / "log.txt"
    path.write_bytes(text.encode())
    return public_tail(path, environment or {"X": "y"})


def test_paths_and_tokens_are_not_told(tmp_path):
    text = (
        'File "/home/anna/jobs/a/model/config.json", line 3\n'
        "hf_hub_download_to_local_dir got hf_AbCdEfGhIjKlMnOpQrStUv, Authorization: Bearer abc.def, password hunter22\n"
        "see https://huggingface.co/docs/hub/gated and 3/4 of it\n"
        "C:\\Users\\anna\\model.py\n"
    )
    found = told(tmp_path, text, DB_PASSWORD="hunter22", OMP_NUM_THREADS="3")
    assert found == (
        'File ".../config.json", line 3\n'
        "hf_hub_download_to_local_dir got [token], Authorization: [token] password [secret]\n"
        "see https://huggingface.co/docs/hub/gated and 3/4 of it\n"
        ".../model.py\n"
    )


def test_only_the_end_without_what_progress_bars_wrote(tmp_path):
    lines = [f"line {number}" for number in range(500)]
    found = told(tmp_path, "\n".join([*lines, "1 %\r2 %\r100 %", "\x1b[31mEnd\x1b[0m", ""]))
    assert found.startswith("line 302") and "100 %" in found and "2 %\r" not in found and "\x1b" not in found
    assert last_line(found) == "[31mEnd[0m"
    assert len(told(tmp_path, "x" * 10**6)) == 20_000


def test_no_log(tmp_path):
    assert public_tail(tmp_path / "none") == "" and last_line("") == ""
