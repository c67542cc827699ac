"""Who lives and works in the demo city. Invented names; phones from a made-up block, +91 99000 xxxxx. Plain data.

+91 99000 1xxxx customers, 2xxxx riders, 3xxxx pickers, 4xxxx store managers, 5xxxx operations, 6xxxx administrators.
"""

from __future__ import annotations

from dataclasses import dataclass

from blinkit.demo.places import STORES, Door, doors

PASSWORD = "demo1234"  # given to staff in DEMO_MODE only


@dataclass(frozen=True, slots=True)
class Person:
    phone: str
    name: str
    role: str
    store: str = ""  # where they work
    vehicle: str = ""
    language: str = "en"
    door: Door | None = None


_CUSTOMERS = """
Aarav Sharma,Ananya Rao,Vikram Shetty,Meera Krishnan,Joseph D'Souza,Fatima Khan,Karthik Reddy,Priya Nair,Rohan Gupta,
Lakshmi Iyer,Imran Pasha,Divya Hegde,Arjun Menon,Sneha Kulkarni,Harpreet Singh,Nandini Gowda,Tenzin Dorje,Kavya Bhat,
Rahul Verma,Shalini Pillai,Michael Fernandes,Zoya Ahmed,Suresh Babu,Ishita Sen,Manjunath K,Pooja Agarwal,Nikhil Jain,
Revathi S,Abdul Rehman,Tara Thomas,Gautam Das,Bhavana Murthy,Siddharth Kamath,Ritu Malhotra,Anil Prabhu,Leela Mathew,
Yash Patel,Deepa Venkatesh,Sameer Joshi,Chitra Raman,Farhan Ali,Nisha Chandran,Prakash Naik,Aditi Banerjee,Mohan Das,
Sunita Yadav,Ravi Shankar,Maria Lobo,Kiran Kumar,Usha Devi
"""
_RIDERS = """
Ramesh Gowda,Salim Baig,Prakash M,Venkatesh N,Anthony Raj,Shankar Lal,Nagaraj P,Santosh Yadav,
Yusuf Sheriff,Basavaraj H,Lokesh R,Dinesh Kumar,Mary Josephine,Irfan Pasha,Ganesh Bhat,Selvam K,
Manoj Tiwari,Raju Naika,Pavithra S,Arun Dev,Bilal Ahmed,Chandru V,Somnath Patil,Kumari Asha
"""
_PICKERS = "Geetha R,Mahesh B,Nasreen Begum,Vinod C,Sushma L,Peter Paul,Roopa Shree,Naveen T,Jyothi M"
_MANAGERS = "Sudha Narayan,Thomas Varghese,Rekha Shenoy"
_OPS = "Aditya Rao,Farida Contractor"
_ADMINS = "Vasudha Kini"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", "").split(",") if name.strip()]


def _phone(block: int, number: int) -> str:
    return f"+9199000{block}{number:04d}"


def customers() -> list[Person]:
    """Fifty, one behind each front door; every fifth reads Hindi."""
    return [
        Person(_phone(1, n), name, "customer", language="hi" if n % 5 == 0 else "en", door=door)
        for n, (name, door) in enumerate(zip(_names(_CUSTOMERS), doors(), strict=True), 1)
    ]


def riders() -> list[Person]:
    """Twenty-four, eight at home in each store."""
    vehicles = ("ebike", "scooter", "ebike", "cycle")
    return [
        Person(_phone(2, n + 1), name, "rider", store=STORES[n // 8].code, vehicle=vehicles[n % 4])
        for n, name in enumerate(_names(_RIDERS))
    ]


def staff() -> list[Person]:
    """Three pickers and a manager per store, two in operations, one administrator."""
    return [
        *(
            Person(_phone(3, n + 1), name, "picker", store=STORES[n // 3].code)
            for n, name in enumerate(_names(_PICKERS))
        ),
        *(
            Person(_phone(4, n + 1), name, "store_manager", store=STORES[n].code)
            for n, name in enumerate(_names(_MANAGERS))
        ),
        *(Person(_phone(5, n + 1), name, "ops") for n, name in enumerate(_names(_OPS))),
        *(Person(_phone(6, n + 1), name, "admin") for n, name in enumerate(_names(_ADMINS))),
    ]


def everybody() -> list[Person]:
    return [*customers(), *riders(), *staff()]
