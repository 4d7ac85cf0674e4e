"""What every call passes, whatever it is about: who may come in, how its input is read, what becomes of an error."""
