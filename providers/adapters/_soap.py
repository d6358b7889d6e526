"""SOAP as plain data: zeep reads the WSDL, builds the messages and reads the answers.

It never opens a connection or a file: what the WSDL consists of is handed to it, and whatever is
still missing is raised as Missing, for the adapter to call for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from zeep import Client, Settings
from zeep.exceptions import Error, Fault
from zeep.helpers import serialize_object
from zeep.transports import Transport
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding

from ..base import Answer


class Missing(Exception):
    """The WSDL refers to a document that is not there yet."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Refusal(Exception):
    """The server answers with a fault."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code, self.said = code, said


class _Kept(Transport):  # type: ignore[misc]
    """Loads what it was given, and nothing else."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        super().__init__()
        self._documents = documents

    def load(self, url: str) -> bytes:
        if url not in self._documents:
            raise Missing(url)
        return self._documents[url]

    def post(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("zeep may not call anybody")

    get = post_xml = post


class Service:
    """What a WSDL describes."""

    def __init__(self, url: str, documents: Mapping[str, bytes]) -> None:
        self.client = Client(
            url, transport=_Kept(documents), settings=Settings(strict=False, forbid_dtd=True)
        )
        self.binding = self._binding()

    def _binding(self) -> Any:
        """The binding of SOAP 1.2, else of 1.1. Raises ValueError if there is neither."""
        ports = [p for s in self.client.wsdl.services.values() for p in s.ports.values()]
        found = [port.binding for port in ports if isinstance(port.binding, SoapBinding)]
        for binding in found:
            if isinstance(binding, Soap12Binding):
                return binding
        if not found:
            raise ValueError("the WSDL describes no SOAP service")
        return found[0]

    def message(self, operation: str, *values: Any) -> tuple[bytes, dict[str, str]]:
        """The body and headers that call the operation. Raises ValueError if they do not fit it."""
        try:
            envelope, headers = self.binding._create(
                operation, values, {}, client=self.client, options={"address": ""}
            )
        except Error as error:
            raise ValueError(f"the WSDL asks for something else: {error}") from None
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8"), dict(headers)

    def result(self, operation: str, answer: Answer) -> Any:
        """What the answer holds, as plain data. Raises Refusal, or ValueError if it is no SOAP."""
        told = SimpleNamespace(
            status_code=answer.status,
            headers={"Content-Type": answer.headers.get("content-type", "text/xml")},
            content=answer.body,
            encoding="utf-8",
        )
        try:
            found = self.binding.process_reply(self.client, self.binding.get(operation), told)
        except Fault as fault:
            if not fault.code:  # zeep makes one for whatever it cannot read
                raise ValueError("no SOAP") from None
            raise Refusal(str(fault.code), str(fault.message or "")) from None
        except (Error, AttributeError, TypeError) as error:  # it stumbles over what is no XML
            raise ValueError(f"no SOAP: {error}") from None
        return serialize_object(found, dict)


@lru_cache(maxsize=32)
def _service(url: str, documents: tuple[tuple[str, bytes], ...]) -> Service:
    return Service(url, dict(documents))


def service(url: str, documents: Mapping[str, bytes]) -> Service:
    """What the WSDL at this address describes. Raises Missing, or ValueError if it is none."""
    try:
        return _service(url, tuple(sorted(documents.items())))
    except (Error, SyntaxError) as error:  # lxml's errors are SyntaxErrors
        raise ValueError(f"no WSDL: {error}") from None
