const COLUMNS = [
  ["verdict", "status", false], ["address", "address", false], ["type", "type", false], ["shape", "shape", false],
  ["relative error", "error", true], ["bits", "bits", true], ["noise", "noise", true], ["of limit", "ratio", true],
  ["role", "role", false],
];
const FIRST_ROWS = 300;

function usual(one, other) {
  const rank = (row) => [row[FIELD.status] === 0 ? 0 : row[FIELD.status] === 1 ? 1 : 2, 1 - row[FIELD.leaf], row[FIELD.place]];
  const [a, b] = [rank(one), rank(other)];
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function tableRow(row) {
  const status = STATUS(row), role = ROLE(row), more = row[FIELD.more];
  const words = [more.why, more.note].filter(Boolean).join(" · ");
  const address = element("td", { class: "address" }, link(row[0]));
  if (words) address.append(element("small", {}, words));
  return element("tr", { class: status.replace(" ", "-"), "data-status": status },
    element("td", { class: "state" }, MARKS[status] + " " + word(status)), address,
    element("td", {}, DATA.types[row[FIELD.type]]), element("td", { class: "shape" }, row[FIELD.shape]),
    element("td", { class: "number" }, scientific(row[FIELD.error])), element("td", { class: "number" }, row[FIELD.bits]),
    element("td", { class: "number" }, scientific(row[FIELD.noise])), element("td", { class: "number" }, times(row[FIELD.ratio])),
    element("td", { class: "role" }, role ? word(role) : ""));
}

function makeTable() {
  const table = document.getElementById("rows");
  if (!table) return;
  const body = table.tBodies[0], head = table.tHead.rows[0];
  const controls = ["search", "status", "kind", "side", "module"].map((name) => document.getElementById(name));
  const [search, status, kind, side, part] = controls;
  const shown = document.getElementById("shown"), all = document.getElementById("all");
  let order = null, whole = false;
  const options = (select, values) => values.forEach((value) => select.append(element("option", { value }, word(value))));
  options(status, DATA.states.filter((name) => ROWS.some((row) => STATUS(row) === name)));
  options(kind, DATA.kinds);
  options(side, DATA.sides);
  options(part, [...new Set(ROWS.map((row) => module(row)).filter(Boolean))]);

  function module(row) {
    const place = path(row[0]);
    const name = place ? place.path : row[0].startsWith("grad:") || row[0].startsWith("state:") ? row[0].split(":")[1] : "";
    return name.split(/[./]/)[0];
  }

  function fits(row) {
    const text = (row[0] + " " + DATA.types[row[FIELD.type]]).toLowerCase();
    return text.includes(search.value.toLowerCase()) && (!status.value || STATUS(row) === status.value) &&
      (!kind.value || DATA.kinds[row[FIELD.kind]] === kind.value) &&
      (!side.value || DATA.sides[row[FIELD.side]] === side.value) && (!part.value || module(row) === part.value);
  }

  function compared(one, other) {
    const [field, numeric, upwards] = order;
    const value = (row) => (field === "bits" ? -number(row[FIELD.error]) : numeric ? number(row[FIELD[field]]) :
      field === "type" ? DATA.types[row[FIELD.type]] : row[FIELD[field]]);
    const [a, b] = [value(one), value(other)];
    const found = a === b ? 0 : typeof a === "string" ? a.localeCompare(b) : a - b;
    return (upwards ? found : -found) || usual(one, other);
  }

  function draw() {
    const found = ROWS.filter(fits).sort(order ? compared : usual);
    const some = whole ? found : found.slice(0, FIRST_ROWS);
    body.replaceChildren(...some.map(tableRow));
    all.hidden = some.length === found.length;
    shown.textContent = word("{} of {} rows").replace("{}", found.length).replace("{}", ROWS.length);
  }

  function sort(place) {
    const [, field, numeric] = COLUMNS[place];
    const again = order && order[0] === field;
    order = [field, numeric, again ? !order[2] : !numeric];
    for (const [at, cell] of Array.from(head.cells).entries()) {
      if (at === place) cell.setAttribute("aria-sort", order[2] ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    }
    draw();
  }

  Array.from(head.cells).forEach((cell, place) => cell.querySelector("button").addEventListener("click", () => sort(place)));
  controls.forEach((control) => control.addEventListener("input", draw));
  all.addEventListener("click", () => { whole = true; draw(); });
  document.getElementById("tools").hidden = false;
  document.getElementById("csv").addEventListener("click", (event) => {
    const cell = (value) => '"' + String(value === null ? "" : value).replaceAll('"', '""').replace(/^([=+\-@])/, "'$1") + '"';
    const names = DATA.fields.slice(0, -2);
    const value = (row, name) => name === "type" ? DATA.types[row[FIELD.type]] : name === "status" ? STATUS(row) :
      name === "role" ? ROLE(row) : name === "kind" ? DATA.kinds[row[FIELD.kind]] :
      name === "side" ? DATA.sides[row[FIELD.side]] : row[FIELD[name]];
    const lines = [names, ...ROWS.filter(fits).map((row) => names.map((name) => value(row, name)))];
    event.currentTarget.href = "data:text/csv;charset=utf-8," + encodeURIComponent(lines.map((line) => line.map(cell).join(",")).join("\n"));
  });
  draw();
}
