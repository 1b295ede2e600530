"""Each answer to each open question, told apart by what a client can see."""
