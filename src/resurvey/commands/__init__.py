"""The commands of `resurvey`, one module each: read arguments, call one function, print."""
