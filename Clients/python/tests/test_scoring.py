"""Scores of data sets: order, memory, resumption, the queue, and files that are broken."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path

import numpy as np
import pytest

import styleloss
from styleloss.scoring import rows
from styleloss.scoring._stream import Window
from styleloss.scoring.command import main

from .conftest import IMAGES

OPTIONS = {"layout": "chw", "range": "0..1", "layers": ["pool1"]}
OUTPUT, TARGET = IMAGES / "crop-97x61-output.png", IMAGES / "crop-97x61-target.png"


def pairs(count: int, start: int = 0, side: int = 24):
    for index in range(start, count):
        output, target = np.random.default_rng(index).random((2, 3, side, side), np.float32)
        yield f"pair-{index}", output, target


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_rows_come_in_order_with_what_the_client_answers(client) -> None:
    scored = list(rows(pairs(30), client=client, **OPTIONS))
    assert [row.id for row in scored] == [f"pair-{index}" for index in range(30)]
    for row, (_, output, target) in list(zip(scored, pairs(30), strict=True))[::10]:
        losses = client.losses(output, target, **OPTIONS)
        assert row.values["total"] == losses.total
        assert row.values["style"] == losses.terms["style"].loss
        assert row.values["style.pool1"] == losses.terms["style"].layers["pool1"]


def test_pairs_are_taken_no_further_ahead_than_there_is_room(client) -> None:
    taken = []

    def source():
        for given in pairs(100):
            taken.append(given[0])
            yield given

    scored = rows(source(), client=client, **OPTIONS)
    for count in range(1, 11):
        next(scored)
        assert len(taken) <= count + Window(client.info().limits).most
    scored.close()


def test_a_file_has_a_row_for_each_pair(client, tmp_path) -> None:
    path = tmp_path / "scores.csv"
    summary = styleloss.score(pairs(12), path, client=client, **OPTIONS)
    table = read(path)
    assert (summary.scored, summary.failed, summary.resumed) == (12, 0, 0)
    assert [row["id"] for row in table] == [f"pair-{index}" for index in range(12)]
    assert summary.mean_total == pytest.approx(np.mean([float(row["total"]) for row in table]))
    assert list(table[0]) == [
        "id",
        "total",
        "perceptual",
        "perceptual.pool1",
        "style",
        "style.pool1",
        "error",
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("damage", [b"", b"pair-5,12.5,", b"\r"])
def test_an_interrupted_run_goes_on_where_it_was(client, tmp_path, ending, damage) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    whole, path = tmp_path / f"whole.{ending}", tmp_path / f"scores.{ending}"
    styleloss.score(pairs(24), whole, client=client, **OPTIONS)

    def interrupted():
        yield from pairs(20)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        styleloss.score(interrupted(), path, client=client, **OPTIONS)
    if ending == "csv":
        before = read(path)
        with path.open("ab") as file:
            file.write(damage)
    else:
        before = [None] * len(read_parquet(path))
        (path / "part-000007.tmp").write_bytes(damage)
    summary = styleloss.score(pairs(24), path, client=client, **OPTIONS)
    assert summary.resumed == len(before) >= 1
    assert summary.scored == 24 - len(before)
    if ending == "csv":
        assert path.read_bytes() == whole.read_bytes()
    else:
        assert read_parquet(path) == read_parquet(whole)


def read_parquet(folder: Path) -> list[dict[str, object]]:
    parquet = pytest.importorskip("pyarrow.parquet")
    return [
        row
        for path in sorted(folder.glob("part-*.parquet"))
        for row in parquet.read_table(path).to_pylist()
    ]


def test_a_file_of_other_pairs_or_options_is_not_gone_on_with(client, tmp_path) -> None:
    path = tmp_path / "scores.csv"
    styleloss.score(pairs(3), path, client=client, **OPTIONS)
    with pytest.raises(ValueError, match="pair-0 where the pairs have pair-1"):
        styleloss.score(pairs(5, start=1), path, client=client, **OPTIONS)
    with pytest.raises(ValueError, match=r"no column perceptual\.pool2"):
        styleloss.score(pairs(5), path, client=client, **{**OPTIONS, "layers": ["pool2"]})
    with pytest.raises(FileExistsError):
        styleloss.score(pairs(5), path, client=client, resume=False, **OPTIONS)


def test_pairs_that_fail_have_rows_that_say_why(client, tmp_path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(OUTPUT.read_bytes()[:200])
    given = [
        (tmp_path / "absent.png", TARGET),
        (broken, TARGET),
        (OUTPUT, TARGET),
        ("odd", OUTPUT, 3.5),
        ("sizes", OUTPUT, IMAGES / "crop-37x51-target.png"),
    ]
    path = tmp_path / "scores.csv"
    summary = styleloss.score(given, path, client=client)
    table = read(path)
    assert (summary.scored, summary.failed) == (1, 4)
    assert [row["error"].partition(":")[0] for row in table] == [
        "FileNotFoundError",
        "invalid_image",
        "",
        "TypeError",
        "shape_mismatch",
    ]
    assert [bool(row["total"]) for row in table] == [False, False, True, False, False]


def test_when_nothing_can_be_scored_there_is_no_file(client, tmp_path) -> None:
    with pytest.raises(styleloss.StyleLossError, match="unknown_preset"):
        styleloss.score(pairs(3), tmp_path / "scores.csv", client=client, preset="none")
    assert not (tmp_path / "scores.csv").exists()


def test_a_service_that_is_not_there_ends_the_run(tmp_path) -> None:
    gone = styleloss.Client(f"unix:{tmp_path}/none", retries=styleloss.Retries(connection=1))
    with pytest.raises(styleloss.ConnectionFailedError):
        styleloss.score(pairs(3), tmp_path / "scores.csv", client=gone)


def test_the_queue_is_never_empty_and_nothing_is_refused(binary, tmp_path) -> None:
    options = ["--workers", "1", "--queue-jobs", "6"]
    with styleloss.serve(path=binary, options=options) as service:
        with service.client() as client:
            depths = []
            over = threading.Event()

            def watch() -> None:
                while not over.wait(0.02):
                    text = bytes(client._transport.request("GET", "/metrics").body).decode()
                    (line,) = (
                        x for x in text.splitlines() if x.startswith("styleloss_jobs_pending ")
                    )
                    depths.append(float(line.split()[1]))

            watcher = threading.Thread(target=watch)
            watcher.start()
            # Large enough that the service is what takes the time.
            given = pairs(60, side=160)
            summary = styleloss.score(given, tmp_path / "scores.csv", client=client, **OPTIONS)
            over.set()
            watcher.join()
            assert client.refusals == 0
    assert summary.scored == 60
    middle = depths[len(depths) // 10 : -max(1, len(depths) // 10)]
    assert np.median(middle) >= 2
    assert max(depths) <= 7


def test_two_runs_share_a_small_queue(binary, tmp_path) -> None:
    options = ["--workers", "1", "--queue-jobs", "2"]
    with styleloss.serve(path=binary, options=options) as service:

        def run(name: str) -> None:
            with service.client() as client:
                styleloss.score(pairs(60), tmp_path / name, client=client, **OPTIONS)

        runs = [threading.Thread(target=run, args=(f"{n}.csv",)) for n in range(3)]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()
    files = [(tmp_path / f"{n}.csv").read_bytes() for n in range(3)]
    assert files[0] == files[1] == files[2]
    assert len(files[0].splitlines()) == 61


def test_windows_shrink_by_half_and_grow_by_one() -> None:
    window = Window({"workers": 2, "queue_jobs": 64})
    assert window.size == 12
    window.answered(1)
    assert window.size == 6
    window.answered(3)
    assert window.size == 3
    for _ in range(3):
        window.answered(3)
    assert window.size == 4
    for _ in range(200):
        window.answered(3)
    assert window.size == 12
    assert Window({"workers": 4, "queue_jobs": 1}).size == 4


def test_the_command_scores_a_table_of_files(service, tmp_path, capsys) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text(f"id,output,target\r\none,{OUTPUT},{TARGET}\r\ntwo,{OUTPUT},{OUTPUT}\r\n")
    arguments = [str(table), str(tmp_path / "scores.csv"), "--url", service.url]
    assert main([*arguments, "--option", 'layers=["pool1"]', "--option", "gram=raw"]) == 0
    assert json.loads(capsys.readouterr().out)["scored"] == 2
    assert float(read(tmp_path / "scores.csv")[1]["total"]) == 0
    assert main([str(tmp_path / "none.csv"), "x.csv", "--url", service.url]) == 2
