import { setTimeout as delay } from 'node:timers/promises';

import type { NostrEvent } from 'nostr-tools/pure';

import { PATIENCE_MS } from '../stand-ins/patience.ts';
import type { Outcome } from './findings.ts';
import { MetricsPage } from './metrics-page.ts';
import { type ObservedPhone, observedPhones } from './observed-phone.ts';
import type { Testbed } from './testbed.ts';
import type { Timeline } from './timeline.ts';
import { eventsForStrangers, forgedCopy, type UnwantedEvents } from './unwanted-events.ts';

const STRANGERS_EVENTS = 500;
const BACKDATED_HOURS = 40;

/** The steps of the demo. Each is printed while it happens. */
export class Scenario {
  readonly #testbed: Testbed;
  readonly #timeline: Timeline;
  readonly #signal: AbortSignal;
  readonly #secrets: string[] = [];

  constructor(testbed: Testbed, timeline: Timeline, signal: AbortSignal) {
    this.#testbed = testbed;
    this.#timeline = timeline;
    this.#signal = signal;
  }

  async run(): Promise<Outcome> {
    const { daemon } = this.#testbed;
    const { api, admin, forStrangers } = await this.#startServer();
    const { alice, bob, carol, dave } = observedPhones(this.#testbed, api);
    const phones = [alice, bob, carol, dave];
    await this.#registerPhones(phones);

    this.#timeline.section(
      'Protocol v1: a gift wrap, whose date is false, so that the true one stays hidden.',
    );
    const wrap = daemon.giftWrap(alice.tradePubkey, { backdatedHours: BACKDATED_HOURS });
    await this.#publish(alice, wrap, `v1: gift wrap for Alice, back-dated ${BACKDATED_HOURS} hours`);

    this.#timeline.section('Protocol v2: a message that the daemon signs with its own key.');
    await this.#publish(bob, daemon.message(bob.tradePubkey), 'v2: signed message for Bob');

    this.#timeline.section('The relay sends noise and forged events, and after them a message for Carol.');
    const message = daemon.message(carol.tradePubkey);
    const forged = [message, daemon.message(dave.tradePubkey)].map(forgedCopy);
    const repeated = [wrap];
    this.#broadcastUnwanted({ forStrangers, repeated, forged });
    await this.#publish(carol, message, 'v2: signed message for Carol, the genuine one');

    const sent = { forStrangers: forStrangers.length, repeated: repeated.length, forged: forged.length };
    return { phones, sent, ...(await this.#stopServer(admin)) };
  }

  async #startServer(): Promise<{ api: string; admin: string; forStrangers: NostrEvent[] }> {
    const { google, program, relay, unifiedPush } = this.#testbed;
    this.#timeline.title('What happens');
    this.#tell('relay', undefined, `listens at ${relay.url}`);
    this.#tell('google', undefined, `listens at ${google.baseUrl}`);
    this.#tell('ntfy', undefined, `listens at ${unifiedPush.baseUrl}`);
    // These events are made while the program starts in its own process.
    const signing = eventsForStrangers(STRANGERS_EVENTS, this.#signal);
    const { api, admin } = await this.#bounded('The start of the server', program.addresses());
    this.#tell('server', undefined, `listens at ${api}`);
    this.#tell('server', undefined, `metrics at ${new URL('/metrics', admin).href}`);
    const subscriptions = Promise.all([relay.subscribed(1059), relay.subscribed(14)]);
    await this.#bounded('The subscriptions of the server', subscriptions);
    for (const { filters } of relay.requests.all) {
      const wanted = filters.map((filter) => JSON.stringify(filter)).join(' ');
      this.#tell('server', 'relay', `asks for ${wanted}`);
    }
    // No time limit: this is the demo's own arithmetic, and takes as long as the machine is slow.
    const forStrangers = await signing;
    this.#signal.throwIfAborted();
    this.#tell('demo', undefined, `has signed ${forStrangers.length} events for strangers, for later`);
    return { api, admin, forStrangers };
  }

  async #registerPhones(phones: readonly ObservedPhone[]): Promise<void> {
    this.#timeline.section('The phones register, each with its device token sealed, and fall asleep.');
    for (const phone of phones) {
      const { name, kind, through, tradePubkey } = phone;
      const { status, body } = await this.#bounded(`The registration of ${name}`, phone.register());
      if (status !== 200) throw new Error(`${name} cannot register: ${status} ${JSON.stringify(body)}`);
      const device = through === 'FCM' ? `FCM token (${kind})` : 'Web Push subscription';
      this.#tell(name, 'server', `trade key ${tradePubkey.slice(0, 8)}…, ${device}`);
      this.#secrets.push(tradePubkey);
    }
  }

  /** Publishes an event and waits for the push. If no push comes, the scenario goes on, and the verdict says so. */
  async #publish(phone: ObservedPhone, event: NostrEvent, text: string): Promise<void> {
    const { daemon, relay } = this.#testbed;
    this.#secrets.push(event.id, event.pubkey, event.content);
    const at = performance.now();
    phone.publishedAt.push(at);
    const publishing = daemon.publish(relay.url, event);
    this.#timeline.entry({ from: 'daemon', to: 'relay', text, at });
    await this.#bounded('The publishing of an event', publishing);
    const pushing = this.#bounded('A wake', phone.untilPushed());
    await pushing.catch(() => this.#signal.throwIfAborted());
    const [push] = phone.pushes;
    this.#timeline.entry({
      from: phone.through === 'FCM' ? 'google' : 'ntfy',
      to: phone.name,
      ...(push === undefined
        ? { text: `has no push to bring, after ${PATIENCE_MS / 1000} s`, tone: 'bad' }
        : { text: `WAKE UP   ${(push.at - at).toFixed(1)} ms after publishing`, at: push.at, tone: 'wake' }),
    });
  }

  /** Sent on one connection, in this order, before the event for Carol: when Carol is woken, the server has read all of them. */
  #broadcastUnwanted({ forStrangers, repeated, forged }: UnwantedEvents): void {
    const { relay } = this.#testbed;
    const line = { from: 'relay', to: 'server' };
    this.#timeline.entry({ ...line, text: `${forStrangers.length} events for strangers, all at once` });
    for (const event of forStrangers) relay.broadcast(event);
    const again = 'Alice’s gift wrap again, as a second relay would';
    this.#timeline.entry({ ...line, text: again, tone: 'attack' });
    for (const event of repeated) relay.broadcast(event);
    const forgery = 'messages for Carol and Dave, one bit of the signature off';
    this.#timeline.entry({ ...line, text: forgery, tone: 'attack' });
    for (const event of forged) relay.broadcast(event);
  }

  async #stopServer(admin: string): Promise<Omit<Outcome, 'phones' | 'sent'>> {
    const { google, program, unifiedPush } = this.#testbed;
    this.#timeline.section('The server is told to end, and first sends the wakes that still wait.');
    const metrics = await this.#bounded('The metrics page', MetricsPage.fetch(admin, this.#signal));
    this.#tell('demo', 'server', 'SIGTERM');
    const exitCode = await this.#bounded('The end of the server', program.stop());
    this.#tell('server', undefined, `has ended with exit code ${exitCode}`);
    return {
      metrics,
      exitCode,
      outputTail: program.tail(),
      pushCount: google.pushes.count + unifiedPush.pushes.count,
      refusals: google.refusals.all.map(({ status }) => status),
      secrets: this.#secrets,
    };
  }

  #tell(from: string, to: string | undefined, text: string): void {
    this.#timeline.entry({ from, ...(to === undefined ? {} : { to }), text });
  }

  /**
   * Waits for something that the server does. The time limit is for a server that hangs: with a tenth of a core no step takes half of it.
   *
   * @param what names the work in the error of a time-out
   * @throws the signal's reason once that is aborted
   */
  async #bounded<Result>(what: string, work: Promise<Result>): Promise<Result> {
    const answered = new AbortController();
    const signal = AbortSignal.any([this.#signal, answered.signal]);
    const overdue = delay(PATIENCE_MS, undefined, { signal }).then(() => {
      throw new Error(`${what} did not come about within ${PATIENCE_MS / 1000} s.`);
    });
    try {
      return await Promise.race([work, overdue]);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    } finally {
      answered.abort();
    }
  }
}
