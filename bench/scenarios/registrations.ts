import { ApiLoad } from '../api-load.ts';
import type { Figure } from '../figure.ts';
import type { Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import { sealedBodies, sealedTokens } from '../sealed-bodies.ts';
import type { Stage } from '../stage.ts';

/** Sealed registrations, of keys that are new. */
export async function registrations(stage: Stage, program: Program): Promise<Figure[]> {
  const { batch, rounds } = stage.extent;
  const tokens = sealedTokens(stage.privateKey);
  const bodies = sealedBodies(tokens, batch);
  const handler = await stage.limit('empty-handler');
  const [, port = ''] = await handler.untilPrinted(/port (\d+)/);
  await using api = new ApiLoad(`http://127.0.0.1:${port}`);
  const unsealing = await stage.limit(
    'unseal',
    stage.privateKey,
    ...tokens.map((token) => token.toString('hex')),
  );
  const spans: Record<'handled' | 'opened' | 'registered', Span[]> = {
    handled: [],
    opened: [],
    registered: [],
  };
  for (let round = -1; round < rounds; round++) {
    const one = await handler.during(() => api.post('/api/register', batch, (n) => bodies[n] as string));
    const two = await unsealing.during(async () => {
      const opened = unsealing.answer('opened');
      unsealing.tell({ count: batch });
      await opened;
    });
    const fresh = sealedBodies(tokens, batch);
    const three = await program.during(() =>
      program.api.post('/api/register', batch, (n) => fresh[n] as string),
    );
    if (round < 0) continue;
    spans.handled.push(one);
    spans.opened.push(two);
    spans.registered.push(three);
  }
  await Promise.all([handler[Symbol.asyncDispose](), unsealing[Symbol.asyncDispose]()]);
  return figures(spans, batch);
}

function figures(
  { handled, opened, registered }: Record<'handled' | 'opened' | 'registered', Span[]>,
  batch: number,
): Figure[] {
  const together = (of: (span: Span) => number): number[] =>
    handled.map((span, round) => of(span) + of(opened[round] as Span));
  const what = 'fastify with an empty handler, and bare unsealing';
  return [
    {
      what: 'sealed registrations',
      unit: '1/s',
      samples: registered.map(({ wallMs }) => (batch / wallMs) * 1000),
      limit: { what, samples: together(({ wallMs }) => wallMs).map((ms) => (batch / ms) * 1000) },
      goal: { of: 'ratio', least: 0.8 },
      moreIsBetter: true,
    },
    {
      what: 'the same in processor time',
      unit: 'µs',
      samples: registered.map(({ cpuMs }) => (cpuMs * 1000) / batch),
      limit: { what, samples: together(({ cpuMs }) => cpuMs).map((ms) => (ms * 1000) / batch) },
      moreIsBetter: false,
    },
  ];
}
