"""Runs the local relay of rust-nostr on a loopback port of its own choice, and prints its address."""

import asyncio
import sys

from nostr_sdk import LocalRelayBuilder, RateLimit

# As many REQs as the package allows by itself; its 60 events a minute would make a test wait for the clock.
RATE_LIMIT = RateLimit(max_reqs=500, notes_per_minute=1_000_000)


async def main() -> None:
    restricted = "--restrict-gift-wraps" in sys.argv
    relay = LocalRelayBuilder().addr("127.0.0.1").rate_limit(RATE_LIMIT).auth_dm(restricted).build()
    await relay.run()
    print(await relay.url(), flush=True)
    # The end of stdin: whoever started this is gone, killed or not.
    await asyncio.to_thread(sys.stdin.buffer.read)


asyncio.run(main())
