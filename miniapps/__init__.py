"""Room: the mini-program platform. `host/` is the web shell that will run mini-programs."""
