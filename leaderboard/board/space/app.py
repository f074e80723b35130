"""The leaderboard as a Gradio Space: the static pages beside this file, in a frame."""

from pathlib import Path

import gradio
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

FRAME = (
    '<iframe src="/board/index.html" title="itamed leaderboard" allow="clipboard-write" '
    'style="width:100%;height:95vh;border:0"></iframe>'
)

server = FastAPI()
server.mount("/board", StaticFiles(directory=Path(__file__).parent, html=True))
with gradio.Blocks(title="itamed leaderboard", fill_width=True) as page:
    gradio.HTML(FRAME)
app = gradio.mount_gradio_app(server, page, path="/")

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=7860)
