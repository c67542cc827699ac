"""Demand from sales: what would have been bought had it always been there, what will be, and what to order.

Plain Python. A day is what was sold and how much of the day's usual selling time the product could be bought
(`exposure`, 0 to 1). The forecast is sales over exposure, both discounted by age: for a constant rate that is the
maximum likelihood estimate when the moments of stock-out are known (Jain, Rudi and Wang 2015, Demand Estimation and
Ordering Under Censoring: Stock-Out Timing Is (Almost) All You Need, Operations Research 63(1)). Without stock-outs it
is simple exponential smoothing. Items that sell seldom get Croston's method with the correction of Syntetos and Boylan
(2005, The accuracy of intermittent demand estimates, International Journal of Forecasting 21(2)).
"""

from inventory.forecast.availability import Change, Opening, hour_profile, rebuild
from inventory.forecast.demand import Day, Forecast, forecast, week_shape
from inventory.forecast.ordering import Advice, Lot, advise, cover_days, reorder_point, usable

__all__ = [
    "Advice",
    "Change",
    "Day",
    "Forecast",
    "Lot",
    "Opening",
    "advise",
    "cover_days",
    "forecast",
    "hour_profile",
    "rebuild",
    "reorder_point",
    "usable",
    "week_shape",
]
