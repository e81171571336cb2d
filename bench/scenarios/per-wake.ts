import type { Figure } from '../figure.ts';
import type { Span } from '../measured-process.ts';

/** How many a second, and in how much processor time each, beside the limit's of the same rounds. */
export function perWake(
  what: string,
  count: number,
  subject: readonly Span[],
  limit: { readonly what: string; readonly spans: readonly Span[]; readonly goal?: Figure['goal'] },
): Figure[] {
  const perSecond = (spans: readonly Span[]): number[] => spans.map(({ wallMs }) => (count / wallMs) * 1000);
  const microseconds = (spans: readonly Span[]): number[] => spans.map(({ cpuMs }) => (cpuMs * 1000) / count);
  return [
    {
      what,
      unit: '1/s',
      samples: perSecond(subject),
      limit: { what: limit.what, samples: perSecond(limit.spans) },
      ...(limit.goal && { goal: limit.goal }),
      moreIsBetter: true,
    },
    {
      what: 'the same in processor time',
      unit: 'µs',
      samples: microseconds(subject),
      limit: { what: limit.what, samples: microseconds(limit.spans) },
      moreIsBetter: false,
    },
  ];
}
