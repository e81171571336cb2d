'use strict';

// Horizontal bars: what became of the events of an hour, and shares. Loaded after script.js.

/** @param share from 0 to 1; absent: the row has no bar */
function bar(label, count, share, note) {
  const row = element('li');
  const line = element('div', undefined, 'line');
  line.append(element('span', label), element('b', figure(count)));
  row.append(line);
  if (share !== undefined) {
    const track = element('div', undefined, 'track');
    const filled = element('div', undefined, 'filled');
    // What is not zero can be seen.
    filled.style.width = count === 0 ? '0' : `max(3px, ${Math.min(1, share) * 100}%)`;
    track.append(filled);
    row.append(track);
  }
  if (note) row.append(element('small', note));
  return row;
}

/** Those of these counts that are not zero, in words. */
function left(counts) {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${figure(count)} ${what}`)
    .join(', ');
}

/** Why there are fewer or more wakes than events. */
function noteOnWakes(verified, woken) {
  if (woken < verified) return 'events for one device that come close together share a wake';
  return woken > verified ? 'some wakes need no event: of cohorts, heartbeats and chats' : '';
}

function showFunnel({ hour }) {
  const { absorbed, duplicate, matched, received, rejected, verified } = hour;
  const [woken, delivered, failed] = [hour.woken, hour.delivered, hour.failed].map(sumOf);
  // Strangers' events are so many that the other bars would vanish beside theirs.
  const most = Math.max(1, matched, verified, woken, delivered);
  byId('funnel').replaceChildren(
    bar(
      'events from all relays',
      received,
      undefined,
      'copies included; the rest was for keys that are not registered here',
    ),
    bar('matched: for registered keys', matched, matched / most),
    bar(
      'verified: genuine and new',
      verified,
      verified / most,
      left({ 'seen before': duplicate, rejected, 'covered by a wake on its way': absorbed }),
    ),
    bar('woken: wakes sent', woken, woken / most, noteOnWakes(verified, woken)),
    bar('delivered', delivered, delivered / most, left({ 'failed attempts': failed })),
  );
}

const PLATFORMS = { android: 'Android', ios: 'iOS', web: 'web (FCM)', webpush: 'Web Push' };

function showPlatforms({ registrations }) {
  const { total, ...platforms } = registrations;
  const rows = Object.entries(platforms).map(([platform, count]) =>
    bar(PLATFORMS[platform] ?? platform, count, count / Math.max(1, total)),
  );
  byId('platforms').replaceChildren(...rows);
}

function showPolicies({ cohorts, hour, policies }) {
  const { chosen, lastLateMs, server } = policies;
  const all = Math.max(1, sumOf(hour.woken));
  const names = new Set([server, ...Object.keys(chosen), ...Object.keys(hour.woken)]);
  const rows = [...names].map((policy) => {
    const count = hour.woken[policy] ?? 0;
    const notes = [
      policy === server ? 'the server’s' : `chosen by ${plural(chosen[policy] ?? 0, 'device', 'devices')}`,
    ];
    if (policy === 'cohorts' && cohorts !== undefined) notes.push(inCohorts(cohorts));
    return bar(policy, count, count / all, notes.join('; '));
  });
  if (lastLateMs !== undefined)
    rows.push(
      element('li', `The last burst left ${Math.round(lastLateMs)} ms after the edge of its slot.`, 'note'),
    );
  byId('policies').replaceChildren(...rows);
}

function inCohorts({ cohorts, lingering, members, unprotected }) {
  return `${plural(members, 'device', 'devices')} in ${plural(cohorts, 'cohort', 'cohorts')}, ${figure(unprotected)} unprotected, ${figure(lingering)} lingering`;
}

parts.push(showFunnel, showPlatforms, showPolicies);
