"""A relay of rust-nostr (the Python package nostr-sdk) on the loopback interface. It prints its URL."""

import argparse
import asyncio
import os
import sys
import threading

import nostr_sdk as nostr


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--directory", help="where the events are kept; absent: in memory")
    parser.add_argument("--max-limit", type=int, help="the most stored events that are given for a filter")
    parser.add_argument("--max-subscriptions", type=int, default=500, help="for each connection")
    parser.add_argument("--negentropy", action="store_true", help="it always compares stored events (NIP-77)")
    parser.add_argument("--auth", action="store_true", help="serve nobody before authentication (NIP-42)")
    return parser.parse_args()


async def builder(chosen: argparse.Namespace) -> nostr.LocalRelayBuilder:
    limit = nostr.RateLimit(max_reqs=chosen.max_subscriptions, notes_per_minute=10_000_000)
    made = nostr.LocalRelayBuilder().rate_limit(limit)
    if chosen.port != 0:
        made = made.port(chosen.port)
    if chosen.directory is not None:
        # The relay calls the database from threads of its own.
        nostr.nostr_sdk.uniffi_set_event_loop(asyncio.get_running_loop())
        made = made.database(await nostr.NostrLmdb.open(chosen.directory))
    if chosen.max_limit is not None:
        made = made.max_filter_limit(chosen.max_limit)
    if chosen.auth:
        mode = nostr.LocalRelayBuilderNip42Mode.READ
        made = made.nip42(nostr.LocalRelayBuilderNip42(mode=mode))
    return made


def end_with_stdin() -> None:
    """The end of stdin: whoever started this is gone, killed or not."""
    sys.stdin.buffer.read()
    os._exit(0)


async def main() -> None:
    threading.Thread(target=end_with_stdin, daemon=True).start()
    relay = (await builder(arguments())).build()
    await relay.run()
    print(await relay.url(), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
