"""The blueprint the login and account pages hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("auth", __name__)
