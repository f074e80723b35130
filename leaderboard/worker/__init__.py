"""The queue for people without a GPU: requests in, evaluations here, bundles out."""
