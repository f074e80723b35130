"""Run as a script: a build that dies at a chosen moment without cleaning up after itself."""

import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
from itamed.benchmark.data.build import build_source

from tests.benchmark.data.conftest import NOTES, make_open_source


def die(*args, **kwargs):
    os._exit(9)


def main(moment, folder):
    real_write, real_rename = pq.write_table, Path.rename
    written = []

    def write(table, path, **kwargs):
        real_write(table, path, **kwargs)
        written.append(path)
        if moment == "writing" and len(written) == 2:
            die()

    def rename(self, target):
        if moment == "swapping" and not Path(target).name.endswith("-old"):
            die()
        return real_rename(self, target)

    pq.write_table, Path.rename = write, rename
    build_source(make_open_source(Path(folder), NOTES), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
