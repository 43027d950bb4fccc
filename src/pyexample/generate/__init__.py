"""Write declarations of what C headers declare, in the words of ``pyexample.ffi``."""
