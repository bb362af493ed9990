"""The services that citizens ask the city for. Each is a room of one shape; none imports another."""
