"""What counts as a line of code."""

from tools.code_lines import code_lines


def test_only_code_counts() -> None:
    text = '"""A file\nof two lines."""\n\nimport os  # a comment\n\n# another\nNAME = (\n    1,\n)\n"""NAME."""\n\n\n'
    text += 'def told() -> str:\n    """Said\n    here."""\n    return """kept\n    whole"""\n'
    # import, three of NAME, the string behind it, def, and the two of what is returned
    assert code_lines(text) == 8
    assert code_lines('"""Nothing."""\n') == 0
