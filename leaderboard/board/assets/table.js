// Draws the page's JSON as a table. Whatever it holds becomes text of a node, never markup.
const board = (() => {
  "use strict";
  const NONE = "–";
  const root = document.querySelector(".home").getAttribute("href").replace("index.html", "");

  function node(tag, content = [], attributes = {}, space = "") {
    const made = space ? document.createElementNS(space, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...[content].flat());
    return made;
  }
  // What lies in the middle goes to the even digit, as in all that Python writes: 31.25 is 31.2 in every place.
  const fixed = (value, digits) => {
    const half = 0.5 ** (digits + 1);
    return (value % (4 * half) === half ? value - 0.5 / 10 ** digits : value).toFixed(digits);
  };
  const percent = (share) => fixed(100 * share, 1);
  const size = (count) => (count >= 1e9 ? `${fixed(count / 1e9, 1)} B` : `${fixed(count / 1e6, 0)} M`);

  function score(span) {
    if (!span) return node("span", NONE);
    return node("span", [percent(span[0]), " ", node("small", `${percent(span[1])}–${percent(span[2])}`)]);
  }
  function rank(place, row, key) {
    if (!place) return node("span", [NONE, " ", node("small", row[key.replace("rank", "unranked")] ?? "")]);
    const [best, worst, group] = place;
    return node("span", [best === worst ? `${best}` : `${best}–${worst}`, " ", node("small", `group ${group}`)], { class: "rank" });
  }
  const about = (row) => [row.method, row.mode, row.told].filter(Boolean).join(", ");
  function model(name, row) {
    return node("span", [node("a", name, { href: `${root}entries/${row.key}.html` }), " ", node("small", row.small)], { class: "model" });
  }
  function pick(key, row) {
    return node("input", [], { type: "checkbox", class: "pick", value: key, "aria-label": `Compare ${row.name}` });
  }
  const KINDS = {
    pick: { show: pick, width: "1%" },
    rank: { show: rank, sort: (place) => (place ? place[0] * 1e6 + place[1] : Infinity), first: "asc" },
    model: { show: model, sort: (name) => name, find: (name, row) => `${name} ${row.badge}`, first: "asc" },
    score: { show: score, sort: (span) => span?.[0] ?? -1, first: "desc" },
    count: { show: (count) => node("span", count ? size(count) : NONE), sort: (count) => count ?? Infinity, first: "asc" },
    seconds: { show: (value) => node("span", value === null ? NONE : fixed(value, 2)), sort: (value) => value ?? Infinity, first: "asc" },
  };

  function column({ key, title, kind, group }) {
    const { show, sort, find = String, first } = KINDS[kind];
    return {
      // A dot in a key would be taken for a path.
      data: (row) => row[key] ?? null,
      render: (value, type, row) => (type === "display" ? show(value, row, key) : type === "filter" ? find(value ?? "", row) : (sort ?? String)(value)),
      name: key, title, className: `${kind} ${group}`, orderable: Boolean(sort), searchable: kind === "model",
      orderSequence: first === "asc" ? ["asc", "desc", ""] : ["desc", "asc", ""], visible: group !== "ood",
      type: kind === "model" ? "string" : "num", cellType: kind === "model" ? "th" : "td",
      createdCell: (cell) => kind === "model" && cell.setAttribute("scope", "row"),
    };
  }
  function draw({ columns, rows }) {
    const outer = document.getElementById("table").closest(".scroll");
    const table = new DataTable("#table", {
      // What is never ranked comes last, however the table is sorted: a hidden column sorts before the chosen one.
      data: rows, columns: [...columns.map(column), { data: (row) => row.late ?? 0, visible: false, searchable: false, type: "num" }],
      orderFixed: { pre: [[columns.length, "asc"]] }, rowId: "key", order: [], autoWidth: false, pageLength: 25,
      lengthMenu: [25, 100, { label: "all", value: -1 }],
      layout: { topStart: "search", topEnd: "info", bottomStart: "pageLength", bottomEnd: "paging" },
      language: { search: "Search", info: "_START_–_END_ of _TOTAL_ models", infoFiltered: "(of _MAX_)", infoEmpty: "no model",
        lengthMenu: "_MENU_ a page", zeroRecords: "No model fits these filters." },
      createdRow(line, row) {
        line.classList.toggle("retracted", Boolean(row.retracted));
        line.classList.toggle("rule", row.method === "rule");
      },
    });
    for (const { key, note } of columns) if (note) table.column(`${key}:name`).header().title = note;
    // What scrolls is now around the table alone: the keyboard must reach that, or arrows move nothing.
    const inner = document.getElementById("table").parentElement;
    inner.classList.add("scroll");
    outer.classList.remove("scroll");
    for (const name of ["role", "aria-label", "tabindex"]) {
      inner.setAttribute(name, outer.getAttribute(name));
      outer.removeAttribute(name);
    }
    return table;
  }
  // Every other tie group of a role is shaded.
  function shade(table, role) {
    table.rows({ page: "current" }).every(function () {
      const rank = this.data()[`${role}_rank`];
      this.node().classList.toggle("tied", Boolean(rank && rank[2] % 2));
    });
  }
  // Pictures are as wide as their place, so that a phone shows letters of the same size.
  const width = (figure) => Math.round(Math.min(720, Math.max(280, figure.clientWidth || 720)));
  const SVG = "http://www.w3.org/2000/svg";
  const svg = (tag, attributes, content = []) => node(tag, content, attributes, SVG);
  return { node, svg, width, fixed, percent, size, score, about, draw, shade, NONE, root };
})();
