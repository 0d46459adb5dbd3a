const STYLES = {
  reference: ["reference", []], port: ["port", [6, 3]], limit: ["bad", [2, 4]],
  "series-0": ["reference", []], "series-1": ["port", [6, 3]], "series-2": ["good", [2, 3]],
  "series-3": ["bad", [8, 2, 2, 2]], "series-4": ["warn", [4, 4]], "series-5": ["noise", [1, 3]],
};
const MARKED = { event: "soft", horizon: "warn", outside: "bad" };

function tick(value) {
  if (value === null || value === undefined) return "";
  return value && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3) ? value.toExponential(0) : String(Number(value.toPrecision(6)));
}

function powers(_, at) {
  const found = at.map((one) => (Number.isInteger(Math.log10(one)) ? one : null));
  return found.some((one) => one !== null) ? found : at;
}

function drawMarks(plot, marks) {
  const { ctx, bbox } = plot, scale = devicePixelRatio || 1, { min, max } = plot.scales.x;
  ctx.save();
  ctx.font = 11 * scale + "px system-ui";
  marks.filter(([step]) => step >= min && step <= max).forEach(([step, name, style], place) => {
    const x = plot.valToPos(step, "x", true), right = x > bbox.left + bbox.width / 2;
    ctx.strokeStyle = ctx.fillStyle = colour(MARKED[style]);
    ctx.setLineDash([3 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.textAlign = right ? "right" : "left";
    ctx.fillText(name, x + (right ? -5 : 5) * scale, bbox.top + (11 + 13 * (place % 3)) * scale, Math.max(40 * scale, right ? x - bbox.left - 8 : bbox.left + bbox.width - x - 8));
  });
  ctx.restore();
}

function curveChart(chart, holder, told) {
  const lines = chart.lines, edges = chart.bands.flatMap((band) => [band.low, band.high]);
  const data = [chart.steps, ...lines.map((one) => one.values), ...edges];
  const bands = chart.bands.map((_, place) => ({ series: [lines.length + 2 * place + 2, lines.length + 2 * place + 1], fill: () => colour("noise") + "44" }));
  const edge = { stroke: "transparent", width: 0, spanGaps: true, points: { show: false } };
  const drawn = ({ style, values }) => {
    const [name, dash] = STYLES[style];
    return { stroke: colour(name), width: 1.75, dash, spanGaps: true, points: { show: values.length < 25, size: 5, fill: colour(name) } };
  };
  plotted(holder, chart.title + ". " + chart.text, (width) => new uPlot({
    width, height: 240, legend: { show: false }, padding: [12, 16, 0, 0],
    cursor: { y: false, drag: { x: true, y: false }, sync: { key: chart.axis, scales: ["x", null] } },
    scales: { x: { time: false }, y: { distr: chart.logarithmic ? 3 : 1 } },
    axes: [axis({ values: (_, at) => at.map((one) => (Number.isInteger(one) ? one : "")) }), axis({ size: 64, values: (_, at) => at.map(tick), ...(chart.logarithmic && { filter: powers, grid: { stroke: colour("line"), width: 1, filter: powers } }) })],
    series: [{}, ...lines.map(drawn), ...edges.map(() => edge)], bands,
    hooks: {
      setCursor: [({ cursor }) => {
        if (cursor.idx === null || cursor.idx === undefined) return;
        const figure = (value) => (typeof value === "number" ? Number(value.toPrecision(4)) : "-");
        told.textContent = [word(chart.axis) + " " + chart.steps[cursor.idx], ...lines.map((one) => one.name + " " + figure(one.values[cursor.idx]))].join(" · ");
      }],
      draw: [(plot) => drawMarks(plot, chart.marks)],
    },
  }, data, holder));
}

document.querySelectorAll("[data-chart]").forEach((holder) => curveChart(DATA.charts[Number(holder.dataset.chart)], holder, holder.nextElementSibling));
