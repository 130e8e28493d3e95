"""Where a region's API and tokens are, and which URLs belong to it."""

from __future__ import annotations

import os
import re
from urllib.parse import SplitResult, urljoin, urlsplit

from attrs import frozen

from up42_facade.errors import ConfigurationError, UntrustedHostError

REGIONS = {
    "eu": ("https://api.up42.com", "https://auth.up42.com"),
    "sa": ("https://api.sa.up42.com", "https://auth.sa.up42.com"),
}
DEFAULT_PORTS = {"http": 80, "https": 443}
QUERY = re.compile(r"[?#]")


class MissingRegion(str):
    """The default of a `region` argument: reads as a region, yet is known not to be given."""

    __slots__ = ()


DEFAULT_REGION = MissingRegion("eu")


@frozen
class Hosts:
    """Origins (scheme, host, port) of the API and of the server that issues tokens."""

    api: str
    auth: str
    region: str | None

    def resolve(self, link: str) -> str:
        """Make a link of an API response absolute.

        Raises:
            UntrustedHostError: If it leads away from the API's host, where no token may go.
        """
        try:
            url = urljoin(f"{self.api}/", link)
            if is_same_host(url, self.api):
                # Links of the STAC storage have been seen with http:// on the https API.
                return urlsplit(url)._replace(scheme=urlsplit(self.api).scheme).geturl()
        except ValueError:
            url = link
        raise UntrustedHostError(
            f"The server sent a link to {without_query(url)!r}, which is not on the session's "
            f"host {self.api!r}. It was not followed and no token was sent there."
        )


def choose_hosts(region: str, base_url: str | None) -> Hosts:
    """Return the hosts for a region, or those of a base URL that replaces both.

    Args:
        region: `eu` or `sa`; UP42_REGION counts where it is `DEFAULT_REGION`.
        base_url: One origin for API and tokens; UP42_BASE_URL counts where it is None.

    Raises:
        ConfigurationError: An unknown region or a base URL without scheme or host.
    """
    base_url = base_url if base_url is not None else os.environ.get("UP42_BASE_URL") or None
    if base_url is not None:
        origin = check_base_url(base_url)
        return Hosts(api=origin, auth=origin, region=None)
    if region is DEFAULT_REGION:
        region = os.environ.get("UP42_REGION") or str(region)
    if region not in REGIONS:
        raise ConfigurationError(
            f"Unknown region {region!r}: expected one of {', '.join(sorted(REGIONS))}."
        )
    api, auth = REGIONS[region]
    return Hosts(api=api, auth=auth, region=region)


def check_base_url(base_url: str) -> str:
    shown = without_query(str(base_url))
    try:
        parts = urlsplit(base_url)
        is_usable = parts.scheme in DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(
            f"base_url={shown!r} is not usable: expected scheme and host, for instance "
            "'http://127.0.0.1:8042'."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url={shown!r} must hold scheme, host and port only, no credentials and no query."
        )
    return base_url.rstrip("/")


def port_of(parts: SplitResult) -> int | None:
    return parts.port or DEFAULT_PORTS.get(parts.scheme)


def is_same_host(url: str, origin: str) -> bool:
    """Return whether a URL has the origin's host and port; plain http is read as the origin's."""
    try:
        there, here = urlsplit(url), urlsplit(origin)
        if there.hostname != here.hostname or there.scheme not in DEFAULT_PORTS:
            return False
        downgraded = there.scheme == "http" and here.scheme == "https" and there.port in (None, 80)
        return downgraded or (there.scheme == here.scheme and port_of(there) == port_of(here))
    except ValueError:
        return False


def without_query(url: str) -> str:
    """Return a URL without query, fragment, and user info: they can hold a signature or a secret.

    It works on anything, because it's for messages: what isn't a URL loses the same parts.
    """
    scheme, separator, rest = QUERY.split(url, maxsplit=1)[0].rpartition("://")
    host = rest.partition("/")[0]
    has_port = host.rpartition(":")[2].isdigit() or ":" not in host
    # A password can contain slashes: what isn't followed by a port is one.
    if "@" in host or not has_port:
        rest = rest.rpartition("@")[2]
    return scheme + separator + rest
