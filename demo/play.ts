import type { NostrEvent } from 'nostr-tools/pure';

import { bounded } from './bounded.ts';
import { assembleCast } from './cast.ts';
import { forgedCopy } from './forged-copy.ts';
import { MetricsPage } from './metrics-page.ts';
import type { Outcome } from './outcome.ts';
import type { Sleeper } from './sleeper.ts';
import type { Stage } from './stage.ts';
import { strangersTraffic } from './strangers-traffic.ts';
import type { Timeline } from './timeline.ts';

const STRANGERS_EVENTS = 500;
const BACKDATED_HOURS = 40;
/** A wake that takes longer does not come. */
const WAKE_PATIENCE_MS = 4000;

interface Noise {
  readonly noise: readonly NostrEvent[];
  readonly repeated: NostrEvent;
  readonly forged: readonly NostrEvent[];
}

/** The story, told while it happens. */
export class Play {
  readonly #stage: Stage;
  readonly #timeline: Timeline;
  readonly #signal: AbortSignal;
  readonly #secrets: string[] = [];

  constructor(stage: Stage, timeline: Timeline, signal: AbortSignal) {
    this.#stage = stage;
    this.#timeline = timeline;
    this.#signal = signal;
  }

  async run(): Promise<Outcome> {
    const { daemon } = this.#stage;
    const { api, admin, noise } = await this.#raiseCurtain();
    const { alice, bob, carol, dave } = assembleCast(this.#stage, api);
    const sleepers = [alice, bob, carol, dave];
    await this.#putToBed(sleepers);

    this.#timeline.scene('Protocol v1: a gift wrap, which bears a false date to hide the true one.');
    const wrap = daemon.giftWrap(alice.phone.tradePubkey, { backdatedHours: BACKDATED_HOURS });
    await this.#bringNews(alice, wrap, `v1: gift wrap for Alice, back-dated ${BACKDATED_HOURS} hours`);

    this.#timeline.scene('Protocol v2: a message that the daemon signs with its own key.');
    await this.#bringNews(bob, daemon.message(bob.phone.tradePubkey), 'v2: signed message for Bob');

    this.#timeline.scene('The relay grows noisy, and lies; behind the noise waits news for Carol.');
    const message = daemon.message(carol.phone.tradePubkey);
    const forged = [message, daemon.message(dave.phone.tradePubkey)].map(forgedCopy);
    this.#makeNoise({ noise, repeated: wrap, forged });
    await this.#bringNews(carol, message, 'v2: signed message for Carol, the genuine one');

    const sent = { forStrangers: noise.length, repeated: 1, forged: forged.length };
    return { sleepers, sent, ...(await this.#dropCurtain(admin)) };
  }

  async #raiseCurtain(): Promise<{ api: string; admin: string; noise: NostrEvent[] }> {
    const { google, program, relay, unifiedPush } = this.#stage;
    this.#timeline.title('What happens');
    this.#tell('relay', undefined, `listens at ${relay.url}`);
    this.#tell('google', undefined, `listens at ${google.baseUrl}`);
    this.#tell('ntfy', undefined, `listens at ${unifiedPush.baseUrl}`);
    // Made while the program starts, in the other process.
    const signing = strangersTraffic(STRANGERS_EVENTS);
    const { api, admin } = await this.#bounded('The start of the server', program.addresses());
    this.#tell('server', undefined, `listens at ${api}`);
    this.#tell('server', undefined, `metrics at ${new URL('/metrics', admin).href}`);
    const subscriptions = Promise.all([relay.subscribed(1059), relay.subscribed(14)]);
    await this.#bounded('The subscriptions of the server', subscriptions);
    for (const { filters } of relay.requests.all) {
      const wanted = filters.map((filter) => JSON.stringify(filter)).join(' ');
      this.#tell('server', 'relay', `asks for ${wanted}`);
    }
    const noise = await this.#bounded('The signing of the noise', signing);
    this.#tell('demo', undefined, `has signed ${noise.length} events for strangers, for later`);
    return { api, admin, noise };
  }

  async #putToBed(sleepers: readonly Sleeper[]): Promise<void> {
    this.#timeline.scene('The phones register, each with its device token sealed, and fall asleep.');
    for (const { name, phone, through } of sleepers) {
      const { status, body } = await this.#bounded(`The registration of ${name}`, phone.register());
      if (status !== 200) throw new Error(`${name} cannot register: ${status} ${JSON.stringify(body)}`);
      const device = through === 'FCM' ? `FCM token (${phone.kind})` : 'UnifiedPush endpoint';
      this.#tell(name, 'server', `trade key ${phone.tradePubkey.slice(0, 8)}…, ${device}`);
      this.#secrets.push(phone.tradePubkey);
    }
  }

  /** A phone that is not woken shows in the verdict; the story goes on. */
  async #bringNews(sleeper: Sleeper, event: NostrEvent, text: string): Promise<void> {
    const { daemon, relay } = this.#stage;
    const { name, publishedAt, through } = sleeper;
    this.#secrets.push(event.id, event.pubkey, event.content);
    const at = performance.now();
    publishedAt.push(at);
    const publishing = daemon.publish(relay.url, event);
    this.#timeline.entry({ from: 'daemon', to: 'relay', text, at });
    await this.#bounded('The publishing of an event', publishing);
    const waking = this.#bounded('A wake', sleeper.untilWoken(WAKE_PATIENCE_MS));
    await waking.catch(() => this.#signal.throwIfAborted());
    const [wake] = sleeper.wakes;
    this.#timeline.entry({
      from: through === 'FCM' ? 'google' : 'ntfy',
      to: name,
      ...(wake === undefined
        ? { text: `has no push to bring, after ${WAKE_PATIENCE_MS / 1000} s`, tone: 'bad' }
        : { text: `WAKE UP   ${(wake.at - at).toFixed(1)} ms after publishing`, at: wake.at, tone: 'wake' }),
    });
  }

  /** On one connection, in this order and before Carol's news: when she is woken, the server has read all of it. */
  #makeNoise({ noise, repeated, forged }: Noise): void {
    const { relay } = this.#stage;
    const line = { from: 'relay', to: 'server' };
    this.#timeline.entry({ ...line, text: `${noise.length} events for strangers, all at once` });
    for (const event of noise) relay.broadcast(event);
    const again = 'Alice’s gift wrap again, as a second relay would';
    this.#timeline.entry({ ...line, text: again, tone: 'attack' });
    relay.broadcast(repeated);
    const forgery = 'messages for Carol and Dave, one bit of the signature off';
    this.#timeline.entry({ ...line, text: forgery, tone: 'attack' });
    for (const event of forged) relay.broadcast(event);
  }

  async #dropCurtain(admin: string): Promise<Omit<Outcome, 'sleepers' | 'sent'>> {
    const { google, program, unifiedPush } = this.#stage;
    this.#timeline.scene('The server is told to end, and first sends whatever it may still hold.');
    const metrics = await this.#bounded('The metrics page', MetricsPage.fetch(admin, this.#signal));
    this.#tell('demo', 'server', 'SIGTERM');
    const exitCode = await this.#bounded('The end of the server', program.stop());
    this.#tell('server', undefined, `has ended with exit code ${exitCode}`);
    return {
      metrics,
      exitCode,
      lastWords: program.tail(),
      pushes: google.pushes.count + unifiedPush.pushes.count,
      refusals: google.refusals.all.map(({ status }) => status),
      secrets: this.#secrets,
    };
  }

  #tell(from: string, to: string | undefined, text: string): void {
    this.#timeline.entry({ from, ...(to === undefined ? {} : { to }), text });
  }

  #bounded<Result>(what: string, work: Promise<Result>): Promise<Result> {
    return bounded(what, work, this.#signal);
  }
}
