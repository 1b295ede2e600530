"""Two services that are true to the API's page, each in the style of a well-known framework."""
