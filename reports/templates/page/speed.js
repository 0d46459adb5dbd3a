const VERDICTS = { faster: "good", same: "good", ambiguous: "warn", slower: "bad" };
const ROUND = [0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100];

function numbered(_, at) {
  return at.map((one) => (Number.isInteger(one) && one > 0 ? one : ""));
}

function ratioChart(rows, holder, told) {
  const places = rows.map((_, place) => place + 1);
  const ends = rows.flatMap((row) => [row[2], row[4]]).filter((one) => one > 0);
  const low = Math.min(0.95, ...ends), high = Math.max(1.05, ...ends);
  const whiskers = (plot) => {
    const { ctx, bbox } = plot, scale = devicePixelRatio || 1;
    ctx.save();
    const one = plot.valToPos(1, "y", true);
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = scale;
    ctx.beginPath();
    ctx.moveTo(bbox.left, one);
    ctx.lineTo(bbox.left + bbox.width, one);
    ctx.stroke();
    rows.forEach(([, verdict, below, middle, above], place) => {
      if (!(below > 0 && middle > 0 && above > 0)) return;
      const x = plot.valToPos(place + 1, "x", true);
      ctx.strokeStyle = ctx.fillStyle = colour(VERDICTS[verdict]);
      ctx.lineWidth = 3 * scale;
      ctx.beginPath();
      ctx.moveTo(x, plot.valToPos(below, "y", true));
      ctx.lineTo(x, plot.valToPos(above, "y", true));
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(middle, "y", true), 4.5 * scale, 0, 7);
      ctx.fill();
    });
    ctx.restore();
  };
  plotted(holder, holder.dataset.text, (width) => new uPlot({
    width, height: 240, legend: { show: false }, padding: [12, 16, 0, 0], cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { time: false, range: [0.5, rows.length + 0.5] }, y: { distr: 3, range: [low * 0.97, high * 1.03] } },
    axes: [axis({ values: numbered, incrs: [1, 2, 5, 10, 20, 50] }), axis({ size: 64, splits: (_, __, least, most) => ROUND.filter((one) => one >= least && one <= most), filter: (_, at) => at, values: (_, at) => at })],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      draw: [whiskers],
      setCursor: [({ cursor }) => {
        const row = rows[cursor.idx];
        if (row) told.textContent = word("row") + " " + (cursor.idx + 1) + " · " + row[0] + " · " + row[3] + " (" + row[2] + " … " + row[4] + ") · " + word(row[1]);
      }],
    },
  }, [places, rows.map((row) => row[3])], holder));
}

function lostChart(rows, holder, told) {
  const places = rows.map((_, place) => place + 1), bars = uPlot.paths.bars({ size: [0.7, 48] });
  const those = (test) => rows.map((row) => (row[1] !== null && test(row[1]) ? row[1] : null));
  const series = (name) => ({ stroke: colour(name), fill: colour(name) + "aa", paths: bars, points: { show: false } });
  plotted(holder, holder.dataset.text, (width) => new uPlot({
    width, height: 200, legend: { show: false }, padding: [12, 16, 0, 0], cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { time: false, range: [0.5, rows.length + 0.5] }, y: { range: (_, least, most) => [Math.min(0, least) * 1.05, Math.max(0, most) * 1.05 || 1] } },
    axes: [axis({ values: numbered, incrs: [1, 2, 5, 10] }), axis({ size: 64, values: (_, at) => at.map(tick) })],
    series: [{}, series("bad"), series("good")],
    hooks: {
      setCursor: [({ cursor }) => {
        const row = rows[cursor.idx];
        if (row) told.textContent = word("row") + " " + (cursor.idx + 1) + " · " + row[0] + " · " + (row[1] > 0 ? "+" : "") + row[1] + " ms";
      }],
    },
  }, [places, those((one) => one > 0), those((one) => one <= 0)], holder));
}

for (const holder of document.querySelectorAll("[data-ratios]")) ratioChart(DATA.ratios[holder.dataset.ratios], holder, holder.nextElementSibling);
for (const holder of document.querySelectorAll("[data-lost]")) lostChart(DATA.lost[Number(holder.dataset.lost)], holder, holder.nextElementSibling);
