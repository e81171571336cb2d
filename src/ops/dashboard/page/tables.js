'use strict';

// The tables. On a narrow screen each row is a card, in which each cell has the name of its column. Loaded after script.js.

/** The most alarms of the last day that are listed. */
const MOST_ALARMS = 20;

function cell(text, className) {
  return element('td', text, className);
}

function showTable(id, head, rows, ifNone) {
  const top = element('tr');
  for (const [text, className] of head) top.append(element('th', text, className));
  const lines = rows.map((cells) => {
    const line = element('tr');
    for (const [n, made] of cells.entries()) made.dataset.label = head[n][0];
    line.append(...cells);
    return line;
  });
  const none = element('tr');
  none.append(cell(ifNone, 'none'));
  none.firstChild.colSpan = head.length;
  byId(id).replaceChildren(...(rows.length === 0 ? [none] : [top, ...lines]));
}

function showRelays({ now, relays }) {
  const rows = relays.map(({ dropped, liveKinds, recovering, relay, restricted, state }) => [
    cell(relay, 'title'),
    cell(state, state === 'live' ? 'good' : state === 'banned' || state === 'waiting' ? 'bad' : 'warn'),
    cell(liveKinds.join(', ') || '–'),
    cell(
      restricted.map(({ kind, reason }) => `${kind}: ${reason}`).join(', ') || '–',
      restricted.length > 0 ? 'warn' : '',
    ),
    cell(recovering.join(', ') || '–'),
    cell(dropped ? `${figure(dropped.count)}, last at ${moment(dropped.lastAt, now)}` : '–'),
  ]);
  const head = [['relay'], ['state'], ['live kinds'], ['restricted'], ['recovering'], ['dropped']];
  showTable('relays', head, rows, 'No relay: set NOSTR_RELAYS');
}

function healthCell(attempts, score) {
  if (attempts === 0) return cell('–', 'number');
  return cell(
    `${Math.round(score * 100)}\u00A0%`,
    `number ${score < 0.5 ? 'bad' : score < 0.95 ? 'warn' : 'good'}`,
  );
}

function showProviders({ hour, now, providers }) {
  const rows = providers.map(
    ({ attempts, lanes, lastDeliveryAt, owed, pending, provider, score, troubles }) => {
      const ailing = Object.entries(troubles).filter(([, count]) => count > 0);
      return [
        cell(SERVICES[provider] ?? provider, 'title'),
        healthCell(attempts, score),
        cell(figure(hour.delivered[provider] ?? 0), 'number'),
        cell(figure(hour.failed[provider] ?? 0), 'number'),
        cell(ago(lastDeliveryAt, now)),
        cell(figure(pending), 'number'),
        cell(figure(owed), 'number'),
        cell(figure(lanes), 'number'),
        cell(
          ailing.map(([name, count]) => `${figure(count)} ${name}`).join(', ') || '–',
          ailing.length > 0 ? 'warn' : '',
        ),
      ];
    },
  );
  const head = [
    ['service'],
    ['health', 'number'],
    ['delivered, 1 h', 'number'],
    ['failed, 1 h', 'number'],
    ['last delivery'],
    ['pending', 'number'],
    ['owed', 'number'],
    ['lanes', 'number'],
    ['lanes in trouble'],
  ];
  showTable('providers', head, rows, 'No push service is enabled');
}

function showPast({ now, pastAlarms, startedAt }) {
  const rows = pastAlarms.slice(0, MOST_ALARMS).map(({ alarm, begunAt, endedAt, level, provider, relay }) => {
    const about = [relay, serviceIn(alarm, provider)].filter(Boolean);
    const colour = level === 'error' ? 'bad' : 'warn';
    return [
      cell(about.length === 0 ? alarm : `${alarm} (${about.join(', ')})`, 'title'),
      cell(moment(begunAt, now)),
      endedAt === undefined ? cell('stands', colour) : cell(moment(endedAt, now)),
      cell(stretch((endedAt ?? now) - begunAt), 'number'),
    ];
  });
  const more = pastAlarms.length - rows.length;
  if (more > 0)
    rows.push([cell(`and ${plural(more, 'alarm', 'alarms')} before`), cell(''), cell(''), cell('')]);
  const since = now - startedAt < 86_400_000 ? 'since the start' : 'in the last day';
  showTable('past', [['alarm'], ['began'], ['ended'], ['lasted', 'number']], rows, `None ${since}`);
}

function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value < 10 && units[0] !== 'B' ? value.toFixed(1) : Math.round(value)} ${units[0]}`;
}

function storeOf({ freeBytes, registrations, registrationsLimit, seenEvents, store }) {
  const room = freeBytes === undefined ? [] : [`${size(freeBytes)} free on the disk`];
  return [
    store.kind === 'memory' ? 'memory: FCM registrations end with the process' : store.kind,
    ...(store.isOpen ? [] : ['takes no writes']),
    `${figure(registrations.total)} of ${figure(registrationsLimit)} registrations`,
    `${figure(seenEvents)} ids of events`,
    ...(store.bytes > 0 ? [`a file of ${size(store.bytes)}`] : []),
    ...room,
  ].join(', ');
}

function clockOf(ahead) {
  if (ahead === undefined) return 'not compared yet';
  if (Math.abs(ahead) < 60) return 'right';
  return `${stretch(Math.abs(ahead) * 1000)} ${ahead > 0 ? 'fast' : 'slow'}`;
}

function showServer(shown) {
  const { clockAhead, name, now, serverPubkey, signatures, startedAt, version } = shown;
  const facts = {
    name,
    'public key': serverPubkey,
    version,
    started: `${moment(startedAt, now)}, ${ago(startedAt, now)}`,
    store: storeOf(shown),
    signatures: `verified by ${signatures}`,
    clock: clockOf(clockAhead),
  };
  const lines = Object.entries(facts).flatMap(([term, text]) => [element('dt', term), element('dd', text)]);
  byId('server').replaceChildren(...lines);
}

parts.push(showRelays, showProviders, showPast, showServer);
