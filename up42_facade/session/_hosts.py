"""Hosts of the API and of the token server, and which URLs belong to them."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from up42_facade._common.urls import DEFAULT_PORTS, is_same_host, without_query
from up42_facade.errors import ConfigurationError, UntrustedHostError

REGIONS = {
    "eu": ("https://api.up42.com", "https://auth.up42.com"),
    "sa": ("https://api.sa.up42.com", "https://auth.sa.up42.com"),
}


class MissingRegion(str):
    """The default of a `region` argument, which shows that the argument wasn't passed."""

    __slots__ = ()


DEFAULT_REGION = MissingRegion("eu")


class Hosts(NamedTuple):
    """Origins (scheme, host, port) of the API and of the token server."""

    api: str
    auth: str
    region: str | None

    def resolve(self, link: str) -> str:
        """Return the absolute URL of a link in a response.

        Raises:
            UntrustedHostError: If it leads away from the API's host, to which no token may go.
        """
        try:
            url = urljoin(f"{self.api}/", link)
            if is_same_host(url, self.api):
                # Links of the STAC storage have been seen with http:// on the https API.
                return urlsplit(url)._replace(scheme=urlsplit(self.api).scheme).geturl()
        except ValueError:
            url = link
        raise UntrustedHostError(
            f"The server sent a link to {without_query(url)!r}, which isn't on the session's host "
            f"{self.api!r}. It wasn't followed and no token was sent there. Check base_url."
        )


def choose_hosts(region: str, base_url: str | None) -> Hosts:
    """Return the hosts of a region, or of a base URL that replaces both.

    Args:
        region: `eu` or `sa`. If it is `DEFAULT_REGION`, UP42_REGION takes precedence.
        base_url: Origin of API and token server. Defaults to UP42_BASE_URL.

    Raises:
        ConfigurationError: If the region is unknown, or the base URL has no scheme or host.
    """
    if region is DEFAULT_REGION:
        region = os.environ.get("UP42_REGION") or str(region)
    if region not in REGIONS:
        raise ConfigurationError(
            f"Unknown region {region!r}: expected one of {', '.join(sorted(REGIONS))}."
        )
    base_url = base_url if base_url is not None else os.environ.get("UP42_BASE_URL") or None
    if base_url is not None:
        origin = check_base_url(base_url)
        return Hosts(api=origin, auth=origin, region=None)
    return Hosts(*REGIONS[region], region)


def check_base_url(base_url: str) -> str:
    shown = without_query(str(base_url))
    try:
        parts = urlsplit(base_url)
        is_usable = parts.scheme in DEFAULT_PORTS and parts.hostname and parts.port != 0
        # Raises a ValueError for a name with a part that is empty or too long.
        (parts.hostname or "").encode("idna")
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(
            f"base_url={shown!r} can't be used: expected a scheme and a host, for example "
            "'http://127.0.0.1:8042'."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url={shown!r}: expected a scheme, host, and port only, without credentials and "
            "query."
        )
    return base_url.rstrip("/")
