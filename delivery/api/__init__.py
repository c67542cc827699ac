"""The rider's API. A rider sees and acts on their own offers, stops and earnings; anybody else's are not found."""
