"""Settings, from the environment (`COUNTERFOIL_…`) or the command line."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`data`: the folder with the log and the views. `views_memory`: what DuckDB may hold. `cache`: aggregates held."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_", extra="ignore")

    data: Path = Path("data")
    views_memory: str = "400MB"
    views_threads: int = 2
    cache: int = 6_000
    wait_seconds: float = 30.0
