"""Old scripts that were written for Ozeki's HTTP API: every parameter and every code."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree

import pytest
import requests

from ..stories.agent import Agent
from ..stories.vendor import Response
from .house import OURS, SECOND, House, somebody

pytestmark = pytest.mark.story

OK = "Command successfully executed"


def query(to: str, text: str = "Hello+world", **more: str) -> str:
    fields = {"command": "SendSms", "ApiExtension": "9994", "Recipient": quote(to, safe="")}
    fields |= {"Message": text, **more}
    return "&".join(f"{name}={value}" for name, value in fields.items())


def missing(name: str) -> dict[str, str]:
    return refused(302, f"Missing or invalid parameter '{name}' for command 'SendSms'")


def refused(code: int, text: str) -> dict[str, str]:
    return {"Code": str(code), "Message": text}


def unavailable(extension: str) -> dict[str, str]:
    text = "unavailable, please check configuration or permissions"
    return refused(401, f"API extension '{extension}' {text}")


@pytest.mark.parametrize("path", ["/ozeki", "/ozeki/", "/"])
def test_a_text_is_sent_from_the_doors_number(house: House, path: str) -> None:
    to = somebody()
    answer = house.script(query(to), path)
    assert {**answer, "SmsId": ""} == {"Code": "200", "Message": OK, "SmsId": ""}
    assert str(uuid.UUID(answer["SmsId"])) == answer["SmsId"]
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to) == [{"from": OURS, "to": to, "text": "Hello world"}]


@pytest.mark.parametrize("path", ["/ozeki", "/"])
def test_the_same_as_a_form(house: House, path: str) -> None:
    to = somebody()
    assert house.script("", path, form=query(to))["Code"] == "200"
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to)[0]["text"] == "Hello world"


def test_names_have_no_letter_case(house: House) -> None:
    to = somebody()
    asked = f"COMMAND=sendsms&apiextension=9994&RECIPIENT={quote(to)}&message=Hi"
    assert house.script(asked, "/")["Code"] == "200"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a+b%2Bc%20d", "a b+c d"),
        ("Gr%C3%BCezi+%F0%9F%91%8B", "Grüezi 👋"),  # UTF-8
        ("Gr%FCezi", "Grüezi"),  # Latin-1
        ("5%80", "5€"),  # as Windows has it
        ("1%3D1%261", "1=1&1"),
        ("a=b", "a=b"),
        ("line%0D%0Aline", "line\r\nline"),
        ("%3Cb%3E", "<b>"),
    ],
)
def test_texts_in_every_encoding(house: House, written: str, text: str) -> None:
    by_get, by_form = somebody(), somebody()
    assert house.script(query(by_get, written))["Code"] == "200"
    assert house.script("", form=query(by_form, written))["Code"] == "200"
    for to in (by_get, by_form):
        house.parley.wait(lambda to=to: house.sent(to))
        assert house.sent(to)[0]["text"] == text


def test_bytes_that_are_not_escaped_at_all(house: House) -> None:
    to = somebody()
    body = query(to, "Grüezi")  # as Latin-1, see raw_script
    assert house.script("", form=body)["Code"] == "200"
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to)[0]["text"] == "Grüezi"


def test_a_plus_that_was_not_escaped(house: House) -> None:
    to = somebody()
    asked = query("").replace("Recipient=", f"Recipient={to}")
    assert house.script(asked)["Code"] == "200"
    house.parley.wait(lambda: house.sent(to))


def test_the_sender_may_be_one_of_the_doors_numbers(house: House) -> None:
    to = somebody()
    assert house.script(query(to, Sender=quote(SECOND, safe="")))["Code"] == "200"
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to)[0]["from"] == SECOND
    assert house.script(query(to, Sender="%2B15550100200")) == missing("Sender")


@pytest.mark.parametrize("name", ["ApiExtension", "Recipient", "Message"])
def test_a_missing_parameter_is_named_with_its_command(house: House, name: str) -> None:
    asked = "&".join(x for x in query(somebody()).split("&") if not x.startswith(name))
    assert house.script(asked) == missing(name)
    assert house.script(f"{asked}&{name}=") == missing(name)


def test_parameters_that_are_wrong(house: House) -> None:
    assert house.script(query("nobody")) == missing("Recipient")
    for url in ("nonsense", "ftp%3A%2F%2Fx.example%2F"):
        assert house.script(query(somebody(), DeliveryReportURL=url)) == missing(
            "DeliveryReportURL"
        )


def test_commands_that_are_not_there(house: House) -> None:
    for command in ("Call", "ListExtensions", "%3Cb%3E"):
        text = f"Not implemented command: '{command.replace('%3C', '<').replace('%3E', '>')}'"
        assert house.script(f"command={command}", "/") == refused(301, text)
    nothing = "Missing or invalid parameter 'command' for command ''"
    assert house.script("") == refused(302, nothing)


def test_what_cannot_be_read(house: House) -> None:
    text = "Error occured during parsing message: '{}'"
    form = "command=SendSms&Message=%zz"
    assert house.script("", form=form) == refused(300, text.format("%zz"))
    answer = requests.post(f"{house.parley.url}/ozeki", json={"command": "SendSms"}, timeout=20)
    assert answer.status_code == 200 and b"<Code>300</Code>" in answer.content


def test_a_command_by_another_method(house: House) -> None:
    answer = requests.put(f"{house.parley.url}/ozeki?{query(somebody())}", timeout=20)
    assert b"<Code>303</Code>" in answer.content
    assert b"Command 'SendSms' cannot be used here" in answer.content


def test_an_extension_that_is_not_there_or_switched_off(house: House) -> None:
    for extension in ("1", "9997", "abc"):
        assert house.script(query(somebody(), ApiExtension=extension)) == unavailable(extension)


def test_users(house: House) -> None:
    def ask(**login: str) -> dict[str, str]:
        return house.script(query(somebody(), ApiExtension="9995", **login))

    assert ask(Username="user1000", Password="mypassword12")["Code"] == "200"
    assert ask(username="ann%3Ab", PASSWORD="pass+word")["Code"] == "200"
    for login in ({}, {"Username": "user1000"}, {"Password": "mypassword12"}):
        assert ask(**login) == refused(304, "Authentication required")
    for password in ("wrong", "MYPASSWORD12", "hispassword1"):
        login = {"Username": "user1000", "Password": password}
        assert ask(**login) == refused(305, "Authentication failed")
    assert ask(Username="nobody", Password="x") == refused(305, "Authentication failed")
    stranger = ask(Username="stranger", Password="hispassword1")
    assert stranger == refused(306, "Forbidden user")
    log = (house.parley.folder / "front.log").read_text()
    assert "Wrong user name or password for Users" in log
    assert "hispassword1" not in log and "MYPASSWORD12" not in log


def test_guessing_passwords_is_slowed(house: House) -> None:
    def ask(password: str, name: str = "user1000") -> str:
        login = {"Username": name, "Password": password, "ApiExtension": "9995"}
        return house.script(query(somebody(), **login), remote="203.0.113.90")["Code"]

    assert [ask(f"guess{n}") for n in range(13)] == ["305"] * 13
    assert ask("mypassword12") == "305"  # for a while even the right one
    assert ask("pass+word", "ann%3Ab") == "200"


def test_networks(house: House) -> None:
    forbidden = refused(307, "Use API from this address is forbidden")
    asked = query(somebody(), ApiExtension="9998")
    assert house.script(asked, remote="198.51.100.8")["Code"] == "200"
    assert house.script(asked, remote="198.51.100.7") == forbidden
    assert house.script(asked, remote="203.0.113.1") == forbidden
    # Without log-in and addresses, a door is for private networks.
    assert house.script(query(somebody()), remote="192.168.1.5")["Code"] == "200"
    assert house.script(query(somebody()), remote="8.8.8.8") == forbidden


def test_a_message_without_a_way(house: House) -> None:
    """The number leads nowhere: nobody would get the answer."""
    rule = house.parley.sql(
        "SELECT number_id, queue_id FROM routing_rule WHERE number_id = "
        "(SELECT sender_id FROM routing_door WHERE name = 'Old PBX')"
    )
    house.parley.sql("DELETE FROM routing_rule WHERE number_id = %s", rule[0][0])
    login = {"Username": "u", "Password": "passw0rd", "ApiExtension": "9990"}
    found = house.script(query(somebody(), **login))
    assert found == refused(501, "Destination of the SMS is not found")


def test_the_day_of_a_door(house: House) -> None:
    login = {"Username": "u", "Password": "pw", "ApiExtension": "9991"}
    assert house.script(query(somebody(), **login))["Code"] == "200"
    assert house.script(query(somebody(), **login)) == unavailable("9991")


def test_the_inbox_stays_where_it_is(house: House) -> None:
    assert "/login/" in requests.get(f"{house.parley.url}/", timeout=20).url
    agent = Agent(house.parley, "first", "first-password-1")
    assert "<html" in agent.page("/")
    # Other requests that change something stay protected.
    assert requests.post(f"{house.parley.url}/", data={"x": "1"}, timeout=20).status_code == 403
    assert (
        requests.post(f"{house.parley.url}/login/?command=SendSms", timeout=20).status_code == 403
    )


def notifications(house: House, path: str, name: str, sms: str = "") -> list[dict[str, str]]:
    found = [dict(parse_qsl(x.body.decode())) for x in house.pbx.requests_to(path)]
    return [x for x in found if x["NotificationName"] == name and sms in ("", x["SmsId"])]


def test_delivery_reports_go_to_the_address_that_came_along(house: House) -> None:
    house.pbx.answer = lambda request: Response("<response/>")
    to, url = somebody(), quote(f"{house.pbx.url}/delivery_received.php?id=7", safe="")
    answer = house.script(query(to, DeliveryReportURL=url))

    def statuses() -> list[str]:
        told = notifications(house, "/delivery_received.php", "SMSDeliveryReport", answer["SmsId"])
        return [each["Status"] for each in told]

    house.parley.wait(lambda: statuses() == ["Sent"], 30, "the report of sending")
    (provider_id,) = house.parley.sql(
        "SELECT provider_id FROM routing_message WHERE recipient = %s", to
    )[0]
    house.delivered(provider_id, to)
    house.parley.wait(lambda: statuses() == ["Sent", "Delivered"], 30, "the report of delivery")
    request = house.pbx.requests_to("/delivery_received.php")[-1]
    assert request.query == {"id": "7"}
    assert request.body.startswith(b"NotificationName=SMSDeliveryReport&ApiExtension=9994&")
    assert dict(parse_qsl(request.body.decode())) == {
        "NotificationName": "SMSDeliveryReport",
        "ApiExtension": "9994",
        "SmsId": answer["SmsId"],
        "Sender": OURS,
        "Recipient": to,
        "Status": "Delivered",
    }


def test_a_bad_report_address_holds_up_nobody(house: House) -> None:
    def answer(request: object) -> Response:
        return Response(status=503 if "bad" in request.path else 200)  # type: ignore[attr-defined]

    house.pbx.answer = answer
    bad, good = (quote(f"{house.pbx.url}/{name}.php", safe="") for name in ("bad", "good"))
    to = somebody()
    first = house.script(query(to, DeliveryReportURL=bad))
    second = house.script(query(to, DeliveryReportURL=good))
    told = house.parley.wait(
        lambda: notifications(house, "/good.php", "SMSDeliveryReport", second["SmsId"]), 30
    )
    assert told[0]["Status"] == "Sent"
    house.parley.wait(
        lambda: len(notifications(house, "/bad.php", "SMSDeliveryReport", first["SmsId"])) > 1, 40
    )  # and is tried again


def test_a_received_text_is_told_to_the_extensions_address(house: House) -> None:
    house.pbx.answer = lambda request: Response("<response/>")
    sender = somebody()
    house.arrives(sender, "Grüezi 👋 & more")

    def told() -> list[dict[str, str]]:
        found = notifications(house, "/incoming.php", "IncomingSMS")
        return [each for each in found if each["Sender"] == sender]

    (found,) = house.parley.wait(told, 30)
    assert uuid.UUID(found.pop("SmsId"))
    assert found == {
        "NotificationName": "IncomingSMS",
        "ApiExtension": "9994",
        "Sender": sender,
        "Recipient": OURS,
        "Message": "Grüezi 👋 & more",
    }


def reports(house: House, asked: str, path: str = "/ozeki") -> list[dict[str, str]]:
    root = ElementTree.fromstring(house.raw_script(asked, path).content)
    assert root.tag == "response" and root.findtext("action") == "sendmessage"
    return [{x.tag: x.text or "" for x in each} for each in root.iter("acceptreport")]


@pytest.mark.parametrize("path", ["/ozeki", "/", "/api"])
def test_the_gateways_form_with_several_recipients(house: House, path: str) -> None:
    to = [somebody() for _ in range(3)]
    listed = f"recipient={quote(f'{to[0]},{to[1]}')}&recipient={quote(to[2])}&recipient=nobody"
    login = "action=sendmessage&username=user1000&password=mypassword12"
    found = reports(house, f"{login}&{listed}&messagetype=SMS:TEXT&messagedata=Hi+all", path)
    assert [(x["statuscode"], x["recipient"]) for x in found] == [
        *(("0", each) for each in to),
        ("302", "nobody"),
    ]
    assert {x["statusmessage"] for x in found[:3]} == {"Message accepted for delivery"}
    assert len({uuid.UUID(x["messageid"]) for x in found[:3]}) == 3
    for each in to:
        house.parley.wait(lambda each=each: house.sent(each))
        assert house.sent(each)[0]["text"] == "Hi all"


def test_the_gateways_form_refused(house: House) -> None:
    to = quote(somebody())
    rest = f"recipient={to}&messagedata=Hi"
    login = "username=user1000&password=mypassword12"

    def code(asked: str) -> str:
        (found,) = reports(house, f"action=sendMessage&{asked}")
        assert "messageid" not in found
        return found["statuscode"]

    assert code(f"username=user1000&password=wrong&{rest}") == "305"
    assert code(f"{login}&recipient={to}") == "302"
    assert code(f"{login}&messagedata=Hi") == "302"
    assert code(f"{login}&{rest}&messagetype=SMS:WAPPUSH") == "302"
    older = f"ozmsUserInfo={quote('user1000:mypassword12')}&recepient={to}&messageData=Hi"
    (found,) = reports(house, f"action=sendMessage&{older}")
    assert found["statuscode"] == "0"
