"""The commands of the kit: check, learn, twin, record, har and sweep."""
