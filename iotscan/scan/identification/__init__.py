"""What a device is, told from what it said: facts and claims in, an ``Identity`` out. Nothing is asked or sent."""
