"""What the tests stand on: databases, servers, browsers and people. Nothing of the application imports this."""
