"""Each answer to each open question shows in what a client can see."""
