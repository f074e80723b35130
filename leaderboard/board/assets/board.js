// Filters, sorting and compared models: kept in the address, so that it is a permalink.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters"), compare = document.getElementById("compare");
  const pairs = document.getElementById("pairs"), line = document.getElementById("picked");
  const suites = [...document.querySelectorAll("nav a")], shows = (link) => link.hasAttribute("aria-current");
  const suite = suites.find(shows).textContent;
  const asked = () => new URLSearchParams(location.hash.slice(1));
  // The first page shows another suite after a bump, so a permalink names its own.
  function elsewhere() {
    const other = compare && suites.find((link) => link.textContent === asked().get("suite") && !shows(link));
    if (other) location.replace(`${other.href}${location.hash}`);
    return Boolean(other);
  }
  if (elsewhere()) return;
  const byKey = new Map(data.rows.map((row) => [row.key, row]));
  let picked = [], shown = "id";

  const box = document.getElementById("filter-box");
  box.hidden = false;
  box.open = matchMedia("(min-width: 45rem)").matches || asked().size > 0;
  const table = board.draw(data);
  document.getElementById("table").hidden = false;
  document.getElementById("preview").remove();
  if (line) line.hidden = false;
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
    const searched = new Set(found().map((row) => row.key));
    return data.pairs.map((pair) => ({ ...pair, free: byKey.get(pair.free), constrained: byKey.get(pair.constrained) }))
      .filter(({ free, constrained }) => [free, constrained].some((row) => searched.has(row.key)) && [free, constrained].every((row) => fits(row, "mode")));
  }

  function state() {
    const [first] = table.order();
    const [column, direction] = [first?.column ?? first?.[0], first?.dir ?? first?.[1]];
    const now = new URLSearchParams(wanted());
    if (table.search()) now.set("q", table.search());
    if (direction) now.set("sort", `${data.columns[column].key}.${direction}`);
    if (picked.length) now.set("compare", picked.join(","));
    return now;
  }
  const keep = board.links(() => `${location.href.split("#")[0]}#${named(state())}`);
  function named(now) {
    now.set("suite", suite);
    return now;
  }
  function changed() {
    const now = state();
    keep(`#${now.size ? named(now) : ""}`);
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
    line.classList.toggle("shown", picked.length > 0);
    line.querySelector("[role=status]").textContent = picked.length ? `${picked.length} of ${board.MOST} compared` : "";
    if (picked.length) board.compare(picked.map((key) => byKey.get(key)), wanted().families ?? "id", data);
  }
  function filter() {
    const role = wanted().families ?? "id";
    if (role !== shown) for (const { key, group } of data.columns) if (group) table.column(`${key}:name`).visible(group === role, false);
    shown = role;
    table.draw();
    drawPicked();
  }
  function tell(lost) {
    const notice = document.getElementById("lost");
    notice.hidden = !lost.length;
    notice.textContent = lost.length ? `The link asks for what is not here, and shows the rest: ${lost.join(", ")}.` : "";
  }

  // Sets everything as the address has it.
  function apply() {
    const now = asked(), lost = [];
    if (now.has("suite") && now.get("suite") !== suite) lost.push(`suite ${now.get("suite")}`);
    for (const field of form.elements) {
      const value = now.get(field.name) ?? "";
      if (field.type === "checkbox") field.checked = value === field.value;
      else if (field.name) {
        field.value = [...field.options].some((option) => option.value === value) ? value : "";
        if (field.value !== value) lost.push(`${field.name} ${value}`);
      }
    }
    const keys = (now.get("compare") ?? "").split(",").filter(Boolean);
    picked = keys.filter((key) => byKey.has(key)).slice(0, board.MOST);
    lost.push(...keys.filter((key) => !byKey.has(key)).map((key) => `entry ${key}`));
    const [sort, direction] = (now.get("sort") ?? "").split(/\.(?=[a-z]+$)/);
    const column = data.columns.findIndex(({ key }) => key === sort);
    if (sort && column < 0) lost.push(`column ${sort}`);
    table.order(column >= 0 && ["asc", "desc"].includes(direction) ? [column, direction] : []);
    table.search(now.get("q") ?? "");
    if (pairs) pairs.open = now.has("pairs");
    tell(lost);
    filter();
  }
  apply();
  const shade = () => board.shade(table, shown);
  shade();

  table.on("draw", () => { changed(); shade(); drawPicked(); drawCharts(); });
  // What has no value is a place of the page, and no state.
  window.addEventListener("hashchange", () => (/=|^$/.test(location.hash) && !elsewhere() ? apply() : undefined));
  form.addEventListener("change", filter);
  document.getElementById("pairs-score")?.addEventListener("change", filter);
  window.addEventListener("resize", drawCharts);
  form.addEventListener("reset", () => setTimeout(() => { tell([]); table.search("").order([]); filter(); }));
  document.getElementById("table").addEventListener("change", ({ target }) => {
    if (!target.matches("input.pick")) return;
    picked = picked.filter((key) => key !== target.value).concat(target.checked ? target.value : []).slice(0, board.MOST);
    drawPicked();
    changed();
  });
  for (const chart of document.querySelectorAll(".chart")) chart.addEventListener("toggle", drawCharts);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select")) return;
    event.preventDefault();
    document.querySelector("[type=search]").focus();
  });
})();
