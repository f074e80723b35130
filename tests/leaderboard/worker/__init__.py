"""The queue, its worker, and what strangers may do to them."""
