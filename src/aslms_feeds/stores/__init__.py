"""The places a publication can live in."""
