"""Keras through scikeras."""
