"""Recognising by a header that a trusted proxy sets: the office's own single sign-on."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.requests import Request

from evalflow.plugins import invalid
from evalflow_web.identity import ActorOf, Identity
from evalflow_web.problems import Problem


def proxy_header(name: str, *, peers: Iterable[str]) -> ActorOf:
    """Return what recognises by a header, from these peers alone: addresses or networks
    (`10.1.0.5`, `10.1.0.0/24`) of the proxies that set it, and take it away from what comes in.

    The header of anybody else is as if it were not there.

    Raises:
        InvalidInput: a peer is no address, or none is named.
    """
    networks = [network(each, "peers") for each in peers]
    if not networks:
        raise invalid(
            "no_peers",
            path="peers",
            ko="머리글을 믿을 프록시의 주소를 하나 이상 적어야 합니다",
            en="name the addresses of the proxies whose header is trusted",
        )

    def actor_of(request: Request) -> Identity | None:
        client = request.client
        if client is None or not is_from(client.host, networks):
            return None
        given = [each.strip() for each in request.headers.getlist(name)]
        if not given or given == [""]:
            return None
        if len(given) > 1:  # one of them came through the proxy
            raise Problem(
                400,
                "two_identities",
                ko="누구인지를 말하는 머리글이 둘 이상입니다.",
                en="More than one header says who this is.",
            )
        return Identity(actor=given[0], means="proxy")

    return actor_of


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str, path: str) -> Network:
    """Return an address or network as people write it.

    Raises:
        InvalidInput: it is none; `path` says where it stands.
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise invalid(
            "bad_peer",
            path=path,
            value=text,
            ko=f"주소나 대역이 아닙니다: '{text}' (예: 10.1.0.5, 10.1.0.0/24)",
            en=f"'{text}' is not an address or network ({error}); e.g. 10.1.0.5, 10.1.0.0/24",
        ) from None


def is_from(host: str, networks: Iterable[Network]) -> bool:
    """Say whether an address is one of these, or in one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped.version == each.version and mapped in each for each in networks)
