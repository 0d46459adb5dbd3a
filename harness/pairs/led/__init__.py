"""LED: removes noise from raw images taken in the dark."""
