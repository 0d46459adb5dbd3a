function depthChart([name, places, text], holder, told) {
  const rows = climbed(places).map((place) => ROWS[place]);
  const value = (row, field) => (typeof row[FIELD[field]] === "number" && row[FIELD[field]] > 0 ? row[FIELD[field]] : null);
  const those = (test) => rows.map((row) => (test(STATUS(row)) ? value(row, "error") : null));
  const data = [rows.map((_, place) => place), rows.map((row) => value(row, "noise")),
    those((status) => status === "aligned" || status === "inner"), those((status) => status === "diverged"),
    those((status) => !["aligned", "inner", "diverged"].includes(status))];
  if (!data.slice(1).some((values) => values.some((one) => one !== null))) return false;
  const dots = (stroke) => ({ stroke, paths: () => null, points: { show: true, size: 6, fill: stroke } });
  const first = rows.findIndex((row) => row[FIELD.place] === DATA.first);
  plotted(holder, text, (width) => {
    const plot = new uPlot({
      width, height: 260, legend: { show: false }, padding: [12, 12, 0, 0],
      cursor: { y: false, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [axis({ values: (_, at) => at.map((one) => (Number.isInteger(one) ? one : "")) }),
        axis({ size: 58, values: (_, at) => at.map((one) => (one === null ? "" : one.toExponential(0))) })],
      series: [{}, { stroke: colour("noise"), width: 1.5, spanGaps: true, points: { show: false } },
        dots(colour("good")), dots(colour("bad")), dots(colour("warn"))],
      hooks: {
        setCursor: [(found) => {
          const row = rows[found.cursor.idx];
          if (row) told.textContent = row[0] + " · " + word("relative error") + " " + scientific(row[FIELD.error]) + " · " + word("noise") + " " + scientific(row[FIELD.noise]);
        }],
        draw: [(found) => {
          if (first < 0) return;
          const x = found.valToPos(first, "x", true);
          const { top, height } = found.bbox;
          found.ctx.save();
          found.ctx.strokeStyle = colour("bad");
          found.ctx.setLineDash([6, 4]);
          found.ctx.beginPath();
          found.ctx.moveTo(x, top);
          found.ctx.lineTo(x, top + height);
          found.ctx.stroke();
          found.ctx.restore();
        }],
      },
    }, data, holder);
    plot.over.addEventListener("click", () => {
      const row = rows[plot.cursor.idx];
      if (row) location.hash = encodeURIComponent(row[0]);
    });
    return plot;
  });
  return true;
}

function makeCharts() {
  const place = document.getElementById("charts");
  if (!place) return;
  for (const chart of DATA.charts) {
    const holder = element("div", { class: "plot" }), told = element("p", { class: "told" }, " ");
    const figure = element("figure", {}, element("figcaption", {}, element("b", {}, chart[0]), " " + chart[2]), holder, told);
    place.append(figure);
    if (!depthChart(chart, holder, told)) {
      holder.remove();
      told.remove();
    }
  }
}

function barChart(holder, label, values, text) {
  plotted(holder, label, (width) => new uPlot({
    width, height: 150, legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0],
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, high || 1] } },
    axes: [axis({ values: text }), axis({ size: 58, values: (_, at) => at.map((one) => (Math.abs(one) >= 1e4 || (one && Math.abs(one) < 1e-2) ? one.toExponential(0) : one)) })],
    series: [{}, ...values.slice(1).map((_, place) => ({
      stroke: colour(["reference", "port"][place]), fill: place ? undefined : colour("reference") + "55",
      paths: values.length > 2 ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.bars({ size: [0.8, 40] }), points: { show: false } }))],
  }, values, holder));
}
