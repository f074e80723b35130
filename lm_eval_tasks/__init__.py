"""The 20 tasks of itamed, as the harness reads them."""
