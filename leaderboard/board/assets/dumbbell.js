// Free against constrained answers: two ends a model, joined by a line, and the same figures as a table.
board.dumbbell = (chart, pairs, role, family, data) => {
  "use strict";
  const { node, svg, percent, score, root } = board, { families, means } = data;
  const MOST = 40, ROW = 46, SIDE = 16, TOP = 34;
  const figure = chart.querySelector("figure"), beside = chart.querySelector(".scroll");
  const called = family === "mean" ? `${means[role]} in %` : `${families[family]} in %, ${role.toUpperCase()} tasks`;
  const about = ({ free }) => [free.method, free.told].filter(Boolean).join(", ");
  const span = (row) => row[`${role}_${family}`];
  const known = pairs.filter(({ free, constrained, gains }) => role in gains && span(free) && span(constrained)).slice(0, MOST);
  if (!known.length) {
    beside.replaceChildren();
    return figure.replaceChildren(node("p", "No model here was asked both ways on the same tasks."));
  }
  const WIDTH = board.width(figure), HEIGHT = TOP + ROW * known.length + 22;
  const top = Math.min(1, Math.max(...known.flatMap(({ free, constrained }) => [span(free)[2], span(constrained)[2]])) * 1.05 || 1);
  const across = (share) => (SIDE + (share / top) * (WIDTH - 2 * SIDE)).toFixed(1);
  const step = [0.01, 0.02, 0.05, 0.1].find((each) => top / each <= WIDTH / 90) ?? 0.2;
  const grid = Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, place) => place * step).flatMap((share) => [
    svg("line", { x1: across(share), x2: across(share), y1: TOP - 6, y2: HEIGHT - 20, class: "grid" }),
    svg("text", { x: across(share), y: HEIGHT - 8, class: "axis" }, (100 * share).toFixed()),
  ]);
  // Shapes tell the ends apart without colours: a ring and a full square.
  const ring = (x, y) => svg("circle", { cx: x, cy: y, r: 5.5, class: "end-free" });
  const square = (x, y) => svg("rect", { x: x - 5.5, y: y - 5.5, width: 11, height: 11, class: "end-constrained" });
  const key = [ring(SIDE + 6, 12), svg("text", { x: SIDE + 17, y: 16 }, "free"),
    square(SIDE + 72, 12), svg("text", { x: SIDE + 83, y: 16 }, "constrained")];
  const whisker = ([, low, high], y) => svg("line", { x1: across(low), x2: across(high), y1: y, y2: y, class: "whisker" });
  const cut = (text) => (text.length > WIDTH / 7.5 ? `${text.slice(0, WIDTH / 7.5)}…` : text);
  const lines = known.flatMap((pair, place) => {
    const { free, constrained } = pair;
    const y = TOP + ROW * place + 28, [from, to] = [free, constrained].map(span);
    return [
      svg("text", { x: SIDE, y: y - 15 }, cut(`${free.name}, ${about(pair)}`)),
      whisker(from, y - 4), whisker(to, y + 4),
      svg("line", { x1: across(from[0]), x2: across(to[0]), y1: y, y2: y, class: "bar" }),
      ring(across(from[0]), y), square(across(to[0]), y),
    ];
  });
  const title = `${called}: free and constrained answers of ${known.length} models; the table below has the figures.`;
  figure.replaceChildren(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, [...grid, ...key, ...lines]));

  const signed = (value) => `${value < 0 ? "−" : "+"}${percent(Math.abs(value))}`;
  function gain({ free, constrained, gains }) {
    const paired = family === "mean" && gains[role];
    const [value, low, high] = paired || [span(constrained)[0] - span(free)[0]];
    return [signed(value), paired ? node("small", `${signed(low)} to ${signed(high)}`) : ""];
  }
  const link = (row) => node("a", score(span(row)), { href: `${root}entries/${row.key}.html` });
  const heads = ["Model", "Free", "Constrained", "Gain"].map((name) => node("th", name, { scope: "col" }));
  const rows = known.map((pair) => node("tr", [
    node("th", [pair.free.name, " ", node("small", about(pair))], { scope: "row" }),
    node("td", link(pair.free)), node("td", link(pair.constrained)), node("td", gain(pair)),
  ]));
  const more = pairs.length > MOST ? ` (the first ${MOST})` : "";
  beside.replaceChildren(node("table", [
    node("caption", `${called}${more}`), node("thead", node("tr", heads)), node("tbody", rows),
  ], { class: "plain" }));
};
