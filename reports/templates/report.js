"use strict";
(() => {
  const table = document.getElementById("rows");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const search = document.getElementById("search");
  const status = document.getElementById("status");
  const shown = document.getElementById("shown");
  const summary = shown.textContent;

  function filter() {
    const wanted = search.value.toLowerCase();
    let left = 0;
    for (const row of rows) {
      const text = row.cells[1].textContent + " " + row.cells[2].textContent;
      const fits = text.toLowerCase().includes(wanted) && (!status.value || row.dataset.status === status.value);
      row.hidden = !fits;
      if (fits) left += 1;
    }
    shown.textContent = left === rows.length ? summary : left + " of " + summary;
  }

  function key(row, column, numeric) {
    const cell = row.cells[column];
    if (!numeric) return cell.textContent;
    const value = cell.dataset.value;
    return value === "" ? -1 : value === "inf" ? Infinity : Number(value);
  }

  function sort(header) {
    const column = header.cellIndex;
    const numeric = header.dataset.kind === "number";
    const upwards = header.getAttribute("aria-sort") === "descending" || (!numeric && !header.hasAttribute("aria-sort"));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", upwards ? "ascending" : "descending");
    const keyed = rows.map((row) => [key(row, column, numeric), row]);
    keyed.sort((a, b) => (numeric ? a[0] - b[0] || 0 : a[0].localeCompare(b[0])) * (upwards ? 1 : -1));
    body.append(...keyed.map((pair) => pair[1]));
  }

  search.addEventListener("input", filter);
  status.addEventListener("change", filter);
  for (const header of table.tHead.rows[0].cells) header.addEventListener("click", () => sort(header));
})();
