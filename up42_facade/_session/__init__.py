"""The parts of `up42_facade.session`: credentials, tokens, HTTP and its errors."""
