"""Request bodies and texts, read as PHP 8.2 reads them."""

from mock_server.forms.body import read
from mock_server.forms.form import Form, Limits, Part, Remark, TooManyFields
from mock_server.forms.urlencoded import parse_query

__all__ = ["Form", "Limits", "Part", "Remark", "TooManyFields", "parse_query", "read"]
