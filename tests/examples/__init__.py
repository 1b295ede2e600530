"""The examples are run as a stranger runs them, and the recipes step by step."""
