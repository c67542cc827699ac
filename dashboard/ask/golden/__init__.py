"""Golden questions and the small fixed world they are answered in. Invented prices, fees and offers throughout."""
