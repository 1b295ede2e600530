"""`python -m mock_server` is `bitpeak-mock`."""

from mock_server.cli import main

main()
