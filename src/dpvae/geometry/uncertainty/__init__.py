"""How sure places are: regions, and the errors that calibrate them."""
