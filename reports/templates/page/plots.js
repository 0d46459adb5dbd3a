function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function axis(more) {
  return { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui", ...more };
}

const PLOTS = [];

function plotted(holder, label, make) {
  holder.setAttribute("role", "img");
  holder.setAttribute("aria-label", label);
  let plot = null;
  const draw = () => {
    if (plot) plot.destroy();
    const width = Math.max(240, Math.floor(holder.clientWidth));
    plot = make(width);
  };
  PLOTS.push(draw);
  draw();
  new ResizeObserver(() => plot && plot.width !== Math.max(240, Math.floor(holder.clientWidth)) && draw()).observe(holder);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => PLOTS.forEach((draw) => draw()));
