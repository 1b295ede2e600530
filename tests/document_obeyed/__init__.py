"""The mock does what its document says, whoever wrote it, and says in a sentence why it cannot."""
