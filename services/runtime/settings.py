"""Settings, from the environment (`COUNTERFOIL_…`) or the command line."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`data`: the folder with the log and the views. `views_memory`: what DuckDB may hold. `cache`: aggregates held.

    Of a server: `audience` and `issuer` that tokens of an identity provider must name and `issuer_keys`, the URL or
    file of its JWKS; how many `questions` run at once and for how many seconds each; how many requests a second one
    token may make; how many connections there may be.
    """

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_", extra="ignore")

    data: Path = Path("data")
    views_memory: str = "400MB"
    views_threads: int = 2
    cache: int = 6_000
    wait_seconds: float = 30.0
    audience: str = "counterfoil"
    issuer: str = ""
    issuer_keys: str = ""
    questions: int = 2
    question_seconds: float = 30.0
    requests_per_second: int = 500
    connections: int = 4_000
