"""Request bodies and texts, read as PHP 8.2 reads them."""

from mock_server.php.body import media_type, read
from mock_server.php.form import Form, Limits, Part, Remark, TooManyFields
from mock_server.php.urlencoded import parse_query

__all__ = ["Form", "Limits", "Part", "Remark", "TooManyFields", "media_type", "parse_query", "read"]
