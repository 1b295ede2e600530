"""The commands: `check` holds a service against its documentation, `sweep` deletes what a killed check left."""
