"""A believable training school to try the system with; knows nothing of HTTP, commits nothing.

The same customers, seed and as-of date give the same rows, but for session tokens and password hashes, which stay
unguessable.
"""

from app.demo.people import DEMO_LOGINS, DEMO_PASSWORD, DemoLogin
from app.demo.profiles import MOST_CUSTOMERS
from app.demo.school import DEFAULT_CUSTOMERS, build, clear, customers_of_people, holds_data, is_demo

__all__ = ["DEFAULT_CUSTOMERS", "DEMO_LOGINS", "DEMO_PASSWORD", "MOST_CUSTOMERS", "DemoLogin", "build", "clear",
           "customers_of_people", "holds_data", "is_demo"]
