"""What a command_status means: its name, and which of our errors it is."""

from __future__ import annotations

from ...errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable

OK = 0x0
INVALID_LENGTH, INVALID_COMMAND, WRONG_BIND_STATE, ALREADY_BOUND = 0x2, 0x3, 0x4, 0x5
SYSTEM_ERROR, TEMPORARY, PERMANENT, SUBMIT_FAILED = 0x8, 0x64, 0x65, 0x45
QUEUE_FULL, THROTTLED, UNKNOWN_ERROR = 0x14, 0x58, 0xFF

#: Each status that SMPP 3.4 names, and what it says in plain words.
MEANINGS = {
    0x01: ("ESME_RINVMSGLEN", "the message's length is not valid"),
    0x02: ("ESME_RINVCMDLEN", "the command's length is not valid"),
    0x03: ("ESME_RINVCMDID", "it does not know the command"),
    0x04: ("ESME_RINVBNDSTS", "this needs another kind of bind"),
    0x05: ("ESME_RALYBND", "this account is bound already, from elsewhere"),
    0x06: ("ESME_RINVPRTFLG", "the priority is not valid"),
    0x07: ("ESME_RINVREGDLVFLG", "it does not take this setting for delivery receipts"),
    0x08: ("ESME_RSYSERR", "a fault in its system"),
    0x0A: ("ESME_RINVSRCADR", "the sender is not valid"),
    0x0B: ("ESME_RINVDSTADR", "the recipient's number is not valid"),
    0x0C: ("ESME_RINVMSGID", "it does not know the message's id"),
    0x0D: ("ESME_RBINDFAIL", "it refuses the bind"),
    0x0E: ("ESME_RINVPASWD", "the password is wrong"),
    0x0F: ("ESME_RINVSYSID", "the system ID is wrong"),
    0x11: ("ESME_RCANCELFAIL", "it could not cancel the message"),
    0x13: ("ESME_RREPLACEFAIL", "it could not replace the message"),
    0x14: ("ESME_RMSGQFUL", "its queue is full"),
    0x15: ("ESME_RINVSERTYP", "the service type is not valid"),
    0x33: ("ESME_RINVNUMDESTS", "the number of recipients is not valid"),
    0x34: ("ESME_RINVDLNAME", "it does not know the distribution list"),
    0x40: ("ESME_RINVDESTFLAG", "the kind of recipient is not valid"),
    0x42: ("ESME_RINVSUBREP", "it cannot replace messages this way"),
    0x43: ("ESME_RINVESMCLASS", "it does not take this kind of message (esm_class)"),
    0x44: ("ESME_RCNTSUBDL", "it cannot send to the distribution list"),
    0x45: ("ESME_RSUBMITFAIL", "it could not take the message"),
    0x48: ("ESME_RINVSRCTON", "the sender's type of number (TON) is not valid"),
    0x49: ("ESME_RINVSRCNPI", "the sender's numbering plan (NPI) is not valid"),
    0x50: ("ESME_RINVDSTTON", "the recipient's type of number (TON) is not valid"),
    0x51: ("ESME_RINVDSTNPI", "the recipient's numbering plan (NPI) is not valid"),
    0x53: ("ESME_RINVSYSTYP", "the system type is wrong"),
    0x54: ("ESME_RINVREPFLAG", "the flag for replacing is not valid"),
    0x55: ("ESME_RINVNUMMSGS", "the number of messages is not valid"),
    0x58: ("ESME_RTHROTTLED", "it asks us to send more slowly"),
    0x61: ("ESME_RINVSCHED", "the time to send is not valid"),
    0x62: ("ESME_RINVEXPIRY", "the time until which to try is not valid"),
    0x63: ("ESME_RINVDFTMSGID", "it does not know the stored text"),
    0x64: ("ESME_RX_T_APPN", "it cannot take the message now"),
    0x65: ("ESME_RX_P_APPN", "it will not take the message"),
    0x66: ("ESME_RX_R_APPN", "it refuses the message"),
    0x67: ("ESME_RQUERYFAIL", "it could not look the message up"),
    0xC0: ("ESME_RINVOPTPARSTREAM", "the optional parameters cannot be read"),
    0xC1: ("ESME_ROPTPARNOTALLWD", "it does not allow an optional parameter"),
    0xC2: ("ESME_RINVPARLEN", "a parameter's length is not valid"),
    0xC3: ("ESME_RMISSINGOPTPARAM", "an optional parameter is missing"),
    0xC4: ("ESME_RINVOPTPARAMVAL", "an optional parameter's value is not valid"),
    0xFE: ("ESME_RDELIVERYFAILURE", "the delivery failed"),
    0xFF: ("ESME_RUNKNOWNERR", "an error without a name"),
}
OURS = (0x0D, 0x0E, 0x0F, 0x53)  # the account is wrong, not the message
LATER = (WRONG_BIND_STATE, ALREADY_BOUND, SYSTEM_ERROR, TEMPORARY, UNKNOWN_ERROR)
CODES = {
    **dict.fromkeys((0x0A, 0x48, 0x49), "invalid_did_number"),
    **dict.fromkeys((0x0B, 0x50, 0x51), "invalid_phone_number"),
}


def said(status: int) -> str:
    """The status in words, with its name for those who search for it."""
    name, meaning = MEANINGS.get(status, ("", ""))
    if not name:
        kind = "a code of its own" if 0x400 <= status <= 0x4FF else "an unknown code"
        return f"{kind} (0x{status:X}); ask the operator what it means"
    return f"{meaning} ({name}, 0x{status:X})"


def error_of(status: int, *, submit_failed_later: bool = False) -> ProviderError:
    """The error that a status other than OK stands for.

    Every one of them promises that the message was not taken.
    """
    reason = f"SMPP: {said(status)}."
    if status in (THROTTLED, QUEUE_FULL):
        return Throttled(reason)
    if status in LATER or (status == SUBMIT_FAILED and submit_failed_later):
        return Unavailable(reason)
    if status in OURS:
        return BadCredentials(reason)
    return Rejected(reason, code=CODES.get(status, ""))
