const long = (runs) => runs.flatMap((one) => (Array.isArray(one) ? Array(one[1]).fill(one[0]) : [one]));
const climbed = (runs) => {
  let at = 0;
  return long(runs).map((step) => (at += step));
};
const figures = (text) => text.split(" ").map((one) => (one === "-" ? null : Number.isNaN(Number(one)) ? one : Number(one)));
const listed = ([table, runs]) => long(runs).map((place) => table[place]);

function named({ paths, path, around }) {
  const whole = [];
  for (let at = 0, before = []; at < paths.length; at += 2) {
    before = [...before.slice(0, paths[at]), ...paths[at + 1]];
    whole.push(before.join(""));
  }
  const ends = listed(around);
  return climbed(path).map((place, row) => ends[row][0] + whole[place] + ends[row][1]);
}

const READERS = {
  address: named, shape: listed, place: climbed, error: figures, noise: figures, ratio: figures, max: figures,
  bits: (text) => figures(text).map((one) => (typeof one === "number" ? one.toFixed(1) : one)),
  in: (column) => listed(column).map((takes, row) => takes.map((one) => (typeof one === "number" ? row - one : one))),
  more: (found) => long(DATA.rows.status).map((_, row) => found[row] || {}),
};

function unpacked() {
  const columns = DATA.fields.filter((name) => name in DATA.rows).map((name) => (READERS[name] || long)(DATA.rows[name]));
  return columns.length ? columns[0].map((_, row) => columns.map((column) => column[row])) : [];
}
