"use strict";
// Tables can be sorted by each column, and rows can be filtered; without this script they show everything in order.

const cellText = (row, column) => row.cells[column].textContent.trim().replace(/^(-?)inf/, "$1Infinity");

function compare(a, b, sign) {
  const [p, q] = [parseFloat(a), parseFloat(b)];
  if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) ? 1 : -1; // texts, as "failed", always come last
  return sign * (Number.isNaN(p) ? a.localeCompare(b) : p - q || 0); // inf - inf is no number
}

function sort(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const falling = heads[column].getAttribute("aria-sort") === "ascending";
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", falling ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  const sign = falling ? -1 : 1;
  const byName = (a, b) => sign * a.localeCompare(b, "en", { numeric: true });
  rows.sort((a, b) => (column ? compare : byName)(cellText(a, column), cellText(b, column), sign));
  table.tBodies[0].append(...rows);
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.querySelectorAll("tbody tr")];
  for (const row of rows) {
    const found = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => found.includes(word));
  }
  const left = rows.filter((row) => !row.hidden).length;
  document.getElementById("shown").textContent = words.length ? `${left} of ${rows.length} rows` : "";
}

for (const table of document.querySelectorAll("table")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(table, column));
    head.replaceChildren(button);
  });
}

const form = document.getElementById("search");
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
