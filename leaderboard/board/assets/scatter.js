// Score against size or time, on a logarithmic axis: points are links, a line joins those that nothing surpasses.
// Times of several machines, or of unknown ones, do not compare: then there is no line.
board.scatter = (figure, rows, x, label, role, called) => {
  "use strict";
  const { node, svg, percent, size, about, root } = board;
  const WIDTH = board.width(figure), HEIGHT = 380, LEFT = 46, BOTTOM = 42, TOP = 12;
  const mean = (row) => row[`${role}_mean`];
  const known = rows.filter((row) => row[x] > 0 && row[`${role}_rank`]).sort((a, b) => a[x] - b[x] || mean(b)[0] - mean(a)[0]);
  if (!known.length) return figure.replaceChildren(node("p", "No ranked model here has both figures."));
  const logs = known.map((row) => Math.log10(row[x]));
  const low = Math.min(...logs) - 0.1, high = Math.max(...logs) + 0.1;
  const top = Math.min(1, Math.max(...known.map((row) => mean(row)[2])) * 1.05 || 1);
  const across = (value) => LEFT + ((Math.log10(value) - low) / (high - low)) * (WIDTH - LEFT - 14);
  const up = (share) => HEIGHT - BOTTOM - (share / top) * (HEIGHT - BOTTOM - TOP);
  const shown = (value) => (x === "parameters" ? size(value) : `${Number(value.toPrecision(2))}`);

  const marks = (steps) => Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, place) => Math.floor(low) + place)
    .flatMap((power) => steps.map((step) => step * 10 ** power)).filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const ticks = [[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 2, 5], [1, 3], [1]].map(marks).find((each) => each.length <= WIDTH / 60) ?? [];
  const step = [0.01, 0.02, 0.05, 0.1].find((each) => top / each <= 7) ?? 0.2;
  const grid = Array.from({ length: Math.floor(top / step) + 1 }, (_, place) => place * step).flatMap((share) => [
    svg("line", { x1: LEFT, x2: WIDTH, y1: up(share), y2: up(share), class: "grid" }),
    svg("text", { x: LEFT - 6, y: up(share) + 4, class: "end" }, (100 * share).toFixed()),
  ]);
  const below = ticks.map((value) => svg("text", { x: across(value), y: HEIGHT - 22, class: "axis" }, shown(value)));

  const machines = [...new Set(known.map((row) => row.hardware))];
  const alike = x !== "seconds" || (machines.length === 1 && machines[0] !== "not known");
  let best = alike ? -1 : Infinity;
  const front = known.filter((row) => mean(row)[0] > best && ((best = mean(row)[0]), true));
  const path = front.map((row) => `${across(row[x]).toFixed(1)},${up(mean(row)[0]).toFixed(1)}`).join(" ");
  const points = known.map((row) => {
    const [value, from, to] = mean(row), place = across(row[x]);
    const text = `${row.name}, ${about(row)}: ${percent(value)} (${percent(from)}–${percent(to)}), ${shown(row[x])}${x === "seconds" ? ` s on ${row.hardware}` : ""}`;
    return svg("a", { href: `${root}entries/${row.key}.html`, "aria-label": text }, [
      svg("title", {}, text),
      svg("line", { x1: place, x2: place, y1: up(from), y2: up(to), class: "whisker" }),
      svg("circle", { cx: place, cy: up(value), r: 4.5, class: front.includes(row) ? "point front" : "point" }),
    ]);
  });
  figure.replaceChildren(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `${called} in % against ${label}` }, [
    ...grid, ...below, svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, class: "axis" }, `${label} (logarithmic); ${called} in %`),
    svg("polyline", { points: path, class: "front" }), ...points,
  ]), ...(alike ? [] : [node("figcaption", machines.length > 1
    ? `Times of ${machines.length} machines do not compare, so no line joins the best: choose a machine in the filters.`
    : "No line joins the best: which machine this was is not known.")]));
};
