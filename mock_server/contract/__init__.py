"""The document as the machine sees it: frozen facts and compiled checks."""

from mock_server.contract.contract import Contract, ServiceRules, compile_contract
from mock_server.contract.form import OMITTED, Field, Form, Omitted, Parameter, Value, compile_parameters
from mock_server.contract.operation import Behaviour, Operation, Route, Routes
from mock_server.contract.resource import Property, Resource, SettingsShape
from mock_server.contract.response import (
    QUOTA,
    Headers,
    RefusalResponse,
    ResponseCompiler,
    Success,
    Writer,
    filled,
    joined,
    parse,
    status_text,
    write_plainly,
)
from mock_server.contract.schema import Check, Schemas

__all__ = [
    "OMITTED", "QUOTA", "Behaviour", "Check", "Contract", "Field", "Form", "Headers", "Omitted", "Operation",
    "Parameter", "Property", "RefusalResponse", "Resource", "ResponseCompiler", "Route", "Routes",
    "Schemas", "ServiceRules", "SettingsShape", "Success", "Value", "Writer", "compile_contract",
    "compile_parameters", "filled", "joined", "parse", "status_text", "write_plainly",
]  # fmt: skip
