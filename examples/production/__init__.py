"""Production played back: real traffic, a fault in one slice, and the alarm that names it."""
