"""What a YAML parser's complaint means to someone who does not know YAML. Never a complaint about a field."""

from ruamel.yaml.error import MarkedYAMLError

_OPENED, _FOUND = True, False

_MEANINGS = (
    # (words of the parser, whether the line to name is where the broken thing opened or where it was found, the mend)
    ("found character '\\t'", _FOUND, "a tab stands here, which cannot indent; use spaces, two for each level"),
    (
        "that cannot start any token",
        _FOUND,
        "unquoted text cannot begin with this character ({found}); put quotes around the text",
    ),
    (
        "could not find expected ':'",
        _OPENED,
        "this line is no `field: value`; write a colon and a blank after the field's name",
    ),
    (
        "mapping values are not allowed",
        _FOUND,
        "this colon comes unexpected: the line above lacks a colon or a blank after it, this line is indented too far, "
        "or it holds text with a colon that needs quotes around it",
    ),
    (
        "sequence entries are not allowed",
        _FOUND,
        "a list item (-) cannot follow here; write the items on their own lines below the field, or as [a, b]",
    ),
    ("found unexpected end of stream", _OPENED, "the quote that begins here is never closed; close it after the text"),
    ("found unexpected document sep", _OPENED, "the quote that begins here is never closed; close it after the text"),
    ("expected ',' or ']'", _OPENED, "the list that begins here is not closed or lacks a comma; write it as [a, b]"),
    (
        "expected ',' or '}'",
        _OPENED,
        "the fields that begin here are not closed or lack a comma; write them as {{a: 1, b: 2}}",
    ),
    (
        "unknown escape character",
        _FOUND,
        "a backslash in double quotes means something else; use single quotes around this text",
    ),
    (
        "expected alphabetic or numeric character",
        _FOUND,
        "unquoted text cannot begin with & or *; put quotes around the text",
    ),
    (
        "expected a comment or a line break",
        _FOUND,
        "unquoted text cannot begin with > or |; put quotes around the text",
    ),
    ("expected chomping or indentation", _FOUND, "unquoted text cannot begin with > or |; put quotes around the text"),
    (
        "expected the node content",
        _FOUND,
        "a value is missing here, or one of [ ] {{ }} , : - ? stands alone; write the value, or quote the text",
    ),
    (
        "expected <block end>",
        _FOUND,
        "this line does not line up with those above; indent what belongs together by the same number of spaces",
    ),
    (
        "expected '<document start>'",
        _FOUND,
        "this line stands further left than the first field; begin all of the campaign's own fields in the same column",
    ),
)


def syntax_problem(error: MarkedYAMLError) -> tuple[int, tuple[()], str]:
    """Return the line of a syntax error, the path of the whole text, and a sentence that says what to do."""
    problem = str(error.problem)
    for words, begins_there, meaning in _MEANINGS:
        if words in problem:
            mark = (begins_there and error.context_mark) or error.problem_mark or error.context_mark
            found = problem.removeprefix("found character ").partition(" that ")[0]
            return _line(mark), (), meaning.format(found=found)
    line = _line(error.problem_mark or error.context_mark)
    return line, (), f"this line cannot be read as YAML ({problem}); check its indentation, colons and quotes"


def _line(mark: object) -> int:
    return int(getattr(mark, "line", 0)) + 1
