"""The virtual phone: a customer of the sandbox, in the browser."""
