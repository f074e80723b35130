// Filters, sorting and compared models: kept in the address, so that it is a permalink.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters"), compare = document.getElementById("compare");
  const state = new URLSearchParams(location.hash.slice(1));
  // The first page shows another suite after a bump, so a permalink names its own.
  const suites = [...document.querySelectorAll("nav a")], shows = (link) => link.hasAttribute("aria-current");
  const asked = suites.find((link) => link.textContent === state.get("suite"));
  if (compare && asked && !shows(asked)) return location.replace(`${asked.href}${location.hash}`);
  state.delete("suite");
  const byKey = new Map(data.rows.map((row) => [row.key, row]));
  let picked = (state.get("compare") ?? "").split(",").filter((key) => byKey.has(key)).slice(0, board.MOST);

  const box = document.getElementById("filter-box");
  box.hidden = false;
  box.open = matchMedia("(min-width: 45rem)").matches || state.size > 0;
  for (const field of form.elements) {
    if (field.type === "checkbox") field.checked = state.get(field.name) === field.value;
    else if (field.name && [...field.options].some((option) => option.value === state.get(field.name))) field.value = state.get(field.name);
  }
  const table = board.draw(data);
  document.getElementById("table").hidden = false;
  document.getElementById("preview").remove();
  let shown = "id";
  const wanted = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
  const found = () => table.rows({ search: "applied" }).data().toArray();

  const fits = (row, but = "") => Object.entries(wanted()).every(([name, value]) => {
    if (name === "ranked") return Boolean(row.ranked);
    if (name === "models") return row.method !== "rule";
    return ["families", "pairs", but].includes(name) || row[name] === value;
  });
  table.search.fixed("filters", (_, row) => fits(row));

  // A search hides what it does not find, a filter of the decoding leaves both ends of a pair.
  function shownPairs() {
    const searched = new Set(table.rows({ search: "applied" }).data().toArray().map((row) => row.key));
    return data.pairs.map((pair) => ({ ...pair, free: byKey.get(pair.free), constrained: byKey.get(pair.constrained) }))
      .filter(({ free, constrained }) => [free, constrained].some((row) => searched.has(row.key)) && [free, constrained].every((row) => fits(row, "mode")));
  }

  function keep() {
    const [first] = table.order();
    const [column, direction] = [first?.column ?? first?.[0], first?.dir ?? first?.[1]];
    const now = new URLSearchParams(wanted());
    if (table.search()) now.set("q", table.search());
    if (direction) now.set("sort", `${data.columns[column].key}.${direction}`);
    if (picked.length) now.set("compare", picked.join(","));
    if (now.size) now.set("suite", suites.find(shows).textContent);
    history.replaceState(null, "", `#${now}`);
  }
  function drawCharts() {
    const { families: role = "id", pairs: family = "mean" } = wanted();
    for (const chart of document.querySelectorAll(".chart[open]")) {
      if (chart.id === "pairs") board.dumbbell(chart, shownPairs(), role, family, data);
      else board.scatter(chart.querySelector("figure"), found(), chart.dataset.x, chart.dataset.label, role, data.means[role]);
    }
  }
  function drawPicked() {
    for (const pick of document.querySelectorAll("input.pick")) {
      pick.checked = picked.includes(pick.value);
      pick.disabled = !pick.checked && picked.length >= board.MOST;
    }
    if (!compare) return;
    compare.hidden = !picked.length;
    if (picked.length) board.compare(picked.map((key) => byKey.get(key)), wanted().families ?? "id", data);
  }
  function filter() {
    const role = wanted().families ?? "id";
    if (role !== shown) for (const { key, group } of data.columns) if (group) table.column(`${key}:name`).visible(group === role, false);
    shown = role;
    table.draw();
    drawPicked();
  }

  const [sort, direction] = (state.get("sort") ?? "").split(/\.(?=[a-z]+$)/);
  const column = data.columns.findIndex(({ key }) => key === sort);
  if (column >= 0 && ["asc", "desc"].includes(direction)) table.order([column, direction]);
  if (state.get("q")) table.search(state.get("q"));
  filter();
  const shade = () => board.shade(table, shown);
  const pairs = document.getElementById("pairs");
  if (pairs) pairs.open = state.has("pairs");
  shade();

  table.on("draw", () => { keep(); shade(); drawPicked(); drawCharts(); });
  form.addEventListener("change", filter);
  document.getElementById("pairs-score")?.addEventListener("change", filter);
  window.addEventListener("resize", drawCharts);
  form.addEventListener("reset", () => setTimeout(() => { table.search("").order([]); filter(); }));
  document.getElementById("table").addEventListener("change", ({ target }) => {
    if (!target.matches("input.pick")) return;
    picked = picked.filter((key) => key !== target.value).concat(target.checked ? target.value : []).slice(0, board.MOST);
    drawPicked();
    keep();
  });
  for (const chart of document.querySelectorAll(".chart")) chart.addEventListener("toggle", drawCharts);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select")) return;
    event.preventDefault();
    document.querySelector("[type=search]").focus();
  });
})();
