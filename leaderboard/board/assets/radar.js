// Family means of up to four models on an axis a family, and the same figures as a table.
board.MOST = 4;
board.compare = (rows, role, data) => {
  "use strict";
  const { node, svg, score, about } = board, { families, means } = data;
  const RADIUS = 120, FEWEST = 3, DASHES = ["", "7 3", "2 3", "9 3 2 3"];
  const value = (row, family) => row[`${role}_${family}`]?.[0];
  const named = (list) => list.map((family) => families[family]).join(", ");
  const lacks = (row, list) => list.filter((family) => value(row, family) === undefined);
  const all = Object.keys(families).filter((name) => name !== "mean");
  const axes = all.filter((family) => rows.some((row) => value(row, family) !== undefined));
  // Low scores would be a dot on an axis to 100 %.
  const largest = Math.max(0, ...rows.flatMap((row) => axes.map((family) => value(row, family) ?? 0)));
  const top = Math.min(1, (Math.floor(largest / 0.25) + 1) * 0.25);
  const at = (axis, share, by = RADIUS / top) => {
    const angle = (2 * Math.PI * axis) / axes.length - Math.PI / 2;
    return [by * share * Math.cos(angle), by * share * Math.sin(angle)].map((each) => each.toFixed(1));
  };

  const step = top > 0.5 ? 0.25 : top / 5;
  const grid = Array.from({ length: Math.round(top / step) }, (_, place) => (place + 1) * step).flatMap((share) => [
    svg("polygon", { points: axes.map((_, axis) => at(axis, share).join(",")).join(" "), class: "grid" }),
    svg("text", { x: 3, y: (-RADIUS * share) / top + 4, class: "mark" }, (100 * share).toFixed()),
  ]);
  const names = axes.map((family, axis) => {
    const [x, y] = at(axis, 1.14, RADIUS);
    return svg("text", { x, y, class: "axis" }, families[family]);
  });
  // A line goes from a family to the next if both have a score: a missing one is a gap, and no 0.
  const shapes = rows.flatMap((row, place) => {
    const ends = axes.map((family, axis) => (value(row, family) === undefined ? null : at(axis, value(row, family))));
    const lines = ends.map((end, axis) => [end, ends[(axis + 1) % ends.length]]).filter(([from, to]) => from && to);
    return [
      svg("path", { d: lines.map(([from, to]) => `M${from}L${to}`).join(""), class: `shape series-${place}`, "stroke-dasharray": DASHES[place] }),
      ...ends.filter(Boolean).map(([cx, cy]) => svg("circle", { cx, cy, r: 2.5, class: `shape series-${place}` })),
    ];
  });
  const gaps = rows.filter((row) => lacks(row, axes).length);
  const notes = [
    axes.length < FEWEST ? "Too few families have a score for a picture." : `The outer ring is ${100 * top} %.`,
    axes.length < all.length ? `No model here has a score of ${named(all.filter((family) => !axes.includes(family)))}.` : "",
    ...gaps.map((row) => `${row.name} (${about(row)}) has none of ${named(lacks(row, axes))}: a gap in its line.`),
  ].filter(Boolean).join(" ");
  const title = `Family means of ${rows.map((row) => row.name).join(", ")}, ${role.toUpperCase()} tasks; the table beside has the figures.`;
  const picture = svg("svg", { viewBox: "-170 -150 340 300", role: "img", "aria-label": title }, [...grid, ...shapes, ...names]);
  document.getElementById("radar").replaceChildren(...(axes.length < FEWEST ? [] : [picture]), node("figcaption", notes));

  const key = (place) => svg("svg", { viewBox: "0 0 30 8", class: "key", "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 30, y1: 4, y2: 4, class: `shape series-${place}`, "stroke-dasharray": DASHES[place] }));
  const heads = ["Model", ...all.map((family) => families[family])].map((name) => node("th", name, { scope: "col" }));
  heads.push(node("th", `${role.toUpperCase()} mean`, { scope: "col", title: means[role] }));
  const lines = rows.map((row, place) => node("tr", [
    node("th", [key(place), ` ${row.name} `, node("small", about(row))], { scope: "row" }),
    ...[...all, "mean"].map((family) => node("td", score(row[`${role}_${family}`]))),
  ]));
  document.getElementById("compared").replaceChildren(
    node("table", [node("thead", node("tr", heads)), node("tbody", lines)], { class: "plain" }));
};
