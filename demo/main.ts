import { Interruption } from './interruption.ts';
import { Paint } from './paint.ts';
import { perform } from './perform.ts';
import { Timeline } from './timeline.ts';

// The one file of the demo that touches `process`.

const { stdout, env } = process;
const paint = new Paint(stdout.isTTY && (env['NO_COLOR'] ?? '') === '');
const timeline = new Timeline(paint, (text) => void stdout.write(text));
const interruption = new AbortController();

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
for (const name of signals) process.on(name, () => interruption.abort(new Interruption(name)));
// `npm run demo | head` closes the pipe; that and what nobody caught must not leave the server running.
stdout.on('error', (error) => interruption.abort(error));
process.on('uncaughtException', (error) => interruption.abort(error));

try {
  process.exitCode = (await perform(timeline, interruption)) ? 0 : 1;
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
