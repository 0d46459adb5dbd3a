function grown() {
  const root = { name: "(model)", path: "(model)", inside: new Map(), rows: [], worst: null };
  for (const row of ROWS) {
    const place = path(row[0]);
    if (!place || place.role === "in") continue;
    let node = root, way = "";
    if (place.path !== "(model)") {
      const [modules, operation] = place.path.split("/");
      const names = modules === "(model)" ? [] : modules.split(".");
      for (const name of operation === undefined ? names : [...names, "/" + operation]) {
        way += (name[0] === "/" || !way ? "" : ".") + name;
        if (!node.inside.has(name)) node.inside.set(name, { name, path: way, inside: new Map(), rows: [], worst: null });
        node = node.inside.get(name);
      }
    }
    node.rows.push(row);
  }
  (function settle(node) {
    const worse = (one, other) => !one || (other && (severity(other) - severity(one) || number(other[FIELD.ratio]) - number(one[FIELD.ratio])) > 0);
    for (const row of node.rows) if (worse(node.worst, row)) node.worst = row;
    for (const child of node.inside.values()) {
      settle(child);
      if (worse(node.worst, child.worst)) node.worst = child.worst;
    }
  })(root);
  return root;
}

function swatch(row) {
  const level = row ? severity(row) : 0;
  return element("span", { class: "swatch s" + level, "aria-hidden": "true" });
}

function told(row) {
  return row ? scientific(row[FIELD.error]) : "-";
}

function branch(node, path_to_worst) {
  const own = node.rows.find((row) => row[0].includes(":out")) || node.rows[0];
  const type = own ? " " + DATA.types[own[FIELD.type]] : "";
  if (!node.inside.size) {
    return element("li", {}, swatch(node.worst), own ? link(own[0], node.name) : node.name, element("span", { class: "soft" }, type + " " + told(node.worst)));
  }
  const worst = node.worst ? " " + word("worst") + " " + told(node.worst) + " " + word("at") + " " + (path(node.worst[0]) || {}).path : "";
  const summary = element("summary", {}, swatch(node.worst), node.name, element("span", { class: "soft" }, type + worst));
  const inside = element("ul", {});
  const fill = () => {
    if (inside.childElementCount) return;
    if (own) inside.append(element("li", {}, swatch(own), link(own[0], word("what it returns")), element("span", { class: "soft" }, " " + told(own))));
    inside.append(...Array.from(node.inside.values(), (child) => branch(child, path_to_worst)));
  };
  const fold = element("details", {}, summary, inside);
  fold.addEventListener("toggle", fill);
  if (node.path === "(model)" || path_to_worst.startsWith(node.path + ".") || path_to_worst.startsWith(node.path + "/")) {
    fill();
    fold.open = true;
  }
  return element("li", {}, fold);
}

function makeTree() {
  const place = document.getElementById("tree");
  if (!place) return;
  const root = grown();
  const bad = root.worst && STATUS(root.worst) === "diverged" ? path(DATA.first >= 0 ? ROWS[DATA.first][0] : root.worst[0]) : null;
  place.append(element("ul", { class: "tree" }, branch(root, bad ? bad.path : "")));
}
