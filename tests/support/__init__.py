"""What journeys and browser tests share: a whole city in this process, and people who use it over HTTP."""
