'use strict';

// The two charts, drawn by uPlot. Loaded after script.js, which calls the functions in `charts`.

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The range of the y axis: from zero to a little above the largest value. */
function upFromZero(_chart, _least, most) {
  return [0, most > 0 ? most * 1.15 : 1];
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
  const lines = series.map((label, n) => ({
    label,
    stroke: colour(['--first', '--second', '--third'][n]),
    width: 2,
    points: { show: true, size: 4, fill: colour(['--first', '--second', '--third'][n]) },
    spanGaps: true,
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
  byId(`legend-${id}`).replaceChildren(...looks.series.map((label) => element('li', label)));
  let drawn;
  charts.push((shown) => {
    const data = read(shown.minutes);
    const look = `${box.clientWidth} ${colour('--card')}`;
    if (drawn?.look === look) return drawn.plot.setData(data);
    drawn?.plot.destroy();
    return (drawn = { look, plot: new uPlot(chartOptions(box, looks), data, box) });
  });
}

function column(minutes, name) {
  return minutes.map((minute) => minute[name] ?? null);
}

chart(
  'wakes',
  {
    series: ['delivered', 'failed attempts', 'events'],
    format: (value) => (Number.isInteger(value) ? String(value) : ''),
  },
  (minutes) => ['at', 'delivered', 'failed', 'events'].map((name) => column(minutes, name)),
);
chart('latency', { series: ['50 %', '95 %', '99 %'], format: duration, isLogarithmic: true }, (minutes) =>
  ['at', 'p50', 'p95', 'p99'].map((name) => column(minutes, name)),
);
