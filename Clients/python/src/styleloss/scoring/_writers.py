"""Rows to files that an interrupted run leaves whole."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from ._rows import Row

_PARQUET_ROWS = 10_000


class Writer(Protocol):
    """Where rows go."""

    columns: list[str]
    """To be set before the first row, unless rows are there."""

    def written(self) -> Iterator[str]:
        """The ids of the rows that an earlier run left, in order."""
        ...

    def write(self, row: Row) -> None:
        """Adds a row."""
        ...

    def close(self) -> None:
        """Writes what is left."""
        ...


def writer(path: Path) -> Writer:
    """A writer by the path's ending: `.parquet` for a folder of Parquet files, else CSV.

    Raises:
        ImportError: Parquet is asked for, and there is no pyarrow.
    """
    return ParquetWriter(path) if path.suffix == ".parquet" else CSVWriter(path)


class CSVWriter:
    """One file, its header from the first row; a row that was cut short is dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.columns: list[str] = []

    def written(self) -> Iterator[str]:
        """The ids of the rows that are there."""
        if not self._path.exists():
            return
        self._drop_partial_row()
        with self._path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            self.columns = list(reader.fieldnames or [])
            for row in reader:
                yield row["id"]

    def write(self, row: Row) -> None:
        """Adds a row; it is in the file's hands at once."""
        _check(self.columns, row)
        values = row.to_dict()
        if self._file is None:
            self._file = self._path.open("a", newline="", encoding="utf-8")
        table = csv.writer(self._file)
        if self._file.tell() == 0:
            table.writerow(self.columns)
        table.writerow([values.get(column, "") for column in self.columns])
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def _drop_partial_row(self) -> None:
        # Rows end with CR LF, which no quoted sentence of ours holds.
        with self._path.open("rb+") as file:
            start = max(0, file.seek(0, os.SEEK_END) - (1 << 20))
            file.seek(start)
            end = file.read().rfind(b"\r\n")
            file.truncate(start + end + 2 if end >= 0 else start)


class ParquetWriter:
    """A folder of files of ten thousand rows, each there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        self._arrow: Any = pyarrow
        self._folder = folder
        self._rows: list[dict[str, Any]] = []
        self.columns: list[str] = []

    def written(self) -> Iterator[str]:
        """The ids of the rows that are there."""
        for path in self._files():
            table = self._arrow.parquet.read_table(path)
            self.columns = table.column_names
            yield from table["id"].to_pylist()

    def write(self, row: Row) -> None:
        """Adds a row; ten thousand become a file."""
        _check(self.columns, row)
        values = row.to_dict()
        self._rows.append({column: values.get(column) for column in self.columns})
        if len(self._rows) >= _PARQUET_ROWS:
            self._flush()

    def close(self) -> None:
        """Writes the last file."""
        if self._rows:
            self._flush()

    def _flush(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"part-{len(self._files()):06}.parquet"
        texts = ("id", "error")
        schema = self._arrow.schema(
            [
                (name, self._arrow.string() if name in texts else self._arrow.float64())
                for name in self.columns
            ]
        )
        table = self._arrow.Table.from_pylist(self._rows, schema=schema)
        self._arrow.parquet.write_table(table, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)
        self._rows = []

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("part-*.parquet"))


def _check(columns: Sequence[str], row: Row) -> None:
    unknown = [name for name in row.values if name not in columns]
    if unknown:
        raise ValueError(
            f"the file has no column {unknown[0]}: it is of other options, or pairs differ in masks"
        )
