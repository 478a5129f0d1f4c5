// Sorts and filters the table of claims. Without this script the page has all rows in their order.
(function () {
  "use strict";

  const CHOICES = [
    ["experiment", "All experiments"],
    ["verdict", "All verdicts"],
    ["recorded", "Recorded or not"],
  ];

  function select(name, all, rows, update) {
    const list = document.createElement("select");
    list.setAttribute("aria-label", all);
    list.append(new Option(all, ""));
    for (const value of new Set(rows.map((row) => row.dataset[name]))) {
      list.append(new Option(value, value));
    }
    list.addEventListener("change", update);
    return list;
  }

  function compare(column, direction) {
    return (first, second) => {
      const [a, b] = [first, second].map((row) => {
        const cell = row.cells[column];
        return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
      });
      if (a === "" || b === "") return (a === "") - (b === "");
      const numbers = !Number.isNaN(Number(a)) && !Number.isNaN(Number(b));
      return direction * (numbers ? Number(a) - Number(b) : a.localeCompare(b));
    };
  }

  function makeSortable(table, body, rows) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
        body.append(...[...rows].sort(compare(column, direction)));
      });
    });
  }

  function start() {
    const table = document.getElementById("claims-table");
    const controls = document.querySelector(".claims-controls");
    if (!table || !controls || controls.childElementCount) return;
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const search = document.createElement("input");
    search.type = "search";
    search.placeholder = "Search claims";
    search.setAttribute("aria-label", "Search claims");
    const count = document.createElement("output");

    function update() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const matches = lists.every(([name, list]) => !list.value || row.dataset[name] === list.value);
        row.hidden = !(matches && words.every((word) => text.includes(word)));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = `${shown} of ${rows.length} claims`;
    }

    const lists = CHOICES.map(([name, all]) => [name, select(name, all, rows, update)]);
    search.addEventListener("input", update);
    controls.append(search, ...lists.map(([, list]) => list), count);
    makeSortable(table, body, rows);
    update();
    showTarget();
  }

  function showTarget() {
    const row = location.hash && document.getElementById(location.hash.slice(1));
    const details = row && row.closest("#claims-table") && row.querySelector("details");
    if (details) details.open = true;
  }

  window.addEventListener("hashchange", showTarget);
  if (window.document$) window.document$.subscribe(start);
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
