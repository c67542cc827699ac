"""Questions about the house itself (orders, stock, refunds, riders): understood from the words the layer has for them.

Nothing here knows a table: each entity is tried with the words of its label, fields and values; the one that explains
most of the question is what it is about, the table selector decides between equals. What an entity cannot say stays
unused, and counts against it.
"""

from dashboard.ask.house.choice import readings
from dashboard.ask.house.talk import is_about_people, is_figure, is_of_the_house, is_planned, is_strong

__all__ = ["is_about_people", "is_figure", "is_of_the_house", "is_planned", "is_strong", "readings"]
