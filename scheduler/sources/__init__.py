"""What others say: weather and forecasts over HTTP or from a file, kept with their age."""
