const pictures = document.getElementById("pictures"), tools = document.getElementById("tools");

function stacked(sample) {
  const shown = (name) => sample.querySelector('[data-panel="' + name + '"] img');
  const [below, above] = [shown("torch"), shown("jittor")];
  if (!below || !above) return null;
  const over = above.cloneNode(), place = element("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": word("share of torch") });
  over.className = "over";
  const cut = () => { over.style.clipPath = "inset(0 0 0 " + place.value + "%)"; };
  place.addEventListener("input", cut);
  cut();
  return element("figure", { class: "stack", hidden: "" }, element("div", {}, below.cloneNode(), over), place, element("figcaption", {}, "torch | jittor"));
}

function makeViewer() {
  const samples = Array.from(pictures.querySelectorAll(".panels"));
  for (const sample of samples) {
    const stack = stacked(sample);
    if (stack) sample.append(stack);
  }
  const noise = document.getElementById("noise");
  function show() {
    const mode = tools.querySelector("input[name=mode]:checked").value;
    for (const sample of samples) {
      sample.className = "panels " + mode;
      for (const one of sample.children) {
        const name = one.dataset.panel, other = sample.querySelector('[data-panel="noise"]');
        const apart = noise && noise.checked && other ? "noise" : "difference";
        one.hidden = mode === "slider" && sample.querySelector(".stack") ? !one.classList.contains("stack") :
          mode === "apart" ? name !== apart : one.classList.contains("stack") || (name === "noise" || name === "difference" ? name !== apart : false);
      }
    }
  }
  tools.addEventListener("input", show);
  tools.hidden = false;
  show();
}

if (pictures) makeViewer();
