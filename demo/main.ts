import { introduce } from './introduce.ts';
import { Scenario } from './scenario.ts';
import { withTestbed } from './testbed.ts';
import { Timeline } from './timeline.ts';
import { verdict } from './verdict.ts';

// The one file of the demo that touches `process`.

/** Fires when the user ends the demo, mostly with Ctrl-C. */
class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}. Everything is closed, nothing is left behind.`);
    this.signal = signal;
  }
}

const { stdout, env } = process;
const timeline = new Timeline({
  colours: stdout.isTTY && (env['NO_COLOR'] ?? '') === '',
  print: (text) => void stdout.write(text),
});
const interruption = new AbortController();

/** Runs the whole demo. @returns whether everything went as it should */
async function runDemo(): Promise<boolean> {
  introduce(timeline);
  const outcome = await withTestbed((testbed) => {
    testbed.program.onUnexpectedEnd((error) => interruption.abort(error));
    return new Scenario(testbed, timeline, interruption.signal).run();
  });
  return verdict(outcome, timeline);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
for (const name of signals) process.on(name, () => interruption.abort(new Interruption(name)));
// `npm run demo | head` closes the pipe. This, or an uncaught error, must not leave the server running.
stdout.on('error', (error) => interruption.abort(error));
process.on('uncaughtException', (error) => interruption.abort(error));

try {
  process.exitCode = (await runDemo()) ? 0 : 1;
} catch (error) {
  process.exitCode = 1;
  if (error instanceof Interruption) {
    timeline.line();
    timeline.line(error.message);
    // Ending by the signal itself tells the shell why.
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, error.signal);
  } else {
    timeline.failure(error instanceof Error ? error.message : String(error));
  }
}
