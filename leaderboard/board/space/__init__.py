"""What a Hugging Face Space needs beside the pages: `app.py` runs there, not here."""
