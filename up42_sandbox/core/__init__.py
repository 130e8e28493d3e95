"""Parts that every endpoint shares: clock, faults, recording, routing, the sockets."""
