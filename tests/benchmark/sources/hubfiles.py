"""Write made-up Hub data sets as a user's sources folder holds them."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
from itamed.benchmark.sources.hub import find_tables


def hub_tables(folder, data, files):
    """Write records under paths inside the data set's folder, and return the data set found there."""
    place = folder / data.repos[0].rpartition("/")[2]
    for name, records in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(records), path)
        else:
            path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return find_tables(data, folder)
