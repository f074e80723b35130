"""Errors of the project: each message says what is wrong and what to do about it."""


class ItamedError(Exception):
    """Base of every error that the project raises on purpose.

    The command line prints the message alone, without a traceback, and exits with status 1.
    """


class SourceError(ItamedError):
    """A source archive is missing, damaged, of another version, or cannot be downloaded."""


class SchemaError(ItamedError):
    """A source was read but its content has not the expected columns, labels or offsets."""


class DataMissingError(ItamedError):
    """A task was asked for whose rows have not been built and cannot be fetched."""


class PublishError(ItamedError):
    """An upload was refused: licence, missing build, missing token or network."""


def reason_of(error: BaseException) -> str:
    """Return the message of somebody else's error on one line, without a final stop, to go into one of ours.

    It never holds what was read, as a `repr` may: that of a decoding error is the whole file. Of a missing key it says
    that it is missing, which a `KeyError` itself leaves to its name.
    """
    said = f"no {error}" if isinstance(error, KeyError) else str(error)
    return " ".join(said.split()).rstrip(".")
