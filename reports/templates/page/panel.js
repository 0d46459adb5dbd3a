function heading(text) {
  return element("h3", {}, word(text));
}

function facts(pairs) {
  return element("dl", {}, ...pairs.filter((pair) => pair[1] !== "" && pair[1] !== undefined && pair[1] !== null)
    .flatMap(([name, value]) => [element("dt", {}, word(name)), element("dd", {}, value)]));
}

function captioned(caption, names, lines) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word(caption) },
    element("table", {}, element("caption", {}, word(caption)),
      element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, word(name))))),
      element("tbody", {}, ...lines.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell)))))));
}

function family(row) {
  const place = path(row[0]);
  if (!place) return [row];
  const own = new RegExp("^(grad|state):" + place.path.replace(/[^\w]/g, "\\$&") + "\\.[^.]+$");
  return ROWS.filter((other) => {
    const its = path(other[0]);
    return its ? its.path === place.path && its.call === place.call : own.test(other[0]);
  });
}

function neighbours(row) {
  const named = (one) => (typeof one === "number" ? ROWS[one][0] : one);
  const takes = row[FIELD.in];
  const gives = ROWS.filter((other) => other[FIELD.in].includes(row[FIELD.place]));
  const list = (rows) => element("ul", {}, ...rows.slice(0, 12).map((address) => element("li", {}, PLACES.has(address) ? link(address) : address)));
  return [takes.length ? [heading("fed by"), list(takes.map(named))] : [], gives.length ? [heading("feeds"), list(gives.map((one) => one[0]))] : []].flat();
}

function attributes(place) {
  const both = DATA.layers[place.path] || [{}, {}];
  const differing = new Map(DATA.attributes.filter((one) => one[0] === place.path).map((one) => [one[1], one]));
  const names = [...new Set([...differing.keys(), ...Object.keys(both[0]), ...Object.keys(both[1])])];
  if (!names.length) return [];
  const shown = (value) => (value === undefined || value === null ? "-" : typeof value === "object" ? JSON.stringify(value) : value);
  return [captioned("attributes", ["name", ...DATA.names, "difference"], names.map((name) => {
    const other = differing.get(name);
    return [name, shown(other ? other[2] : both[0][name]), shown(other ? other[3] : both[1][name]), other ? element("strong", { class: "bad" }, "✘ " + word("differs")) : ""];
  }))];
}

function heatMap(grid, size, kind, caption) {
  const [rows, columns] = size;
  const bytes = Uint8Array.from(atob(grid[2]), (letter) => letter.charCodeAt(0));
  const canvas = element("canvas", { width: columns, height: rows, role: "img" });
  const text = caption + ": " + scientific(grid[0]) + " … " + scientific(grid[1]);
  canvas.setAttribute("aria-label", text);
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  bytes.forEach((value, place) => {
    const share = value / 254, away = Math.abs(share - 0.5) * 2;
    const shade = value === 255 ? [255, 0, 255] : kind === "difference" ?
      (share > 0.5 ? [255, 255 - 190 * away, 255 - 200 * away] : [255 - 200 * away, 255 - 150 * away, 255]) :
      [30 + 225 * share, 30 + 190 * share ** 1.5, 90 + 60 * Math.sin(3 * share)];
    image.data.set([...shade, 255], 4 * place);
  });
  context.putImageData(image, 0, 0);
  return element("figure", { class: "map" }, canvas, element("figcaption", {}, text));
}

function pictures(row) {
  const takes = row[FIELD.in];
  const source = DATA.pictures[row[0]] ? row[0] : takes.map((one) => (typeof one === "number" ? ROWS[one][0] : one)).find((one) => row[0].includes(":in") && DATA.pictures[one]);
  const found = DATA.pictures[source];
  if (!found) return { parts: [], draw: () => {} };
  const [names, edges] = [DATA.names, ([low, high]) => Array.from({ length: 32 }, (_, place) => low + ((high - low) * (place + 0.5)) / 32)];
  const maps = element("div", { class: "maps" }, heatMap(found.grids[0], found.size, "", names[0]), heatMap(found.grids[1], found.size, "", names[1]),
    heatMap(found.grids[2], found.size, "difference", word("difference")));
  const holders = [];
  const chart = (title, values, text) => {
    const holder = element("div", { class: "plot small" });
    holders.push(() => barChart(holder, title, values, text));
    return element("figure", {}, element("figcaption", {}, title), holder);
  };
  const numbers = (_, at) => at.map((one) => (one === 0 ? "0" : one.toPrecision(2)));
  const parts = [heading("around the worst element"), element("p", { class: "soft" }, "[" + found.at.join(", ") + "]"), maps,
    chart(word("histogram of both") + ": " + names[0] + " ▇, " + names[1] + " ▔", [edges(found.values), ...found.values[2]], numbers),
    chart(word("histogram of the difference"), [edges(found.differences), ...found.differences[2]], numbers)];
  if (found.channels.length > 1) {
    const values = found.channels.map((one) => (typeof one === "number" ? one : null));
    const worst = found.channels.findIndex((one) => number(one) === Math.max(...found.channels.map(number)));
    parts.push(chart(word("relative error of each channel") + "; " + word("worst") + ": " + worst, [values.map((_, place) => place), values], (_, at) => at.map((one) => (Number.isInteger(one) ? one : ""))));
  }
  return { parts, draw: () => holders.forEach((draw) => draw()) };
}

function maker(layer, row) {
  const role = (path(row[0]) || {}).role, own = ROWS.filter((one) => (path(one[0]) || {}).path === layer);
  const found = own.find((one) => path(one[0]).role === role) || own[0];
  return found ? link(found[0], layer) : layer;
}

function source(row) {
  const place = path(row[0]);
  const found = DATA.sources.find((one) => one[0] === row[0] || (place && one[2].includes(place.path)));
  if (!found) return [];
  const makers = found[2].flatMap((layer, place) => [place ? ", " : "", maker(layer, row)]);
  const parts = [["made by", element("span", {}, ...makers)], ["cause", found[3]], ...found[4].map((command) => ["known", command])];
  return [heading("source"), facts(parts)];
}

function reproduce(row) {
  const place = path(row[0]);
  if (!place || STATUS(row) !== "diverged") return [];
  const quoted = "'" + row[0].replace(/:(in|grad).*$/, ":out").replaceAll("'", "'\\''") + "'";
  const command = DATA.reproduce + " " + quoted + " -o bug" + DATA.again;
  const button = element("button", { type: "button" }, word("copy"));
  button.addEventListener("click", () => navigator.clipboard.writeText(command).then(() => { button.textContent = word("copied"); }, () => {}));
  return [heading("reproduce it"), element("p", { class: "command" }, element("code", {}, command), " ", button)];
}

function makePanel() {
  const panel = document.getElementById("panel"), body = document.getElementById("panel-body"), title = document.getElementById("panel-title");
  function open() {
    const row = ROWS[PLACES.get(wanted())];
    if (!row) return;
    const more = row[FIELD.more], place = path(row[0]), drawn = pictures(row), alone = more.alone;
    title.textContent = row[0];
    body.replaceChildren(
      element("p", { class: "state " + STATUS(row).replace(" ", "-") }, MARKS[STATUS(row)] + " " + word(STATUS(row)) + (more.why ? ": " + more.why : "")),
      facts([["type", DATA.types[row[FIELD.type]]], ["shape", row[FIELD.shape]], ["relative error", scientific(row[FIELD.error]) + ", " + row[FIELD.bits] + " " + word("bits")],
        ["noise", scientific(row[FIELD.noise])], ["of limit", times(row[FIELD.ratio])], ["largest difference", scientific(row[FIELD.max])],
        ["units in the last place", more.ulp], ["cosine", more.cos], ["role", ROLE(row) && word(ROLE(row)) + (more.role ? ": " + more.role : "")],
        ["run alone", alone && word(DATA.states[alone[0]]) + ", " + word("relative error") + " " + scientific(alone[1]) + ", " + word("noise") + " " + scientific(alone[2]) + ", " + times(alone[3]) + " " + word("of limit")],
        ["note", more.note]]),
      ...source(row), ...reproduce(row), ...drawn.parts, ...(place ? attributes(place) : []), ...neighbours(row),
      captioned("tensors of this layer", ["address", "verdict", "relative error", "noise", "of limit"], family(row).map((one) =>
        [link(one[0]), word(STATUS(one)), scientific(one[FIELD.error]), scientific(one[FIELD.noise]), times(one[FIELD.ratio])])));
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
    drawn.draw();
  }
  panel.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  document.getElementById("panel-close").addEventListener("click", () => panel.close());
  addEventListener("hashchange", open);
  open();
}
