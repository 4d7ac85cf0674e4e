"""The whole service on its bad days: real processes, real time, kill -9, and an X over HTTP that fails on command."""
