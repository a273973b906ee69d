"""The one exception for mistakes that are the user's: commands print it as one line and exit with status 2."""


class UserError(Exception):
    """Says what was wrong, where, what was expected and what was found, in one line."""


class TrainingDivergedError(Exception):
    """A loss, gradient or parameter stopped being finite. Commands exit with status 3."""
