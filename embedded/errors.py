"""What can go wrong, said in one sentence the operator can act upon."""


class CannotStart(Exception):
    """A server or a folder could not be made ready; the message says why and what to do."""
