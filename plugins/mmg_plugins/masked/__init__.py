"""Estimates for discrete variables on both sides, by predicting masked positions with a network."""
