"""The store of accepted bundles, and the static site that shows them."""
