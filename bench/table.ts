import type { Goal, Summary } from './figure.ts';

/** The summaries as a table in Markdown. @param former the summaries of an earlier run, by their names */
export function table(
  summaries: readonly Summary[],
  former: ReadonlyMap<string, Summary> = new Map(),
): string {
  const isCompared = former.size > 0;
  const head = ['what', 'median', 'spread', 'unit', 'limit', 'ratio', 'goal', ''];
  const rows = summaries.map((one) => [
    one.what,
    number(one.median),
    one.least === one.most ? '' : `${number(one.least)} – ${number(one.most)}`,
    one.unit,
    one.limit === undefined ? '' : `${number(one.limit.median)}: ${one.limit.what}`,
    one.ratio === undefined ? '' : one.ratio.toFixed(2),
    one.goal === undefined ? '' : goalText(one.goal),
    verdict(one),
    ...(isCompared ? [change(one, former.get(one.what))] : []),
  ]);
  return lines([[...head, ...(isCompared ? ['since then'] : [])], ...rows]).join('\n');
}

/** A table in Markdown, with columns of even width. The first row is the head. */
export function lines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cell.length)).join(' | ')} |`;
  const [head = [], ...rest] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)];
}

function verdict({ meetsGoal }: Summary): string {
  if (meetsGoal === undefined) return '';
  return meetsGoal ? 'met' : 'missed';
}

function goalText({ least, most, of }: Goal): string {
  const bound = least === undefined ? `≤ ${most}` : `≥ ${least}`;
  return of === 'ratio' ? `ratio ${bound}` : bound;
}

/** A change in percent. A plus is an improvement. */
function change(now: Summary, then: Summary | undefined): string {
  if (then === undefined || then.median === 0) return 'new';
  const share = now.median / then.median - 1;
  const better = now.moreIsBetter ? share : -share;
  return `${better >= 0 ? '+' : '−'}${Math.abs(better * 100).toFixed(0)} %`;
}

function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
