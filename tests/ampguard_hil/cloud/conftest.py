"""A real PostgreSQL for the tests of this folder, and an empty store of either kind for each of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import psycopg
import pytest

from ampguard_hil.postgres import Postgres

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.system)]


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Makes the address of an empty store of that kind; a server starts with the first that wants one."""
    numbers = itertools.count(1)

    def made(kind: str) -> str:
        number = next(numbers)
        if kind == "sqlite":
            return str(tmp_path_factory.mktemp("store") / "cloud.sqlite")
        server: Postgres = request.getfixturevalue("server")
        with psycopg.connect(server.address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE cloud_{number} ENCODING 'UTF8' TEMPLATE template0".encode())
        return server.address.replace("/postgres?", f"/cloud_{number}?")

    return made


@pytest.fixture(params=BOTH)
def where(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> str:
    """The address of an empty store, once of each kind."""
    return new_store(request.param)


@pytest.fixture(scope="module", params=BOTH)
def shared(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> str:
    """The address of a store that the tests of a module fill together, once of each kind."""
    return new_store(request.param)
