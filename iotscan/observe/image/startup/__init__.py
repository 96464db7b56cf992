"""What a root file system starts at boot, one file an init system. Ask :func:`.reading.startup_of`."""
