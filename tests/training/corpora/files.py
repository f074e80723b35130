"""Two texts, and corpora of every format that hold them."""

import io
import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq

TEXT = "La paziente lamenta da due settimane una tosse secca che non passa con lo sciroppo e che di notte la sveglia."
OTHER = "Il tracciato mostra un ritmo regolare e non ci sono segni di ischemia: il dolore al petto è di altra natura."


def written(tmp_path, form, texts=(TEXT, OTHER)):
    """Write texts as a corpus; return its path."""
    if form == "text":
        for name, text in enumerate(texts, 1):
            (tmp_path / f"{name}.txt").write_text(text)
        return tmp_path
    path = tmp_path / f"x.{form}"
    if form == "jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    elif form == "parquet":
        pq.write_table(pa.table({"text": list(texts)}), path)
    else:
        path = tmp_path / "E3C.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, text in enumerate(texts, 1):
                content = json.dumps({"id": f"IT{name}", "description": "leaflets", "text": text}).encode()
                member = tarfile.TarInfo(f"E3C/data_collection/Italian/layer3/IT{name}.json")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path
