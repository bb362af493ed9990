"""CityTong for developers: packages of mini-programs, the bridge, and what a backend needs."""
