"""iotscan: how secure are the IoT devices on this network, and does this gateway image ship?"""

__version__ = "0.1.0"
