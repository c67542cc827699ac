"""The fixed world of the golden questions, as plain rows: 5 platforms, about 1,000 listings, 60 orders in two stores.

Deterministic; every time is counted from `now` (half past two of some day on the shop's clock). Prices, fees and offers
are made up. `dashboard.tests.golden` writes it into a database; `lexicon()` is its vocabulary without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalog.matching.naming import said_for
from dashboard.ask.dates import ZONE
from dashboard.ask.entities import told
from dashboard.ask.lexicon import Item, Lexicon, Named, Shelf

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=ZONE)
"""What the expected queries of questions.json were written for: a Friday."""
CITY = "bengaluru"
CITIES = (("bengaluru", "Bengaluru", "29"), ("mumbai", "Mumbai", "27"))
PLATFORMS = (
    ("blinkit", "Blinkit", True), ("zepto", "Zepto", False), ("instamart", "Instamart", False),
    ("bigbasket", "BigBasket", False), ("jiomart", "JioMart", False),
)  # fmt: skip
STORES = (("BLR-KOR", "Koramangala"), ("BLR-IND", "Indiranagar"))
CATEGORIES = (
    ("fruits-vegetables", "Fruits & Vegetables", "", "फल और सब्जियां"),
    ("fresh-vegetables", "Fresh Vegetables", "fruits-vegetables", "ताज़ी सब्जियां"),
    ("leafy-herbs", "Leafy & Herbs", "fruits-vegetables", ""),
    ("fresh-fruits", "Fresh Fruits", "fruits-vegetables", "ताज़े फल"),
    ("dairy-bread-eggs", "Dairy, Bread & Eggs", "", ""),
    ("milk", "Milk & Drinks", "dairy-bread-eggs", ""),
    ("curd-paneer", "Curd, Paneer & Tofu", "dairy-bread-eggs", ""),
    ("butter-cheese", "Butter & Cheese", "dairy-bread-eggs", ""),
    ("eggs", "Eggs", "dairy-bread-eggs", ""),
    ("bread-bakery", "Bread & Bakery", "dairy-bread-eggs", ""),
    ("atta-rice-dal", "Atta, Rice & Dal", "", ""),
    ("atta-flours", "Atta & Flours", "atta-rice-dal", ""),
    ("rice-poha", "Rice, Poha & Millets", "atta-rice-dal", ""),
    ("dals-pulses", "Dals & Pulses", "atta-rice-dal", ""),
    ("masala-oil", "Oil, Masala & Sauces", "", ""),
    ("oils-ghee", "Oils & Ghee", "masala-oil", ""),
    ("salt-sugar", "Salt, Sugar & Jaggery", "masala-oil", ""),
    ("munchies", "Munchies & Noodles", "", ""),
    ("chips-crisps", "Chips & Crisps", "munchies", ""),
    ("namkeen", "Namkeen & Papad", "munchies", ""),
    ("noodles-pasta", "Noodles & Instant", "munchies", ""),
    ("biscuits-sweets", "Biscuits, Chocolate & Sweets", "", ""),
    ("biscuits-cookies", "Biscuits & Cookies", "biscuits-sweets", ""),
    ("drinks-juices", "Drinks & Juices", "", ""),
    ("soft-drinks", "Soft Drinks & Energy", "drinks-juices", ""),
    ("tea-coffee-breakfast", "Tea, Coffee & Breakfast", "", ""),
    ("tea", "Tea", "tea-coffee-breakfast", ""),
    ("coffee", "Coffee", "tea-coffee-breakfast", ""),
    ("home-cleaning", "Home & Cleaning", "", ""),
    ("laundry", "Laundry", "home-cleaning", ""),
    ("dishwash-cleaners", "Dishwash & Cleaners", "home-cleaning", ""),
    ("chocolates-candy", "Chocolates & Candy", "biscuits-sweets", ""),
    ("juices", "Fruit Juices", "drinks-juices", ""),
    ("masalas", "Whole & Ground Spices", "masala-oil", ""),
    ("frozen-icecream", "Frozen & Ice Cream", "", ""),
    ("ice-cream", "Ice Cream", "frozen-icecream", ""),
    ("meat-fish", "Meat & Fish", "", ""),
    ("chicken-mutton", "Chicken & Mutton", "meat-fish", ""),
    ("personal-care", "Beauty & Personal Care", "", ""),
    ("hair-care", "Hair Care", "personal-care", ""),
    ("bath-body", "Bath & Body", "personal-care", ""),
    ("oral-care", "Oral Care", "personal-care", ""),
    ("baby-care", "Baby Care", "", ""),
    ("diapers-wipes", "Diapers & Wipes", "baby-care", ""),
    ("dry-fruits", "Dry Fruits & Nuts", "atta-rice-dal", ""),
    ("pickles-sauces", "Sauces, Spreads & Pickles", "masala-oil", ""),
    ("water-mixers", "Water & Soda", "drinks-juices", ""),
    ("health-drinks", "Health Drinks", "tea-coffee-breakfast", ""),
    ("breakfast-cereals", "Breakfast Cereals", "tea-coffee-breakfast", ""),
    ("frozen-snacks", "Frozen Snacks", "frozen-icecream", ""),
    ("fish-seafood", "Fish & Seafood", "meat-fish", ""),
    ("home-needs", "Home Needs", "home-cleaning", ""),
    ("skin-grooming", "Skin & Grooming", "personal-care", ""),
    ("hygiene", "Hygiene & Wellness", "personal-care", ""),
    ("pet-care", "Pet Care", "", ""),
    ("dog-food", "Dog Food", "pet-care", ""),
    ("cat-care", "Cat Care", "pet-care", ""),
    ("home-puja", "Pooja & Stationery", "", ""),
    ("pooja-needs", "Pooja Needs", "home-puja", ""),
)
# name, brand, item, category, amount, measure, pack, base price in paise
THINGS = (
    ("Onion", "", "onion", "fresh-vegetables", 1000, "g", "1 kg", 3200),
    ("Onion", "", "onion", "fresh-vegetables", 500, "g", "500 g", 1900),
    ("Sambar Onion", "", "sambar onion", "fresh-vegetables", 250, "g", "250 g", 2400),
    ("Potato", "", "potato", "fresh-vegetables", 1000, "g", "1 kg", 3600),
    ("Tomato Local", "", "tomato", "fresh-vegetables", 500, "g", "500 g", 1800),
    ("Tomato Hybrid", "", "tomato", "fresh-vegetables", 1000, "g", "1 kg", 3900),
    ("Carrot Orange", "", "carrot", "fresh-vegetables", 500, "g", "500 g", 3100),
    ("Spinach", "", "spinach", "leafy-herbs", 250, "g", "250 g", 1500),
    ("Apple Royal Gala", "", "apple", "fresh-fruits", 500, "g", "500 g", 12900),
    ("Organic Apple Shimla", "", "apple", "fresh-fruits", 500, "g", "500 g", 15900),
    ("Banana Robusta", "", "banana", "fresh-fruits", 6, "pc", "6 pcs", 4200),
    ("Orange Nagpur", "", "orange", "fresh-fruits", 1000, "g", "1 kg", 8900),
    ("Mango Badami", "", "mango", "fresh-fruits", 1000, "g", "1 kg", 14900),
    ("Amul Taaza Toned Milk", "Amul", "milk", "milk", 500, "ml", "500 ml", 2900),
    ("Amul Gold Full Cream Milk", "Amul", "milk", "milk", 1000, "ml", "1 l", 6800),
    ("Nandini Toned Milk", "Nandini", "milk", "milk", 1000, "ml", "1 l", 5200),
    ("Sofit Soy Milk", "Sofit", "soy milk", "milk", 1000, "ml", "1 l", 14500),
    ("Amul Masti Curd", "Amul", "curd", "curd-paneer", 400, "g", "400 g", 3500),
    ("Amul Fresh Paneer", "Amul", "paneer", "curd-paneer", 200, "g", "200 g", 9200),
    ("Amul Butter Salted", "Amul", "butter", "butter-cheese", 500, "g", "500 g", 28500),
    ("Britannia Cheese Slices", "Britannia", "cheese", "butter-cheese", 200, "g", "200 g", 15000),
    ("White Eggs", "", "egg", "eggs", 12, "pc", "12 pcs", 9600),
    ("Modern White Bread", "Modern", "bread", "bread-bakery", 400, "g", "400 g", 4500),
    ("Britannia Brown Bread", "Britannia", "bread", "bread-bakery", 400, "g", "400 g", 5500),
    ("Aashirvaad Chakki Atta", "Aashirvaad", "atta", "atta-flours", 5000, "g", "5 kg", 27500),
    ("India Gate Basmati Rice", "India Gate", "rice", "rice-poha", 1000, "g", "1 kg", 16500),
    ("Sona Masoori Rice", "Tata", "rice", "rice-poha", 5000, "g", "5 kg", 36000),
    ("Tata Sampann Toor Dal", "Tata Sampann", "toor dal", "dals-pulses", 1000, "g", "1 kg", 18900),
    ("Fortune Sunflower Oil", "Fortune", "sunflower oil", "oils-ghee", 1000, "ml", "1 l", 15500),
    ("Sugar", "", "sugar", "salt-sugar", 1000, "g", "1 kg", 4800),
    ("Tata Salt", "Tata", "salt", "salt-sugar", 1000, "g", "1 kg", 2800),
    ("Lay's Magic Masala Chips", "Lay's", "chips", "chips-crisps", 50, "g", "50 g", 2000),
    ("Lay's Magic Masala Family Pack", "Lay's", "chips", "chips-crisps", 180, "g", "2 x 90 g", 7000),
    ("Haldiram's Bhujia", "Haldiram's", "bhujia", "namkeen", 200, "g", "200 g", 5500),
    ("Maggi 2-Minute Noodles", "Maggi", "noodles", "noodles-pasta", 280, "g", "4 x 70 g", 5600),
    ("Parle-G Gold Biscuit", "Parle", "biscuit", "biscuits-cookies", 500, "g", "500 g", 6000),
    ("Britannia Good Day Cookies", "Britannia", "cookie", "biscuits-cookies", 200, "g", "200 g", 4000),
    ("Coca-Cola", "Coca-Cola", "cola", "soft-drinks", 750, "ml", "750 ml", 4000),
    ("Coca-Cola Combo", "Coca-Cola", "cola", "soft-drinks", 1500, "ml", "2 x 750 ml", 7600),
    ("Red Label Tea", "Brooke Bond", "tea", "tea", 500, "g", "500 g", 29000),
    ("Cothas Filter Coffee", "Cothas", "coffee", "coffee", 200, "g", "200 g", 13500),
    ("Surf Excel Detergent", "Surf Excel", "detergent", "laundry", 1000, "g", "1 kg", 15800),
    ("Harpic Toilet Cleaner", "Harpic", "toilet cleaner", "dishwash-cleaners", 500, "ml", "500 ml", 9900),
    ("Vim Dishwash Gel", "Vim", "dishwash gel", "dishwash-cleaners", 500, "ml", "500 ml", 11500),
    ("Lizol Floor Cleaner", "Lizol", "floor cleaner", "dishwash-cleaners", 1000, "ml", "1 l", 21500),
    ("Ginger", "", "ginger", "fresh-vegetables", 200, "g", "200 g", 2600),
    ("Coriander Leaves", "", "coriander", "leafy-herbs", 100, "g", "100 g", 1200),
    ("Papaya", "", "papaya", "fresh-fruits", 1, "pc", "1 pc", 5400),
    ("Amul Pure Ghee", "Amul", "ghee", "oils-ghee", 1000, "ml", "1 l", 64500),
    ("Fortune Mustard Oil", "Fortune", "mustard oil", "oils-ghee", 1000, "ml", "1 l", 17600),
    ("Rajdhani Besan", "Rajdhani", "besan", "atta-flours", 500, "g", "500 g", 7100),
    ("Tata Sampann Moong Dal", "Tata Sampann", "moong dal", "dals-pulses", 500, "g", "500 g", 8300),
    ("Garlic", "", "garlic", "fresh-vegetables", 250, "g", "250 g", 6300),
    ("Lemon", "", "lemon", "fresh-vegetables", 4, "pc", "4 pcs", 2300),
    ("Cauliflower", "", "cauliflower", "fresh-vegetables", 1, "pc", "1 pc", 3300),
    ("Green Chilli", "", "green chilli", "fresh-vegetables", 100, "g", "100 g", 1300),
    ("Everest Turmeric Powder", "Everest", "turmeric", "masalas", 100, "g", "100 g", 3700),
    ("Dabur Honey", "Dabur", "honey", "tea-coffee-breakfast", 500, "g", "500 g", 21900),
    ("Kellogg's Corn Flakes", "Kellogg's", "corn flakes", "tea-coffee-breakfast", 475, "g", "475 g", 18700),
    ("Real Orange Juice", "Real", "orange juice", "juices", 1000, "ml", "1 l", 11700),
    ("Amul Vanilla Ice Cream", "Amul", "ice cream", "ice-cream", 1000, "ml", "1 l", 20700),
    ("Cadbury Dairy Milk Chocolate", "Cadbury", "chocolate", "chocolates-candy", 110, "g", "110 g", 11300),
    ("Chicken Curry Cut", "", "chicken", "chicken-mutton", 500, "g", "500 g", 16700),
    ("Dove Shampoo", "Dove", "shampoo", "hair-care", 340, "ml", "340 ml", 31900),
    ("Lux Soap", "Lux", "soap", "bath-body", 4, "pc", "4 x 100 g", 14300),
    ("Colgate Toothpaste", "Colgate", "toothpaste", "oral-care", 200, "g", "200 g", 12700),
    ("Pampers Diapers", "Pampers", "diaper", "diapers-wipes", 32, "pc", "32 pcs", 61900),
    ("Cabbage", "", "cabbage", "fresh-vegetables", 1, "pc", "1 pc", 3700),
    ("Cucumber", "", "cucumber", "fresh-vegetables", 500, "g", "500 g", 2700),
    ("Green Capsicum", "", "capsicum", "fresh-vegetables", 250, "g", "250 g", 2900),
    ("Ladies Finger", "", "okra", "fresh-vegetables", 250, "g", "250 g", 2200),
    ("Brinjal", "", "brinjal", "fresh-vegetables", 500, "g", "500 g", 3000),
    ("Beetroot", "", "beetroot", "fresh-vegetables", 500, "g", "500 g", 3500),
    ("Pumpkin", "", "pumpkin", "fresh-vegetables", 500, "g", "500 g", 2800),
    ("Sweet Corn", "", "sweet corn", "fresh-vegetables", 2, "pc", "2 pcs", 4400),
    ("Green Peas", "", "green pea", "fresh-vegetables", 250, "g", "250 g", 4700),
    ("French Beans", "", "bean", "fresh-vegetables", 250, "g", "250 g", 3900),
    ("Bottle Gourd", "", "bottle gourd", "fresh-vegetables", 1, "pc", "1 pc", 4100),
    ("Broccoli", "", "broccoli", "fresh-vegetables", 250, "g", "250 g", 6700),
    ("Mint Leaves", "", "mint", "leafy-herbs", 100, "g", "100 g", 1700),
    ("Button Mushroom", "", "mushroom", "fresh-vegetables", 200, "g", "200 g", 5700),
    ("Green Grapes", "", "grape", "fresh-fruits", 500, "g", "500 g", 7900),
    ("Pomegranate", "", "pomegranate", "fresh-fruits", 500, "g", "500 g", 11900),
    ("Watermelon", "", "watermelon", "fresh-fruits", 1, "pc", "1 pc", 8300),
    ("Pineapple", "", "pineapple", "fresh-fruits", 1, "pc", "1 pc", 9700),
    ("Guava", "", "guava", "fresh-fruits", 500, "g", "500 g", 6100),
    ("Kiwi", "", "kiwi", "fresh-fruits", 3, "pc", "3 pcs", 10900),
    ("Strawberry", "", "strawberry", "fresh-fruits", 200, "g", "200 g", 9900),
    ("Pears", "", "pear", "fresh-fruits", 500, "g", "500 g", 13700),
    ("Avocado", "", "avocado", "fresh-fruits", 2, "pc", "2 pcs", 17900),
    ("Dragon Fruit", "", "dragon fruit", "fresh-fruits", 1, "pc", "1 pc", 8700),
    ("Tender Coconut", "", "tender coconut", "fresh-fruits", 1, "pc", "1 pc", 6500),
    ("Mother Dairy Toned Milk", "Mother Dairy", "milk", "milk", 500, "ml", "500 ml", 2750),
    ("Amul Masala Buttermilk", "Amul", "buttermilk", "milk", 200, "ml", "200 ml", 1600),
    ("Amul Lassi", "Amul", "lassi", "milk", 250, "ml", "250 ml", 2500),
    ("Raw Pressery Almond Milk", "Raw Pressery", "almond milk", "milk", 1000, "ml", "1 l", 24900),
    ("Mother Dairy Classic Curd", "Mother Dairy", "curd", "curd-paneer", 400, "g", "400 g", 4700),
    ("Mother Dairy Paneer", "Mother Dairy", "paneer", "curd-paneer", 200, "g", "200 g", 10100),
    ("Epigamia Greek Yogurt", "Epigamia", "yogurt", "curd-paneer", 90, "g", "90 g", 5200),
    ("Amul Fresh Cream", "Amul", "cream", "curd-paneer", 250, "ml", "250 ml", 7300),
    ("Tofu", "", "tofu", "curd-paneer", 200, "g", "200 g", 8100),
    ("Amul Cheese Slices", "Amul", "cheese", "butter-cheese", 200, "g", "200 g", 14100),
    ("Nutralite Margarine", "Nutralite", "margarine", "butter-cheese", 500, "g", "500 g", 13100),
    ("Brown Eggs", "", "egg", "eggs", 6, "pc", "6 pcs", 7500),
    ("Britannia Fruit Cake", "Britannia", "cake", "bread-bakery", 250, "g", "250 g", 9100),
    ("Britannia Toastea Rusk", "Britannia", "rusk", "bread-bakery", 300, "g", "300 g", 5900),
    ("Pillsbury Chakki Atta", "Pillsbury", "atta", "atta-flours", 5000, "g", "5 kg", 29300),
    ("Aashirvaad Chakki Atta", "Aashirvaad", "atta", "atta-flours", 10000, "g", "10 kg", 52700),
    ("Pillsbury Whole Wheat Atta", "Pillsbury", "atta", "atta-flours", 1000, "g", "1 kg", 6400),
    ("Gluten Free Flour", "", "flour", "atta-flours", 1000, "g", "1 kg", 19700),
    ("Maida", "", "maida", "atta-flours", 1000, "g", "1 kg", 5300),
    ("Sooji", "", "sooji", "atta-flours", 500, "g", "500 g", 4300),
    ("Sona Masoori Rice", "Tata", "rice", "rice-poha", 10000, "g", "10 kg", 69100),
    ("Daawat Brown Rice", "Daawat", "brown rice", "rice-poha", 1000, "g", "1 kg", 18300),
    ("Poha", "", "poha", "rice-poha", 500, "g", "500 g", 5500),
    ("Daliya", "", "daliya", "rice-poha", 500, "g", "500 g", 4900),
    ("Urad Dal", "", "urad dal", "dals-pulses", 1000, "g", "1 kg", 17300),
    ("Chana Dal", "", "chana dal", "dals-pulses", 1000, "g", "1 kg", 11100),
    ("Masoor Dal", "", "masoor dal", "dals-pulses", 1000, "g", "1 kg", 12300),
    ("Rajma", "", "rajma", "dals-pulses", 500, "g", "500 g", 8900),
    ("Kabuli Chana", "", "kabuli chana", "dals-pulses", 500, "g", "500 g", 9300),
    ("Almonds", "", "almond", "dry-fruits", 200, "g", "200 g", 24100),
    ("Cashews", "", "cashew", "dry-fruits", 200, "g", "200 g", 26300),
    ("Raisins", "", "raisin", "dry-fruits", 200, "g", "200 g", 12100),
    ("Dates", "", "date", "dry-fruits", 500, "g", "500 g", 18700),
    ("Makhana", "", "makhana", "dry-fruits", 100, "g", "100 g", 15300),
    ("Groundnut Oil", "Fortune", "groundnut oil", "oils-ghee", 1000, "ml", "1 l", 19300),
    ("Figaro Olive Oil", "Figaro", "olive oil", "oils-ghee", 500, "ml", "500 ml", 52300),
    ("Parachute Coconut Oil", "Parachute", "coconut oil", "oils-ghee", 500, "ml", "500 ml", 23700),
    ("Patanjali Cow Ghee", "Patanjali", "ghee", "oils-ghee", 1000, "ml", "1 l", 61700),
    ("Everest Chilli Powder", "Everest", "chilli powder", "masalas", 100, "g", "100 g", 5100),
    ("MDH Garam Masala", "MDH", "garam masala", "masalas", 100, "g", "100 g", 8700),
    ("Cumin Powder", "Everest", "cumin powder", "masalas", 100, "g", "100 g", 6300),
    ("Black Pepper", "", "black pepper", "masalas", 100, "g", "100 g", 11300),
    ("Jaggery", "", "jaggery", "salt-sugar", 500, "g", "500 g", 6900),
    ("Brown Sugar", "", "brown sugar", "salt-sugar", 500, "g", "500 g", 7700),
    ("Aashirvaad Salt", "Aashirvaad", "salt", "salt-sugar", 1000, "g", "1 kg", 2300),
    ("Kissan Tomato Ketchup", "Kissan", "ketchup", "pickles-sauces", 500, "g", "500 g", 13300),
    ("Kissan Mixed Fruit Jam", "Kissan", "jam", "pickles-sauces", 500, "g", "500 g", 16900),
    ("Veeba Mayonnaise", "Veeba", "mayonnaise", "pickles-sauces", 250, "g", "250 g", 9500),
    ("Mango Pickle", "Mother's Recipe", "pickle", "pickles-sauces", 300, "g", "300 g", 10500),
    ("Pintola Peanut Butter", "Pintola", "peanut butter", "pickles-sauces", 350, "g", "350 g", 19900),
    ("Bingo Tomato Chips", "Bingo", "chips", "chips-crisps", 50, "g", "50 g", 1900),
    ("Kurkure Masala Munch", "Kurkure", "puffs", "chips-crisps", 90, "g", "90 g", 2350),
    ("Haldiram's Aloo Bhujia", "Haldiram's", "bhujia", "namkeen", 400, "g", "400 g", 10300),
    ("Bikaji Papad", "Bikaji", "papad", "namkeen", 200, "g", "200 g", 7100),
    ("Yippee Noodles", "Yippee", "noodles", "noodles-pasta", 240, "g", "4 x 60 g", 5800),
    ("Maggi 2-Minute Noodles", "Maggi", "noodles", "noodles-pasta", 70, "g", "70 g", 1450),
    ("Penne Pasta", "Del Monte", "pasta", "noodles-pasta", 500, "g", "500 g", 10700),
    ("Knorr Tomato Soup", "Knorr", "soup", "noodles-pasta", 50, "g", "50 g", 6000),
    ("Oreo Chocolate Biscuit", "Oreo", "biscuit", "biscuits-cookies", 120, "g", "120 g", 3300),
    ("Parle-G Sugar Free Biscuit", "Parle", "biscuit", "biscuits-cookies", 100, "g", "100 g", 4600),
    ("Amul Dark Chocolate", "Amul", "chocolate", "chocolates-candy", 150, "g", "150 g", 15700),
    ("Nestle KitKat", "Nestle", "wafer", "biscuits-cookies", 40, "g", "40 g", 3100),
    ("Pepsi", "Pepsi", "cola", "soft-drinks", 750, "ml", "750 ml", 3950),
    ("Thums Up", "Thums Up", "cola", "soft-drinks", 750, "ml", "750 ml", 4110),
    ("Sprite", "Sprite", "soft drink", "soft-drinks", 750, "ml", "750 ml", 4050),
    ("Coca-Cola Zero Sugar", "Coca-Cola", "cola", "soft-drinks", 300, "ml", "300 ml", 3450),
    ("Red Bull Energy Drink", "Red Bull", "energy drink", "soft-drinks", 250, "ml", "250 ml", 12500),
    ("Tropicana Apple Juice", "Tropicana", "apple juice", "juices", 1000, "ml", "1 l", 12900),
    ("Real Mixed Fruit Juice", "Real", "mixed fruit juice", "juices", 1000, "ml", "1 l", 11500),
    ("Raw Pressery Coconut Water", "Raw Pressery", "coconut water", "juices", 200, "ml", "200 ml", 5600),
    ("Bisleri Mineral Water", "Bisleri", "water", "water-mixers", 1000, "ml", "1 l", 2000),
    ("Kinley Soda", "Kinley", "soda", "water-mixers", 750, "ml", "750 ml", 2050),
    ("Taj Mahal Tea", "Brooke Bond", "tea", "tea", 250, "g", "250 g", 21300),
    ("Lipton Green Tea", "Lipton", "green tea", "tea", 25, "pc", "25 pcs", 15900),
    ("Nescafe Classic Coffee", "Nescafe", "coffee", "coffee", 100, "g", "100 g", 33700),
    ("Bru Instant Coffee", "Bru", "coffee", "coffee", 100, "g", "100 g", 24700),
    ("Horlicks", "Horlicks", "health drink", "health-drinks", 500, "g", "500 g", 25900),
    ("Quaker Oats", "Quaker", "oats", "breakfast-cereals", 1000, "g", "1 kg", 20300),
    ("Yoga Bar Muesli", "Yoga Bar", "cereal", "breakfast-cereals", 400, "g", "400 g", 34300),
    ("McCain French Fries", "McCain", "french fries", "frozen-snacks", 420, "g", "420 g", 12700),
    ("Frozen Green Peas", "Safal", "frozen pea", "frozen-snacks", 500, "g", "500 g", 9700),
    ("Chicken Breast", "", "chicken", "chicken-mutton", 450, "g", "450 g", 23900),
    ("Mutton Curry Cut", "", "mutton", "chicken-mutton", 500, "g", "500 g", 46100),
    ("Rohu Fish", "", "fish", "fish-seafood", 500, "g", "500 g", 21700),
    ("Prawns", "", "prawn", "fish-seafood", 250, "g", "250 g", 27900),
    ("Ariel Detergent Powder", "Ariel", "detergent", "laundry", 1000, "g", "1 kg", 18100),
    ("Comfort Fabric Conditioner", "Comfort", "fabric conditioner", "laundry", 860, "ml", "860 ml", 24300),
    ("Colin Glass Cleaner", "Colin", "glass cleaner", "dishwash-cleaners", 500, "ml", "500 ml", 10100),
    ("Pril Dishwash Bar", "Pril", "dishwash", "dishwash-cleaners", 300, "g", "300 g", 3700),
    ("Origami Toilet Roll", "Origami", "toilet roll", "home-needs", 4, "pc", "4 pcs", 13900),
    ("Origami Tissue", "Origami", "tissue", "home-needs", 100, "pc", "100 pcs", 7300),
    ("Garbage Bags", "", "garbage bag", "home-needs", 30, "pc", "30 pcs", 11700),
    ("Dettol Handwash", "Dettol", "handwash", "bath-body", 200, "ml", "200 ml", 9900),
    ("Dettol Soap", "Dettol", "soap", "bath-body", 4, "pc", "4 x 75 g", 16300),
    ("Nivea Body Lotion", "Nivea", "body lotion", "skin-grooming", 400, "ml", "400 ml", 39700),
    ("Himalaya Face Wash", "Himalaya", "face wash", "skin-grooming", 150, "ml", "150 ml", 20100),
    ("Parachute Hair Oil", "Parachute", "hair oil", "hair-care", 300, "ml", "300 ml", 15100),
    ("Head & Shoulders Shampoo", "Head & Shoulders", "shampoo", "hair-care", 180, "ml", "180 ml", 18900),
    ("Oral-B Toothbrush", "Oral-B", "toothbrush", "oral-care", 3, "pc", "3 pcs", 8300),
    ("Whisper Sanitary Pads", "Whisper", "sanitary pad", "hygiene", 30, "pc", "30 pcs", 29900),
    ("Johnson's Baby Lotion", "Johnson's", "baby lotion", "diapers-wipes", 200, "ml", "200 ml", 19100),
    ("Himalaya Baby Wipes", "Himalaya", "wipes", "diapers-wipes", 72, "pc", "72 pcs", 15500),
    ("Pedigree Dog Food", "Pedigree", "dog food", "dog-food", 1000, "g", "1 kg", 29500),
    ("Whiskas Cat Food", "Whiskas", "cat food", "cat-care", 480, "g", "480 g", 17500),
    ("Cycle Agarbatti", "Cycle", "agarbatti", "pooja-needs", 20, "pc", "20 pcs", 5050),
)
SYNONYMS = {
    "pyaz": ("onion",), "pyaaz": ("onion",), "प्याज": ("onion",), "kanda": ("onion",), "aloo": ("potato",),
    "आलू": ("potato",), "tamatar": ("tomato",), "टमाटर": ("tomato",), "doodh": ("milk",), "दूध": ("milk",),
    "seb": ("apple",), "kela": ("banana",), "chini": ("sugar",), "anda": ("egg",), "dahi": ("curd",),
    "makkhan": ("butter",), "chawal": ("rice",), "फल": ("fruit",), "phal": ("fruit",),
}  # fmt: skip
_FACTORS = {"blinkit": 100, "zepto": 104, "instamart": 97, "bigbasket": 101, "jiomart": 92}


@dataclass(frozen=True, slots=True)
class ListingRow:
    platform: str
    city: str
    key: str
    name: str
    brand: str
    item: str
    category: str
    pack: str
    amount: int
    measure: str
    pieces: int
    price_paise: int
    mrp_paise: int
    unit_paise: int
    available: bool
    was_paise: int | None
    changed_at: datetime | None


def listings(now: datetime) -> list[ListingRow]:
    """Five platforms in Bengaluru, two of them also in Mumbai. Every price differs, so no order is chance."""
    rows: list[ListingRow] = []
    for nr, (name, brand, item, category, amount, measure, pack, base) in enumerate(THINGS):
        for at, (platform, _, _) in enumerate(PLATFORMS):
            rows.append(
                _listing(nr, at, platform, CITY, 0, now, (name, brand, item, category, amount, measure, pack), base)
            )
        if nr < 6:
            for at, platform in enumerate(("zepto", "jiomart")):
                what = (name, brand, item, category, amount, measure, pack)
                rows.append(_listing(nr, at, platform, "mumbai", 350, now, what, base))
    return rows


def _listing(
    nr: int, at: int, platform: str, city: str, dearer: int, now: datetime,
    what: tuple[str, str, str, str, int, str, str], base: int,
) -> ListingRow:  # fmt: skip
    name, brand, item, category, amount, measure, pack = what
    price = base * _FACTORS[platform] // 100 + (nr * 7 + at * 13) % 60 + dearer
    off = (nr * 11 + at * 17) % 46  # percent below the printed price; none for a third of them
    mrp = price if off < 15 else price * 100 // (100 - off)
    changed = (nr + at) % 6
    was, changed_at = None, None
    if changed == 0:
        was, changed_at = price + 300 + nr, now - timedelta(hours=4, minutes=nr)  # fell today
    elif changed == 1:
        was, changed_at = price - 200, now - timedelta(days=2, minutes=nr)  # rose the day before yesterday
    times = 1 if measure == "pc" else 1000
    return ListingRow(
        platform, city, f"{name} {pack}".lower(), name, brand, item, category, pack, amount, measure,
        2 if pack.startswith("2 x") else 4 if pack.startswith("4 x") else 1, price, mrp,
        round(price * times / amount), (nr * 5 + at) % 9 != 0, was, changed_at,
    )  # fmt: skip


def prices_before(row: ListingRow, now: datetime) -> list[tuple[datetime, int]]:
    """What was said of a listing before, oldest first, ending with its price now: a step every six days of a month."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = [(midnight - timedelta(days=30 - 6 * nr), row.price_paise + 40 * (5 - nr)) for nr in range(5)]
    if row.was_paise is not None and row.changed_at is not None:
        steps = [(at, price) for at, price in steps if at < row.changed_at - timedelta(days=1)]
        return [*steps, (row.changed_at - timedelta(days=1), row.was_paise), (row.changed_at, row.price_paise)]
    return [*steps, (midnight - timedelta(days=1), row.price_paise)]


# platform, minimum, delivery, free from, handling, small cart, below, surge, eta low, eta high
TERMS = (
    ("blinkit", 9900, 2500, 19900, 400, 2000, 9900, 0, 8, 14),
    ("zepto", 0, 3000, 29900, 900, 1500, 14900, 0, 9, 12),
    ("instamart", 9900, 3500, 24900, 700, 1000, 12900, 1500, 11, 18),
    ("bigbasket", 14900, 2900, 59900, 300, 0, 0, 0, 15, 25),
    ("jiomart", 0, 4900, 39900, 0, 0, 0, 0, 45, 90),
)


def offers(now: datetime) -> list[dict[str, Any]]:
    """Coupons, bank offers, bundles and flash sales; two of them over."""
    day = timedelta(days=1)
    rows: list[tuple[str, str, str, str, int, int, int, datetime, datetime | None, str | None]] = [
        ("zepto", "coupon", "Flat ₹50 off", "SAVE50", 0, 5000, 29900, now - 9 * day, now + 9 * day, CITY),
        ("zepto", "bank", "10% with HDFC cards", "", 1000, 0, 49900, now - 9 * day, now + 20 * day, None),
        ("instamart", "flash", "Fruit hour", "", 2500, 0, 0, now - day, now + 2 * day, CITY),
        ("instamart", "coupon", "20% off snacks", "SNACK20", 2000, 0, 19900, now - 9 * day, now + 1.5 * day, None),
        ("bigbasket", "bundle", "Buy 2 get 1 on noodles", "", 3300, 0, 0, now - 9 * day, None, None),
        ("bigbasket", "bank", "₹100 off with SBI", "", 0, 10000, 99900, now - 9 * day, now + 5 * day, None),
        ("jiomart", "bundle", "Tea and biscuit combo", "", 1800, 0, 0, now - 3 * day, now + 12 * day, CITY),
        ("jiomart", "delivery", "Free delivery over ₹299", "", 0, 0, 29900, now - 9 * day, now + 30 * day, None),
        ("blinkit", "coupon", "₹75 off your basket", "HELLO75", 0, 7500, 39900, now - 5 * day, now + 6 * day, CITY),
        ("blinkit", "flash", "Midnight dairy sale", "", 1500, 0, 0, now - 8 * day, now - 7 * day, CITY),
        ("zepto", "flash", "Onion rush", "", 3000, 0, 0, now - 6 * day, now - 5 * day, CITY),
        ("zepto", "coupon", "Mumbai first order", "MUM100", 0, 10000, 0, now - 9 * day, now + 9 * day, "mumbai"),
    ]
    names = (
        "platform",
        "kind",
        "title",
        "code",
        "off_bp",
        "off_paise",
        "minimum_paise",
        "starts_at",
        "ends_at",
        "city",
    )
    return [dict(zip(names, row, strict=True)) | {"key": f"offer-{nr}"} for nr, row in enumerate(rows)]


# Our own goods: which of THINGS we sell ourselves, as products with stock in both stores.
SOLD = (0, 3, 4, 8, 10, 13, 14, 18, 21, 22, 31, 41)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """Times in minutes after placing; `late_m` above 0: that much past the promise."""

    number: str
    store: str
    placed_at: datetime
    status: str
    method: str
    lines: tuple[tuple[int, int, int], ...]
    """(index in SOLD, units, units not found)"""
    legs: tuple[int, int, int, int, int] | None
    """Minutes waiting for a picker, picking, packing, waiting for the rider, riding."""
    promised_m: int = 20
    discount_paise: int = 0


def orders(now: datetime) -> list[OrderRow]:
    """Sixty over nine days: eight today, twelve yesterday of which eight in the evening, the rest before."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows: list[OrderRow] = []
    for nr in range(60):
        if nr < 8:
            placed = midnight + timedelta(hours=8, minutes=37 * nr)
        elif nr < 16:
            placed = midnight - timedelta(days=1) + timedelta(hours=17, minutes=5 + 31 * (nr - 8))
        elif nr < 20:
            placed = midnight - timedelta(days=1) + timedelta(hours=9, minutes=41 * (nr - 16))
        else:
            placed = midnight - timedelta(days=2 + (nr - 20) % 7) + timedelta(hours=7 + nr % 14, minutes=nr)
        status = "CANCELLED" if nr % 13 == 5 else "PICKING" if nr == 7 else "DELIVERED"
        slow = nr % 4 == 1 or 8 <= nr < 13
        legs = (2, 4 + nr % 3, 1, 2, 7 + nr % 4)
        if slow:
            legs = (2, 16, 1, 2, 9) if nr % 2 else (2, 4, 1, 15, 9)
        lines = tuple(((nr * 3 + step * 5) % len(SOLD), 1 + (nr + step) % 3, 1 if (nr + step) % 11 == 3 else 0)
                      for step in range(1 + nr % 3))  # fmt: skip
        rows.append(
            OrderRow(
                f"G-{10_000 + nr}",
                STORES[nr % 2][0] if nr % 5 else STORES[0][0],
                placed,
                status,
                ("online", "cod", "online", "wallet")[nr % 4],
                lines,
                None if status != "DELIVERED" else legs,
                discount_paise=1000 if nr % 6 == 0 else 0,
            )
        )
    return rows


def lexicon() -> Lexicon:
    """The vocabulary of this world, as the database would give it."""
    words = told()
    items = {row[2]: row[3] for row in THINGS}
    return Lexicon(
        platforms=tuple(Named(slug, name, (), ours) for slug, name, ours in PLATFORMS),
        brands=tuple(sorted({row[1] for row in THINGS if row[1]})),
        items=tuple(Item(item, category) for item, category in sorted(items.items())),
        categories=tuple(Shelf(slug, name, parent, (hi,) if hi else ()) for slug, name, parent, hi in CATEGORIES),
        stores=tuple(Named(code, name) for code, name in STORES),
        cities=(Named("bengaluru", "Bengaluru", ("bangalore", "blr")), Named("mumbai", "Mumbai", ("bombay",))),
        products=tuple(dict.fromkeys(row[0] for row in THINGS)),
        synonyms={**said_for(), **SYNONYMS},
        category_words={said: tuple(slugs) for said, slugs in words["categories"].items()},
        platform_words={said: tuple(meant) for said, meant in words["platforms"].items()},
    )
