"""Peers of our training, written anew from their published recipes: one module each, and what they share.

`corpus` is the text that all see and the count of its bits, `budget` the clock that all run by.
"""
