"use strict";
// Figures, in the colours of the page: drawn again when these change, and plain for paper.
const page = JSON.parse(document.getElementById("data").textContent);
const find = id => document.getElementById(id), css = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const colour = i => css("s" + i % 8), pick = (list, i) => list[i % list.length], points = f1 => f1 === null ? null : +(100 * f1).toFixed(2);
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down", "x"], DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const drawers = [], plain = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const CONFIG = { displaylogo: false, responsive: true, modeBarButtons: [["toImage"]] };

// The more bands lie over one another, the fainter each.
function faint(hex, n) { const rgb = parseInt(hex.slice(1), 16); return `rgba(${rgb >> 16},${rgb >> 8 & 255},${rgb & 255},${Math.max(.05, Math.min(.15, .4 / n))})`; }
function axis(title, more) {
  return { title: { text: title, standoff: 8 }, gridcolor: css("grid"), linecolor: css("line"), zerolinecolor: css("line"), automargin: true, fixedrange: true, ...more };
}
function layout(more) {
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: css("ink"), size: 13, family: "system-ui, sans-serif" }, dragmode: false,
    margin: { l: 50, r: 12, t: 12, b: 44 }, hoverlabel: { bgcolor: css("field"), bordercolor: css("line"), font: { color: css("ink") } }, ...more };
}
function draw(drawer) { drawers.push(drawer); drawer(); }
function band(xs, low, high, paint, n, group = "") {
  return { x: [...xs, ...[...xs].reverse()], y: [...high, ...[...low].reverse()], fill: "toself", fillcolor: faint(paint, n), line: { width: 0 }, mode: "lines", hoverinfo: "skip", showlegend: false, legendgroup: group };
}

function curves(set) {
  const arms = [...new Set(set.curves.map(c => c.arm))], strategies = [...new Set(set.curves.map(c => c.strategy))];
  const root = find(set.id + "-curves"), bands = find(set.id + "-bands");
  draw(() => {
    const unit = document.querySelector(`input[name="unit-${set.id}"]:checked`).value, traces = [];
    for (const curve of set.curves) {
      const a = arms.indexOf(curve.arm), paint = colour(a), name = plain(`${curve.arm}, ${curve.strategy}`);
      const at = curve.points.filter(p => p[unit] > 0), banded = at.filter(p => p.low !== null);
      if (!at.length) continue;
      if (bands.checked && banded.length > 1) traces.push(band(banded.map(p => p[unit]), banded.map(p => points(p.low)), banded.map(p => points(p.high)), paint, set.curves.length, name));
      const alone = at.length === 1 && banded.length === 1 && bands.checked ? { error_y: { type: "data", symmetric: false, array: [points(at[0].high - at[0].mean)], arrayminus: [points(at[0].mean - at[0].low)], color: paint, thickness: 1.5, width: 6 } } : {};
      traces.push({ ...alone, x: at.map(p => p[unit]), y: at.map(p => points(p.mean)), name, legendgroup: name, mode: "lines+markers",
        line: { color: paint, width: 2, dash: pick(DASHES, strategies.indexOf(curve.strategy)) }, marker: { symbol: pick(SYMBOLS, a), size: 8, color: paint },
        text: at.map(p => `${p.budget}: ${points(p.mean).toFixed(1)}` + (p.low === null ? ", one seed" : ` (${points(p.low).toFixed(1)} to ${points(p.high).toFixed(1)})`)), hovertemplate: "%{text}<br>%{x:,.0f} " + unit + "<extra>%{fullData.name}</extra>" });
    }
    const narrow = root.clientWidth < 600, named = traces.filter(t => t.name).length;
    Plotly.react(root, traces, layout({ height: (narrow ? 360 : 440) + (narrow ? 21 * named : 11 * named), hovermode: "closest",
      xaxis: axis("annotated " + unit, { type: "log", dtick: "D2", tickformat: ",~r" }), yaxis: axis("F1"),
      legend: { orientation: "h", y: -.16, yanchor: "top", x: 0, font: { size: 12 } } }), CONFIG);
  });
  for (const input of [bands, ...document.querySelectorAll(`input[name="unit-${set.id}"]`)]) input.addEventListener("change", drawers[drawers.length - 1]);
}

function forest(set, c, i) {
  const root = find(`${set.id}-c${i}-forest`), at = c.points;
  if (root) draw(() => Plotly.react(root, [{ x: at.map(p => points(p[1])), y: at.map(p => p[0]), mode: "markers", marker: { size: 9, color: css("s0") }, hovertemplate: "%{y}: %{x:.1f}<extra></extra>",
    error_x: { type: "data", symmetric: false, array: at.map(p => points(p[3] - p[1])), arrayminus: at.map(p => points(p[1] - p[2])), color: css("s0"), thickness: 2, width: 5 } }],
    layout({ height: 110 + 34 * at.length, xaxis: axis("difference in points of F1", { zeroline: true, zerolinecolor: css("ink"), zerolinewidth: 1 }), yaxis: axis("", { type: "category", autorange: "reversed" }) }), CONFIG));
}

function types(set) {
  const root = find(set.id + "-types");
  if (!root) return;
  // Colours are the curves' own: an arm looks the same throughout.
  const arms = [...new Set(set.curves.map(c => c.arm))], shown = set.types[0].map(line => line.arm);
  draw(() => {
    const key = find(set.id + "-key");
    key.replaceChildren(...shown.map(arm => {
      const item = document.createElement("li"), paint = colour(arms.indexOf(arm));
      item.innerHTML = `<svg viewBox="0 0 36 14" aria-hidden="true"><path d="M0 7H36" stroke="${paint}" stroke-width="2"/><circle cx="18" cy="7" r="4" fill="${paint}"/></svg>`;
      item.append(arm); return item;
    }));
    root.querySelectorAll(".plot").forEach((plot, i) => {
      const traces = set.types[i].flatMap(line => {
        const paint = colour(arms.indexOf(line.arm)), xs = line.points.map(p => p.budget);
        const own = [{ x: xs, y: line.points.map(p => points(p.mean)), mode: "lines+markers", name: line.arm, showlegend: false, line: { color: paint, width: 2 }, marker: { color: paint, size: 6, symbol: pick(SYMBOLS, arms.indexOf(line.arm)) } }];
        return xs.length > 1 ? [band(xs, line.points.map(p => points(p.low)), line.points.map(p => points(p.high)), paint, shown.length), ...own] : own;
      });
      Plotly.react(plot, traces, layout({ margin: { l: 30, r: 6, t: 4, b: 22 }, font: { color: css("soft"), size: 11, family: "system-ui, sans-serif" }, xaxis: axis("", { type: "category", categoryorder: "array", categoryarray: set.budgets }), yaxis: axis("", { range: [0, 102], dtick: 50 }) }), { staticPlot: true, responsive: true });
    });
  });
}

function cell(row, tag, text, more = {}) { const made = Object.assign(document.createElement(tag), more); made.textContent = text; row.append(made); return made; }
function options(select, names, chosen) { select.replaceChildren(...names.map((name, i) => new Option(name, i, i === chosen, i === chosen))); }

function confusion(set, chosen) {
  const looked = set.looked, select = find(set.id + "-confusion-of"), table = find(set.id + "-confusion");
  if (!select) return;
  options(select, looked.names, chosen);
  const show = () => {
    const { labels, matrix, kinds } = looked.confusion[select.value], most = row => Math.max(1, row.reduce((a, b) => a + b, 0));
    find(set.id + "-confusion-says").textContent = `Seed ${looked.seed}: ${kinds.right} right, ${kinds.boundary} with other bounds, ${kinds.type} with another type, ${kinds.both} with both, ${kinds.missed} missed, ${kinds.invented} invented.`;
    const head = document.createElement("tr"); cell(head, "td", "");
    for (const label of labels) cell(head, "th", label, { scope: "col" });
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(...matrix.map((row, i) => {
      const made = document.createElement("tr"); cell(made, "th", labels[i], { scope: "row" });
      row.forEach((n, j) => {
        const last = i === labels.length - 1 && j === i, own = cell(made, "td", last ? "" : n, { className: i === j && !last ? "same" : "" });
        own.style.setProperty("--share", n / most(row));
      });
      return made;
    }));
  };
  select.addEventListener("change", show); show();
}

function calibration(set, chosen) {
  const looked = set.looked, select = find(set.id + "-calibration-of"), root = find(set.id + "-calibration"), body = find(set.id + "-bins").tBodies[0];
  options(select, looked.names, chosen);
  draw(() => {
    const { bins, ece, brier, n_scored, n_unscored } = looked.calibration[select.value], fixed = x => x.toFixed(3);
    find(set.id + "-calibration-says").textContent = (n_scored ? `Seed ${looked.seed}: expected calibration error ${fixed(ece)}, Brier score ${fixed(brier)}, over ${n_scored} scored proposals` : "This arm gives its proposals no scores, so there is nothing to calibrate") + (n_unscored ? `; ${n_unscored} proposals without a score.` : ".");
    root.hidden = find(set.id + "-bins").hidden = !n_scored;
    body.replaceChildren(...bins.map(b => { const row = document.createElement("tr"); for (const text of [fixed(b[0]), fixed(b[1]), `${fixed(b[2])} to ${fixed(b[3])}`, b[4]]) cell(row, "td", text); return row; }));
    if (!n_scored) return;
    Plotly.react(root, [{ x: [0, 1], y: [0, 1], mode: "lines", line: { color: css("soft"), dash: "dot", width: 1 }, hoverinfo: "skip", name: "perfect" },
      { x: bins.map(b => b[0]), y: bins.map(b => b[1]), mode: "lines+markers", name: "measured", marker: { size: 8, color: css("s0") }, line: { color: css("s0"), width: 2 }, text: bins.map(b => b[4] + " proposals"), hovertemplate: "score %{x:.2f}, right %{y:.2f}<br>%{text}<extra></extra>",
        error_y: { type: "data", symmetric: false, array: bins.map(b => b[3] - b[1]), arrayminus: bins.map(b => b[1] - b[2]), color: css("s0"), thickness: 1.5, width: 4 } }],
      layout({ height: 400, xaxis: axis("mean score of a bin", { range: [-.02, 1.02] }), yaxis: axis("share that is right", { range: [-.02, 1.02] }), legend: { orientation: "h", y: 1.1, x: 0 } }), CONFIG);
  });
  select.addEventListener("change", drawers[drawers.length - 1]);
}

function redraw() { for (const drawer of drawers) drawer(); }
for (const set of page.sets) {
  curves(set);
  set.forests.forEach((c, i) => forest(set, c, i));
  types(set);
  if (set.looked) { confusion(set, set.looked.pair[0]); calibration(set, set.looked.pair[0]); }
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => { document.documentElement.classList.add("printed"); redraw(); });
addEventListener("afterprint", () => { document.documentElement.classList.remove("printed"); redraw(); });
