const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = DATA.words;

function element(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...inside.map((one) => (one instanceof Node ? one : String(one))));
  return made;
}

function word(text) {
  return WORDS[text] || text;
}
