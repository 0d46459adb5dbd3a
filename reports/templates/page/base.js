const FIELD = Object.fromEntries(DATA.fields.map((name, place) => [name, place]));
const ROWS = unpacked();
const PLACES = new Map(ROWS.map((row, place) => [row[0], place]));
const STATUS = (row) => DATA.states[row[FIELD.status]];
const ROLE = (row) => DATA.roles[row[FIELD.role]];
const MARKS = { diverged: "✘", inconclusive: "?", aligned: "✔", inner: "≈", skipped: "-", "not compared": "·" };

function scientific(value) {
  if (value === null || value === undefined) return "-";
  if (value === 0) return "0";
  if (typeof value === "string") return value;
  return value.toExponential(1).replace(/e([+-])(\d)$/, "e$10$2");
}

function times(value) {
  if (typeof value !== "number" || value >= 1e4) return scientific(value);
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

function number(value) {
  return value === null ? -1 : value === "inf" || value === "nan" ? Infinity : value;
}

function severity(row) {
  const ratio = number(row[FIELD.ratio]);
  if (STATUS(row) === "diverged" && ratio < 1) return 5;
  if (ratio < 0) return 0;
  return ratio <= 0.1 ? 1 : ratio <= 1 ? 2 : ratio <= 10 ? 3 : ratio <= 1000 ? 4 : 5;
}

function path(address) {
  const found = /^layer:(.+)#(\d+):(out|in|grad)(?:\.(.+))?$/.exec(address);
  return found ? { path: found[1], call: found[2], role: found[3] } : null;
}

function link(address, text) {
  return element("a", { href: "#" + encodeURIComponent(address) }, text === undefined ? address : text);
}

function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}
