"""The probes of open questions, tried on two services that can answer each question in every way."""
