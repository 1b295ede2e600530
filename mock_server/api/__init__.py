"""The API's requests, from the bearer key to the response."""
