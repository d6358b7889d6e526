"""GSM modems: by AT commands in PDU mode, or through gammu as a program of its own."""
