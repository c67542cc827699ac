"""The rider's screens: /rider/. Every act is a plain form; with JavaScript its answer replaces one part of the page."""
