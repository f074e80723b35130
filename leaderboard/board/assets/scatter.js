// Score against size or time, on a logarithmic axis: points are links, a line joins those that nothing surpasses.
// Times of several machines, or of unknown ones, do not compare: then there is no line. What has a mean and no rank has
// a hollow mark, but for what holds no longer, or never did (late 2): that is left out.
board.scatter = (figure, rows, x, label, role, called) => {
  "use strict";
  const { node, svg, percent, size, about, root } = board;
  const WIDTH = board.width(figure), HEIGHT = 400, LEFT = 34, RIGHT = 26, BOTTOM = 46, TOP = 30;
  const mean = (row) => row[`${role}_mean`], ranked = (row) => Boolean(row[`${role}_rank`]);
  const known = rows.filter((row) => row[x] > 0 && mean(row) && row.late !== 2).sort((a, b) => a[x] - b[x] || mean(b)[0] - mean(a)[0]);
  if (!known.length) return figure.replaceChildren(node("p", "No model here has both figures."));
  const logs = known.map((row) => Math.log10(row[x]));
  const low = Math.min(...logs) - 0.1, high = Math.max(...logs) + 0.1;
  const top = Math.min(1, Math.max(...known.map((row) => mean(row)[2])) * 1.05 || 1);
  const across = (value) => LEFT + ((Math.log10(value) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const up = (share) => HEIGHT - BOTTOM - (share / top) * (HEIGHT - BOTTOM - TOP);
  const shown = (value) => (x === "parameters" ? size(value) : `${Number(value.toPrecision(2))}`);

  const marks = (steps) => Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, place) => Math.floor(low) + place)
    .flatMap((power) => steps.map((step) => step * 10 ** power)).filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const ticks = [[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 2, 5], [1, 3], [1]].map(marks).find((each) => each.length <= WIDTH / 60) ?? [];
  const step = [0.01, 0.02, 0.05, 0.1].find((each) => top / each <= 7) ?? 0.2;
  const grid = Array.from({ length: Math.floor(top / step) + 1 }, (_, place) => place * step).flatMap((share) => [
    svg("line", { x1: LEFT, x2: WIDTH - RIGHT / 2, y1: up(share), y2: up(share), class: "grid" }),
    svg("text", { x: LEFT - 6, y: up(share) + 4, class: "end" }, (100 * share).toFixed()),
  ]);
  const below = ticks.map((value) => svg("text", { x: across(value), y: HEIGHT - 30, class: "axis" }, shown(value)));

  const counted = known.filter(ranked);
  const machines = [...new Set(counted.map((row) => row.hardware))];
  const alike = x !== "seconds" || (machines.length === 1 && machines[0] !== "not known");
  let best = alike ? -1 : Infinity;
  const front = counted.filter((row) => mean(row)[0] > best && ((best = mean(row)[0]), true));
  const path = front.map((row) => `${across(row[x]).toFixed(1)},${up(mean(row)[0]).toFixed(1)}`).join(" ");
  const points = known.map((row) => {
    const [value, from, to] = mean(row), place = across(row[x]);
    const text = `${row.name}, ${about(row)}: ${percent(value)} (${percent(from)}–${percent(to)}), ${shown(row[x])}${x === "seconds" ? ` s on ${row.hardware}` : ""}${ranked(row) ? "" : `; not ranked: ${row[`${role}_unranked`]}`}`;
    const kind = front.includes(row) ? "point front" : ranked(row) ? "point" : "point hollow";
    return svg("a", { href: `${root}entries/${row.key}.html`, "aria-label": text }, [
      svg("title", {}, text),
      svg("line", { x1: place, x2: place, y1: up(from), y2: up(to), class: "whisker" }),
      svg("circle", { cx: place, cy: up(value), r: 4.5, class: kind }),
    ]);
  });
  const title = `${called} in %`, axis = `${label} (logarithmic)`;
  const notes = [
    counted.length < known.length ? "Hollow marks have no rank; each says why." : "",
    alike || !counted.length ? "" : machines.length > 1
      ? `Times of ${machines.length} machines do not compare, so no line joins the best: choose a machine in the filters.`
      : "No line joins the best: which machine this was is not known.",
  ].filter(Boolean).join(" ");
  figure.replaceChildren(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `${title} against ${label}` }, [
    ...grid, ...below, svg("text", { x: 2, y: 14 }, title), svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 10, class: "axis" }, axis),
    svg("polyline", { points: path, class: "front" }), ...points,
  ]), ...(notes ? [node("figcaption", notes)] : []));
};
