import { Findings, type Outcome } from './findings.ts';
import type { ObservedPhone } from './observed-phone.ts';
import type { Timeline } from './timeline.ts';

const JSON_WIDTH = 86;
const JSON_INDENT = 2;
const SHOWN_TOKEN_CHARACTERS = 12;

/** Prints the result. @returns whether everything is as it should be */
export function verdict(outcome: Outcome, timeline: Timeline): boolean {
  const findings = new Findings(outcome);
  timeline.title('The verdict');
  printPhones(outcome.phones, timeline);
  printTraffic(findings, outcome, timeline);
  printPushes(outcome.phones, timeline);
  if (findings.problems.length > 0) {
    timeline.failure(findings.problems.join('\n        '));
    timeline.title('The last words of the server');
    timeline.line(`${outcome.outputTail.replaceAll('\n', '\n  ')}\n`);
    return false;
  }
  timeline.success('Each phone was woken just as it should be, and no push tells who or why.');
  printNext(timeline);
  return true;
}

function printPhones(phones: readonly ObservedPhone[], timeline: Timeline): void {
  const { paint } = timeline;
  timeline.line(paint('dim', 'phone   reached through   pushes due   got   publish to push'));
  for (const { name, through, publishedAt, pushes, latencyMs } of phones) {
    const isRight = pushes.length === publishedAt.length;
    const cells = [
      paint('cyan', name.padEnd(8)),
      through.padEnd(15),
      String(publishedAt.length).padStart(13),
      String(pushes.length).padStart(6),
      (latencyMs === undefined ? '-' : `${latencyMs.toFixed(1)} ms`).padStart(18),
    ];
    timeline.line(
      `${cells.join('')}   ${isRight ? paint('green', 'as it should be') : paint('red', 'WRONG')}`,
    );
  }
  timeline.line();
}

function printTraffic(findings: Findings, { pushCount }: Outcome, timeline: Timeline): void {
  const { strangers, repeated, forged, uncalledFor } = findings;
  const rows = [
    ['for strangers', `${strangers.seen} events seen, ${strangers.verified} signatures verified for them`],
    ['repeated', `${repeated} recognised and passed over`],
    ['forged', `${forged} rejected by their signatures`],
    ['pushes', `${pushCount} sent; caused by any of the above: ${uncalledFor}`],
  ] as const;
  for (const [name, text] of rows) timeline.line(`${timeline.paint('dim', name.padEnd(16))}${text}`);
}

/** Prints the body of one push through each push service: everything that the service learns about a trade. */
function printPushes(phones: readonly ObservedPhone[], timeline: Timeline): void {
  for (const [through, service] of [
    ['FCM', 'Google'],
    ['UnifiedPush', 'the UnifiedPush server'],
  ] as const) {
    const phone = phones.find((candidate) => candidate.through === through && candidate.pushes.length > 0);
    const [push] = phone?.pushes ?? [];
    if (phone === undefined || push === undefined) continue;
    const { body, encryptedBytes } = push;
    timeline.title(`All that ${service} learned of ${phone.name}’s trade`);
    if (encryptedBytes !== undefined)
      timeline.line(`${encryptedBytes} bytes that ${phone.name}’s phone alone can read, and that say:`);
    const shown = compactJson(JSON.parse(shortened(body, phone.token)), JSON_WIDTH);
    for (const line of shown.split('\n')) timeline.line(line);
  }
}

function shortened(body: string, token: string): string {
  return body.replaceAll(token, `${token.slice(0, SHOWN_TOKEN_CHARACTERS)}…`);
}

function printNext(timeline: Timeline): void {
  const { paint } = timeline;
  timeline.title('Next');
  timeline.line(`${paint('bold', 'npm start')}    the same program, watching a real relay`);
  timeline.line(`${paint('bold', 'README.md')}    the Firebase key it needs for FCM, and everything else`);
  timeline.line();
}

/** Formats JSON on as few lines as the width allows. */
function compactJson(value: unknown, width: number): string {
  return layOut(value, { width, indent: 0, lead: 0 });
}

/** @param lead the text that is already on the first line, after the indent */
function layOut(
  value: unknown,
  { width, indent, lead }: Record<'width' | 'indent' | 'lead', number>,
): string {
  const flat = JSON.stringify(value);
  // One more column, for a comma that may follow.
  if (typeof value !== 'object' || value === null || indent + lead + flat.length + 1 <= width) return flat;
  const isArray = Array.isArray(value);
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const label = isArray ? '' : `${JSON.stringify(name)}: `;
    return label + layOut(member, { width, indent: indent + JSON_INDENT, lead: label.length });
  });
  const [open, close] = isArray ? '[]' : '{}';
  const margin = ' '.repeat(indent);
  const body = members.map((member) => `${margin}${' '.repeat(JSON_INDENT)}${member}`).join(',\n');
  return `${open}\n${body}\n${margin}${close}`;
}
