'use strict';

// The two charts, drawn by uPlot. Loaded after script.js.

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The range of the y axis: from zero to a little above the largest value. One wake an hour is no peak. */
function upFromZero(_chart, _least, most) {
  return [0, Math.max(5, (most ?? 0) * 1.15)];
}

function powersOfTen(_chart, _axis, _least, most) {
  return [0.001, 0.01, 0.1, 1, 10, 100, 1000].filter((power) => power <= most);
}

/** Shows every label: uPlot would omit some on a logarithmic axis. */
function all(_chart, splits) {
  return splits;
}

/** The range of a logarithmic axis, where each power of ten has the same height: waits differ greatly. */
function decades(_chart, _least, most) {
  return [0.001, 10 ** Math.max(1, Math.ceil(Math.log10(most ?? 1)))];
}

function times(_chart, splits) {
  return splits.map((at) =>
    new Date(at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false }),
  );
}

function chartOptions(box, { format, isLogarithmic, series }) {
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  const lines = series.map(({ color, isBars }) => ({
    stroke: colour(color),
    ...(isBars
      ? {
          fill: colour(color),
          width: 0,
          paths: uPlot.paths.bars({ size: [0.7, 14] }),
          points: { show: false },
        }
      : { width: 2, points: { show: true, size: 5, fill: colour(color) } }),
    // Nothing is drawn for a minute in which nothing happened.
    spanGaps: false,
  }));
  return {
    width: box.clientWidth,
    height: 190,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: isLogarithmic ? { distr: 3, range: decades } : { range: upFromZero } },
    axes: [
      { ...axis, space: 60, size: 30, values: times },
      {
        ...axis,
        size: 48,
        values: (_chart, splits) => splits.map(format),
        ...(isLogarithmic && { splits: powersOfTen, filter: all }),
      },
    ],
    series: [{}, ...lines],
  };
}

/** Adds a chart. It is built again when the colours or the width of the page have changed. */
function chart(id, looks, read) {
  const box = byId(`chart-${id}`);
  let drawn;
  parts.push((shown) => {
    const data = read(shown.minutes);
    byId(`quiet-${id}`).hidden = data.slice(1).some((values) => values.some((value) => value !== null));
    const look = `${box.clientWidth} ${colour('--card')}`;
    if (drawn?.look === look) return drawn.plot.setData(data);
    drawn?.plot.destroy();
    return (drawn = { look, plot: new uPlot(chartOptions(box, looks), data, box) });
  });
}

/** A column of the minutes. `null` draws nothing. */
function column(minutes, read) {
  return minutes.map((minute) => read(minute) || null);
}

chart(
  'wakes',
  {
    // The bar of the attempts stands behind that of the wakes: what looks out are the failed ones.
    series: [{ color: '--second', isBars: true }, { color: '--first', isBars: true }, { color: '--third' }],
    format: (value) => (Number.isInteger(value) ? String(value) : ''),
  },
  (minutes) => [
    minutes.map(({ at }) => at),
    column(minutes, ({ delivered, failed }) => delivered + failed),
    column(minutes, ({ delivered }) => delivered),
    column(minutes, ({ events }) => events),
  ],
);
chart(
  'latency',
  {
    series: [{ color: '--first' }, { color: '--second' }, { color: '--third' }],
    format: duration,
    isLogarithmic: true,
  },
  (minutes) => [
    minutes.map(({ at }) => at),
    ...['p50', 'p95', 'p99'].map((name) => column(minutes, (minute) => minute[name])),
  ],
);
