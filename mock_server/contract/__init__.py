"""The document as the machine sees it: frozen facts and compiled checks."""

from mock_server.contract.contract import Contract, compile_contract
from mock_server.contract.form import Field, Form, Value
from mock_server.contract.operation import Behaviour, Operation, Paging
from mock_server.contract.parameter import Parameter
from mock_server.contract.resource import Property, Resource, Shape
from mock_server.contract.response import (
    Headers,
    RefusalResponse,
    ResponseCompiler,
    Success,
    parse,
    status_text,
)
from mock_server.contract.schema import Check, Schemas
from mock_server.contract.service import Service
from mock_server.contract.template import joined
from mock_server.contract.text import Quote, quote_again

__all__ = [
    "Behaviour",
    "Check",
    "Contract",
    "Field",
    "Form",
    "Headers",
    "Operation",
    "Paging",
    "Parameter",
    "Property",
    "Quote",
    "RefusalResponse",
    "Resource",
    "ResponseCompiler",
    "Schemas",
    "Service",
    "Shape",
    "Success",
    "Value",
    "compile_contract",
    "joined",
    "parse",
    "quote_again",
    "status_text",
]
