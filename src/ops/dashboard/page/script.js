'use strict';

// Shows /dashboard.json, every two seconds while the page is visible. All content is set as text, never as markup.

const POLL_MS = 2000;
/** Functions that show a part of the answer; the other scripts add theirs. */
const parts = [];
const SERVICES = { fcm: 'FCM', unifiedpush: 'UnifiedPush' };
const byId = (id) => document.getElementById(id);

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function figure(count) {
  return count.toLocaleString('en').replaceAll(',', '\u202F');
}

function plural(count, one, many) {
  return `${figure(count)} ${count === 1 ? one : many}`;
}

function ago(ms, now) {
  return ms === 0 ? 'never' : `${stretch(now - ms)} ago`;
}

/** A stretch of time, in its largest unit. */
function stretch(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

function duration(seconds) {
  if (seconds === undefined) return '–';
  return seconds < 1
    ? `${Math.round(seconds * 1000)}\u00A0ms`
    : `${seconds.toFixed(seconds < 10 ? 1 : 0)}\u00A0s`;
}

/** A time of day, with the day of the week if it is not today. */
function moment(ms, now) {
  const isToday = new Date(ms).toDateString() === new Date(now).toDateString();
  return new Date(ms).toLocaleString('en', {
    ...(!isToday && { weekday: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}

function sumOf(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function showState({ name, now, ready, serverPubkey, startedAt, version }) {
  const state = byId('state');
  state.textContent = ready ? 'ready' : 'not ready';
  state.className = `pill ${ready ? 'good' : 'bad'}`;
  byId('name').textContent = name;
  byId('about').textContent =
    `mostro-push-server ${version} · key ${serverPubkey.slice(0, 8)}… · up for ${stretch(now - startedAt)}`;
  document.title = `${ready ? '' : '! '}${name} · mostro-push-server`;
}

function showAlarms({ alarms, unready }) {
  const list = unready.map(({ reason, remedy }) => alarmBox('error', reason, remedy));
  for (const { alarm, count, level, provider, reason, relay, remedy } of alarms) {
    const lanes = count === undefined ? undefined : plural(count, 'lane', 'lanes');
    const about = [relay, serviceIn(alarm, provider), lanes, reason].filter(Boolean);
    list.push(alarmBox(level, about.length === 0 ? alarm : `${alarm} (${about.join(', ')})`, remedy));
  }
  byId('alarms').replaceChildren(...list);
}

/** The push service of an alarm, if the alarm's name does not already say it. */
function serviceIn(alarm, provider) {
  const isSaid = /FCM|OAuth|APNs|UnifiedPush|key file|project/.test(alarm);
  return provider === undefined || isSaid ? undefined : SERVICES[provider];
}

function alarmBox(level, title, remedy) {
  const box = element('p', undefined, `alarm ${level}`);
  box.append(element('b', title), element('span', remedy));
  return box;
}

function tile(title, value, note) {
  const box = element('div', undefined, 'tile');
  box.append(element('h3', title), element('p', value), element('small', note));
  return box;
}

function showTiles(shown) {
  const { heldDevices, hour, lastEventAt, latency, minutes, now, providers, registrations } = shown;
  const sum = (name) => providers.reduce((total, provider) => total + provider[name], 0);
  const lastMinute = minutes.at(-2) ?? { delivered: 0 };
  const [delivered, failed] = [sumOf(hour.delivered), sumOf(hour.failed)];
  byId('tiles').replaceChildren(
    tile('Wakes, last minute', figure(lastMinute.delivered), `${figure(delivered)} in the last hour`),
    tile(
      'Event to push, median',
      duration(latency.p50),
      `95\u00A0%:\u00A0${duration(latency.p95)}, 99\u00A0%:\u00A0${duration(latency.p99)}`,
    ),
    tile('Registrations', figure(registrations.total), `room for ${figure(shown.registrationsLimit)}`),
    tile(
      'Waiting',
      figure(sum('pending')),
      `${figure(sum('owed'))} devices owed, ${figure(heldDevices)} held`,
    ),
    tile('Last event', ago(lastEventAt, now), `${figure(hour.matched)} for registered keys in the last hour`),
    tile('Failed attempts', figure(failed), 'in the last hour'),
    ...(shown.servers === undefined ? [] : [tile('Servers', figure(shown.servers), 'of this fleet live')]),
  );
}

parts.push(showState, showAlarms, showTiles);

async function show() {
  if (document.hidden) return;
  try {
    const answer = await fetch('/dashboard.json', { signal: AbortSignal.timeout(POLL_MS * 2) });
    const shown = await answer.json();
    for (const part of parts) part(shown);
    byId('updated').textContent = `as of ${moment(shown.now, shown.now)}`;
  } catch {
    byId('state').textContent = 'no answer';
    byId('state').className = 'pill bad';
  }
}

function look() {
  void show();
}

// By then the other scripts have run.
document.addEventListener('DOMContentLoaded', () => {
  setInterval(look, POLL_MS);
  document.addEventListener('visibilitychange', look);
  window.addEventListener('resize', look);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', look);
  look();
});
