"""The rules that span rows. No HTTP, no queue, no commit; the time is a parameter."""
