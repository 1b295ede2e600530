"""The document as the machine sees it: frozen facts and compiled checks."""

from mock_server.contract.contract import Contract, Service, compile_contract
from mock_server.contract.form import SENT, Admits, Field, Form, Parameter, Value, compile_parameters
from mock_server.contract.operation import Behaviour, Operation, Paging, Route, Routes
from mock_server.contract.resource import Property, Resource, Shape
from mock_server.contract.response import (
    Headers,
    RefusalResponse,
    ResponseCompiler,
    Success,
    Writer,
    joined,
    parse,
    status_text,
    write_plainly,
)
from mock_server.contract.schema import Check, Schemas

# On their way out: `write(value)` of a contract does it all.
Quote = Writer
quote_plainly = write_plainly


def quote_again(text: str, quote: Writer) -> str:
    """Write a JSON string."""
    return quote(text)


def write(value: object, quote: Writer) -> str:
    """Write a JSON value."""
    return quote(value)


__all__ = [
    "SENT", "Admits", "Behaviour", "Check", "Contract", "Field", "Form", "Headers", "Operation", "Paging", "Parameter",
    "Property", "Quote", "RefusalResponse", "Resource", "ResponseCompiler", "Route", "Routes", "Schemas",
    "Service", "Shape", "Success", "Value", "Writer", "compile_contract", "compile_parameters", "joined",
    "parse", "quote_again", "quote_plainly", "status_text", "write", "write_plainly",
]  # fmt: skip
