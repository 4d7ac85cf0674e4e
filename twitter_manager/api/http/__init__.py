"""What every call passes, whatever its resource: authentication, reading the input, turning errors into responses."""
