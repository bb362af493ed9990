"""The processes of others that a city on one machine brings with it: the departments' backends, the carriers' stand-in.

Each is told by environment what it stands on, and the city by settings where it answers; both sides share a key that
the folder keeps. In production they are somebody else's services, and the same settings name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# Several backends each add their own subgraph to this one setting.
SUBGRAPHS: Final = "TONG_SUBGRAPHS"


@dataclass(frozen=True, slots=True)
class Backend:
    """One process, `python -m backends.NAME serve`.

    ports: its flags that take a port; `--port` is its HTTP. probe: what answers 200 when it is ready.
    given: its environment, told: the city's settings, arguments: further words of its command; all templates over
        {mongo}, {key}, {master}, {seed} and its public {jwk} (Ed25519), {folder} and the ports' flags without dashes
        ({port}, {smtp_port}).
    subgraph: whether it is part of the graph. demo_only: whether only a demonstration has it.
    given_in_demo, told_in_demo: what a demonstration has besides; told where none of it is set already.
    """

    name: str
    given: Mapping[str, str]
    told: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    ports: tuple[str, ...] = ("--port",)
    probe: str = "/readyz"
    subgraph: bool = True
    demo_only: bool = False
    given_in_demo: Mapping[str, str] = field(default_factory=dict)
    told_in_demo: Mapping[str, str] = field(default_factory=dict)


BACKENDS: Final = (
    Backend(
        "sensor",
        given={"TONG_SENSOR_MONGO_URL": "{mongo}"},
        told={SUBGRAPHS: "sensor=http://127.0.0.1:{port}/graphql"},
    ),
    Backend(
        "governance",
        given={"TONG_GOVERNANCE_MONGO_URL": "{mongo}", "TONG_GOVERNANCE_KEYS": "{key}"},
        told={
            SUBGRAPHS: "governance=http://127.0.0.1:{port}/graphql",
            "TONG_GOVERNANCE_URL": "http://127.0.0.1:{port}",
            "TONG_GOVERNANCE_KEY": "{key}",
        },
    ),
    Backend(
        "data",
        given={
            "TONG_DATA_MONGO_URL": "{mongo}",
            "TONG_DATA_KEYS": "citytong:publish+population+families+organisations+addresses+documents"
            "+faces+netids={key}",
            "TONG_DATA_MASTER_KEY": "{master}",
        },
        told={
            SUBGRAPHS: "data=http://127.0.0.1:{port}/graphql",
            "TONG_DATA_URL": "http://127.0.0.1:{port}",
            "TONG_DATA_KEY": "{key}",
        },
        given_in_demo={"TONG_DATA_FACE_KEY": "{seed}"},
        told_in_demo={
            "TONG_FACE_URL": "http://127.0.0.1:{port}",
            "TONG_FACE_KEY": "{key}",
            "TONG_FACE_JWK": "{jwk}",
            "TONG_NET_ID_URL": "http://127.0.0.1:{port}",
            "TONG_NET_ID_KEY": "{key}",
        },
    ),
    Backend(
        "carriers",
        given={},
        told={
            "TONG_FCM_URL": "http://127.0.0.1:{port}",
            "TONG_FCM_PROJECT": "citytong-demo",
            "TONG_FCM_CREDENTIALS_FILE": "{folder}/carriers-credentials.json",
            "TONG_SMTP_URL": "smtp://127.0.0.1:{smtp_port}",
        },
        arguments=("--credentials", "{folder}/carriers-credentials.json"),
        ports=("--port", "--smtp-port"),
        probe="/healthz",
        subgraph=False,
        demo_only=True,
    ),
)
