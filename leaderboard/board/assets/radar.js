// Family means of up to four models on five axes, and the same figures as a table.
board.MOST = 4;
board.compare = (rows, role, families) => {
  "use strict";
  const { node, svg, score } = board;
  const RADIUS = 120, DASHES = ["", "7 3", "2 3", "9 3 2 3"];
  const axes = Object.keys(families).filter((name) => name !== "mean");
  const at = (axis, share) => {
    const angle = (2 * Math.PI * axis) / axes.length - Math.PI / 2;
    return [RADIUS * share * Math.cos(angle), RADIUS * share * Math.sin(angle)].map((value) => value.toFixed(1)).join(",");
  };
  const ring = (share) => axes.map((_, axis) => at(axis, share)).join(" ");
  const value = (row, family) => row[`${role}_${family}`];

  const grid = [0.25, 0.5, 0.75, 1].flatMap((share) => [
    svg("polygon", { points: ring(share), class: "grid" }),
    svg("text", { x: 3, y: -RADIUS * share + 4, class: "mark" }, `${100 * share}`),
  ]);
  const names = axes.map((family, axis) => {
    const [x, y] = at(axis, 1.14).split(",");
    return svg("text", { x, y, class: "axis" }, families[family]);
  });
  const shapes = rows.map((row, place) => svg("polygon", {
    points: axes.map((family, axis) => at(axis, value(row, family)?.[0] ?? 0)).join(" "),
    class: `shape series-${place}`, "stroke-dasharray": DASHES[place],
  }));
  const title = `Family means of ${rows.map((row) => row.name).join(", ")}; the table beside has the figures. A family without a score is drawn as 0.`;
  document.getElementById("radar").replaceChildren(
    svg("svg", { viewBox: "-170 -150 340 300", role: "img", "aria-label": title }, [...grid, ...shapes, ...names]));

  const key = (place) => svg("svg", { viewBox: "0 0 30 8", class: "key", "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 30, y1: 4, y2: 4, class: `shape series-${place}`, "stroke-dasharray": DASHES[place] }));
  const heads = ["Model", ...Object.values(families)].map((name) => node("th", name, { scope: "col" }));
  const lines = rows.map((row, place) => node("tr", [
    node("th", [key(place), ` ${row.name} `, node("small", `${row.method}, ${row.mode}`)], { scope: "row" }),
    ...Object.keys(families).map((family) => node("td", score(value(row, family)))),
  ]));
  document.getElementById("compared").replaceChildren(
    node("table", [node("thead", node("tr", heads)), node("tbody", lines)], { class: "plain" }));
};
