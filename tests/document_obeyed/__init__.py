"""The mock does what its document says, also a document of other people, or says in a sentence why it cannot."""
