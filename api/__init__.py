"""What the city answers: the door, the federation engine, and the services that citizens ask for."""
