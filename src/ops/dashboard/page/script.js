'use strict';

// Shows /dashboard.json, every two seconds while the page is visible. All content is set as text, never as markup.

const POLL_MS = 2000;
/** Functions that draw a chart again; charts.js fills this list. */
const charts = [];
const SERVICES = { fcm: 'FCM', unifiedpush: 'UnifiedPush' };
const byId = (id) => document.getElementById(id);

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function ago(ms, now) {
  if (ms === 0) return 'never';
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

function duration(seconds) {
  if (seconds === undefined) return '–';
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

function showState({ ready, version, serverPubkey }) {
  const state = byId('state');
  state.textContent = ready ? 'ready' : 'not ready';
  state.className = `pill ${ready ? 'good' : 'bad'}`;
  byId('version').textContent = version;
  byId('pubkey').textContent = serverPubkey;
  document.title = `${ready ? '' : '! '}mostro-push-server`;
}

function showAlarms({ alarms, reasons }) {
  const list = reasons
    .filter((reason) => !alarms.some(({ alarm }) => alarm === reason))
    .map((reason) => alarmBox('error', reason, ''));
  for (const { alarm, count, level, provider, reason, relay, remedy } of alarms) {
    const about = [relay, serviceIn(alarm, provider), count && `${count} lanes`, reason].filter(Boolean);
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

function policyTile({ chosen, lastLateMs, server }) {
  const others = Object.entries(chosen).map(([policy, count]) => `${count} ${policy}`);
  const late = lastLateMs === undefined ? '' : `, last burst ${Math.round(lastLateMs)} ms late`;
  return tile('Wake policy', server, `devices with another: ${others.join(', ') || 'none'}${late}`);
}

function cohortTile({ cohorts, lingering, members, unprotected }) {
  return tile(
    'Cohorts',
    String(cohorts),
    `${members} devices: ${unprotected} unprotected, ${lingering} lingering`,
  );
}

function showTiles(shown) {
  const { cohorts, heldDevices, lastEventAt, latency, minutes, now, policies, providers, registrations } =
    shown;
  const sum = (name) => providers.reduce((total, provider) => total + provider[name], 0);
  const hour = (name) => minutes.reduce((total, minute) => total + minute[name], 0);
  const lastMinute = minutes.at(-2) ?? { delivered: 0 };
  const { android, ios, total, web, webpush } = registrations;
  byId('tiles').replaceChildren(
    tile('Wakes, last minute', String(lastMinute.delivered), `${hour('delivered')} in the last hour`),
    tile(
      'Event to push, median',
      duration(latency.p50),
      `95 %: ${duration(latency.p95)}, 99 %: ${duration(latency.p99)}`,
    ),
    tile('Registrations', String(total), `${android} Android, ${ios} iOS, ${web} web, ${webpush} Web Push`),
    tile('Waiting', String(sum('pending')), `${sum('owed')} devices owed, ${heldDevices} held`),
    tile('Last event', ago(lastEventAt, now), `${hour('events')} for registered keys in the last hour`),
    tile('Failed attempts', String(hour('failed')), 'in the last hour'),
    policyTile(policies),
    ...(cohorts === undefined ? [] : [cohortTile(cohorts)]),
  );
}

function cell(text, className) {
  return element('td', text, className);
}

function showTable(id, head, rows) {
  const top = element('tr');
  for (const [text, className] of head) top.append(element('th', text, className));
  const lines = rows.map((cells) => {
    const line = element('tr');
    line.append(...cells);
    return line;
  });
  byId(id).replaceChildren(top, ...lines);
}

function showRelays({ relays }) {
  const rows = relays.map(({ dropped, liveKinds, recovering, relay, restricted, state }) => [
    cell(relay),
    cell(state, state === 'live' ? 'good' : state === 'banned' || state === 'waiting' ? 'bad' : 'warn'),
    cell(liveKinds.join(', ') || '–'),
    cell(
      restricted.map(({ kind, reason }) => `${kind}: ${reason}`).join(', ') || '–',
      restricted.length > 0 ? 'warn' : '',
    ),
    cell(recovering.join(', ') || '–'),
    cell(dropped ? `${dropped.count}, last at ${new Date(dropped.lastAt).toLocaleString()}` : '–'),
  ]);
  showTable(
    'relays',
    [['relay'], ['state'], ['live kinds'], ['restricted'], ['recovering'], ['dropped']],
    rows,
  );
}

function healthCell(attempts, score) {
  if (attempts === 0) return cell('–', 'number');
  return cell(
    `${Math.round(score * 100)} %`,
    `number ${score < 0.5 ? 'bad' : score < 0.95 ? 'warn' : 'good'}`,
  );
}

function showProviders({ now, providers }) {
  const rows = providers.map(
    ({ attempts, lanes, lastDeliveryAt, owed, pending, provider, score, troubles }) => {
      const ailing = Object.entries(troubles).filter(([, count]) => count > 0);
      return [
        cell(SERVICES[provider] ?? provider),
        healthCell(attempts, score),
        cell(ago(lastDeliveryAt, now)),
        cell(String(pending), 'number'),
        cell(String(owed), 'number'),
        cell(String(lanes), 'number'),
        cell(
          ailing.map(([name, count]) => `${count} ${name}`).join(', ') || '–',
          ailing.length > 0 ? 'warn' : '',
        ),
      ];
    },
  );
  const head = [
    ['service'],
    ['health', 'number'],
    ['last delivery'],
    ['pending', 'number'],
    ['owed', 'number'],
    ['lanes', 'number'],
    ['lanes in trouble'],
  ];
  showTable('providers', head, rows);
}

async function show() {
  if (document.hidden) return;
  try {
    const answer = await fetch('/dashboard.json', { signal: AbortSignal.timeout(POLL_MS * 2) });
    const shown = await answer.json();
    for (const part of [showState, showAlarms, showTiles, showRelays, showProviders, ...charts]) part(shown);
    byId('updated').textContent =
      `as of ${new Date(shown.now).toLocaleTimeString([], { hour12: false })}, started ${ago(shown.startedAt, shown.now)}`;
  } catch {
    byId('state').textContent = 'no answer';
    byId('state').className = 'pill bad';
  }
}

function look() {
  void show();
}

// By then charts.js, the next script, has run.
document.addEventListener('DOMContentLoaded', () => {
  setInterval(look, POLL_MS);
  document.addEventListener('visibilitychange', look);
  window.addEventListener('resize', look);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', look);
  look();
});
