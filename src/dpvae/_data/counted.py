"""Numbers of things in messages."""


def counted(number: int, one: str, several: str = "") -> str:
    """Say how many there are: "1 row is", "2 rows are".

    Parameters
    ----------
    number
        How many.
    one
        What one of them is called, perhaps with its verb.
    several
        What others are called; by default with an s at its end.
    """
    return f"{number} {one if number == 1 else several or f'{one}s'}"
