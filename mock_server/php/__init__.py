"""Request bodies and texts, read as PHP 8.2 reads them."""

from mock_server.php.body import media_type, parse_query, read
from mock_server.php.form import FormLimits, Part, Remark, SentForm, TooManyFields

__all__ = ["FormLimits", "Part", "Remark", "SentForm", "TooManyFields", "media_type", "parse_query", "read"]
