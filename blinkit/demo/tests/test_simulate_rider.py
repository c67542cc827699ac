"""The simulated rider's phone: what it tells before it says "I am there"."""

import asyncio

import pytest

from blinkit.demo.simulate import rider as rider_module
from blinkit.demo.simulate.city import City, Place, Plan
from blinkit.demo.simulate.link import Refused
from blinkit.demo.simulate.rider import Rider

STORE, DOOR = Place(12.95, 77.60), Place(12.96, 77.61)
ARRIVE = "rider/stops/s1/arrive/"


class Server:
    """Knows positions that came by a request at once, those of the socket never; doubts who is not where they say."""

    def __init__(self, *, deaf=False):
        self.at, self.deaf, self.posts = None, deaf, []

    async def post(self, path, body=None, *, files=None):
        self.posts.append((path, body))
        if path == "rider/positions/":
            last = body["positions"][-1]
            self.at = None if self.deaf else Place(last["lat"], last["lng"])
            return
        place = STORE if path.endswith("at-store/") else DOOR
        if not (body or {}).get("sure") and (self.at is None or self.at.metres_to(place) > 5):
            raise Refused(409, {"type": "/problems/not-there"})

    async def get(self, path, **params):
        return {"trip": self.trips.pop(0) if self.trips else None}

    async def tell(self, message):
        return True  # the socket takes it; the server looks later


def ride(server, *trips, speed=4.0):
    server.trips = list(trips)
    made = Rider(City(Plan("http://house", speed=speed)), server, 1)
    made.at, made.pace = STORE, 2_000.0
    asyncio.run(made._ride(server))
    return [path for path, _body in server.posts]


def trip(act):
    stop = {"id": "s1", "next": act, "drop": {"lat": DOOR.lat, "lng": DOOR.lng}}
    return {"next": act, "store": {"lat": STORE.lat, "lng": STORE.lng}, "stops": [stop]}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(rider_module, "STEP_S", 0.001)


@pytest.mark.parametrize("act", ["arrive", "depart"])
def test_at_the_door_the_phone_tells_its_place_before_the_rider_says_so(act):
    server = Server()
    assert ride(server, trip(act)) == ["rider/positions/", ARRIVE]
    assert server.at.metres_to(DOOR) < 1
    assert server.posts[-1] == (ARRIVE, None), "nobody has to insist"


def test_so_it_does_at_the_store():
    server = Server()
    assert ride(server, trip("at-store")) == ["rider/positions/", "rider/trip/at-store/"]


def test_who_is_doubted_all_the_same_insists_in_the_end_and_any_other_no_is_one():
    server = Server(deaf=True)
    assert ride(server, trip("arrive")) == ["rider/positions/", ARRIVE] * 3 + [ARRIVE]
    assert server.posts[-1] == (ARRIVE, {"sure": True})

    class Gone(Server):
        async def post(self, path, body=None, *, files=None):
            if path == ARRIVE:
                raise Refused(409, {"type": "/problems/stop-gone"})

    with pytest.raises(Refused):
        ride(Gone(), trip("arrive"))
