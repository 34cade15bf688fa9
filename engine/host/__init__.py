"""What this machine allows, what the running engine is made of, and what a person may choose.

`doctor` looks at the machine without an engine; `service` answers for a running one; `settings` keeps the choices.
"""
