"""What the tests stand on: real servers and the hub's own processes as objects."""
