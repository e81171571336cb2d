import { Findings } from './findings.ts';
import type { Outcome } from './outcome.ts';
import { showPushes } from './show-pushes.ts';
import type { Sleeper } from './sleeper.ts';
import type { Timeline } from './timeline.ts';

/** Prints what came of it. @returns whether all is as it should be */
export function verdict(outcome: Outcome, timeline: Timeline): boolean {
  const findings = new Findings(outcome);
  timeline.title('The verdict');
  printPhones(outcome.sleepers, timeline);
  printTraffic(findings, outcome, timeline);
  showPushes(outcome.sleepers, timeline);
  if (findings.problems.length > 0) {
    timeline.failure(findings.problems.join('\n        '));
    timeline.title('The last words of the server');
    timeline.line(`${outcome.lastWords.replaceAll('\n', '\n  ')}\n`);
    return false;
  }
  timeline.success('Each phone was woken just as it should be, and no push tells who or why.');
  printNext(timeline);
  return true;
}

function printPhones(sleepers: readonly Sleeper[], timeline: Timeline): void {
  const { paint } = timeline;
  timeline.line(paint.dim('phone   reached through   pushes due   got   publish to push'));
  for (const { name, through, publishedAt, wakes, latencyMs } of sleepers) {
    const isRight = wakes.length === publishedAt.length;
    const cells = [
      paint.cyan(name.padEnd(8)),
      through.padEnd(15),
      String(publishedAt.length).padStart(13),
      String(wakes.length).padStart(6),
      (latencyMs === undefined ? '-' : `${latencyMs.toFixed(1)} ms`).padStart(18),
    ];
    timeline.line(`${cells.join('')}   ${isRight ? paint.green('as it should be') : paint.red('WRONG')}`);
  }
  timeline.line();
}

function printTraffic(findings: Findings, { pushes }: Outcome, timeline: Timeline): void {
  const { strangers, repeated, forged, uncalledFor } = findings;
  const rows = [
    ['for strangers', `${strangers.seen} events seen, ${strangers.verified} signatures verified for them`],
    ['repeated', `${repeated} recognised and passed over`],
    ['forged', `${forged} rejected by their signatures`],
    ['pushes', `${pushes} sent; caused by any of the above: ${uncalledFor}`],
  ] as const;
  for (const [name, text] of rows) timeline.line(`${timeline.paint.dim(name.padEnd(16))}${text}`);
}

function printNext(timeline: Timeline): void {
  const { paint } = timeline;
  timeline.title('Next');
  timeline.line(`${paint.bold('npm start')}    the same program, watching a real relay`);
  timeline.line(`${paint.bold('README.md')}    the Firebase key it needs for FCM, and everything else`);
  timeline.line();
}
