"""The sandbox over real sockets, asked by a plain HTTP client."""
