"use strict";
// Whatever is shown comes from people (names, descriptions, messages), so it goes into the page as text alone: nothing here makes elements of it.
const data = JSON.parse(document.getElementById("data").textContent);
const flows = data.dataflows || [];
const main = document.getElementById("main");
const PAGE = 100; // rows that are shown at a time
const number = new Intl.NumberFormat("en");

function h(tag, attributes, ...children) {
  const svg = ["svg", "path", "rect", "title"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const count = (n) => (n === undefined || n === null ? "" : number.format(n));
const plural = (n, noun) => `${number.format(n)} ${noun}${n === 1 ? "" : "s"}`;
const title = (flow) => flow.displayName || flow.name;
const linkTo = (flow) => "#/dataflow/" + encodeURIComponent(flow.name);
const status = (text) => h("span", { class: "status " + text }, text);

function time(text) {
  if (!text) return h("span", { class: "quiet" }, "–");
  const at = new Date(text);
  return h("time", { datetime: text }, at.toISOString().slice(0, 16).replace("T", " ") + " UTC");
}

function took(run) {
  if (!run.endedAt) return "";
  const seconds = (new Date(run.endedAt) - new Date(run.startedAt)) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// table makes a table of items; columns are [heading, cell, class]. The first column names the row. Of many items so many are shown, and a button shows more.
function table(caption, items, columns) {
  const body = h("tbody");
  const box = h("div", { class: "scroll wide", role: "region", tabindex: "0", "aria-label": caption },
    h("table", null, h("caption", null, caption),
      h("thead", null, h("tr", null, ...columns.map(([heading, , kind]) => h("th", { scope: "col", class: kind }, heading)))), body));
  const more = h("button", { type: "button" });
  let shown = 0;
  function show() {
    const next = items.slice(shown, shown + PAGE);
    shown += next.length;
    body.append(...next.map((item) => h("tr", null, ...columns.map(([heading, cell, kind], i) =>
      i === 0 ? h("th", { scope: "row" }, cell(item)) : h("td", { class: kind, "data-is": heading }, cell(item))))));
    more.textContent = `Show ${Math.min(PAGE, items.length - shown)} more of ${number.format(items.length - shown)}`;
    more.hidden = shown >= items.length;
  }
  more.addEventListener("click", show);
  show();
  return h("div", null, box, h("p", null, more));
}

const flowColumns = [
  ["Name", (f) => h("a", { href: linkTo(f) }, title(f))],
  ["Status", (f) => status(f.status)],
  ["Type", (f) => f.type],
  ["Tables", (f) => count((f.tables || []).length), "n"],
  ["Records", (f) => count((f.tables || []).reduce((sum, t) => sum + t.records, 0)), "n"],
  ["Last refresh", (f) => time(f.lastRefresh)],
  ["Created", (f) => time(f.createdAt)],
  ["Updated", (f) => time(f.updatedAt)],
];

const groupings = {
  none: () => "",
  status: (f) => f.status,
  type: (f) => f.type,
  name: (f) => title(f).slice(0, 1).toUpperCase(),
};

const chosen = { search: "", group: "none" };

function list() {
  const found = h("p", { role: "status", class: "quiet" });
  const groups = h("div");
  const search = h("input", { type: "search", id: "search", value: chosen.search, autocomplete: "off" });
  const group = h("select", { id: "group" }, ...[["none", "nothing"], ["status", "status"], ["type", "type"], ["name", "first letter"]].map(([value, text]) => h("option", { value }, text)));
  group.value = chosen.group;
  function update() {
    chosen.search = search.value;
    chosen.group = group.value;
    const wanted = search.value.trim().toLowerCase();
    const matching = flows.filter((f) => !wanted || [f.name, f.displayName, f.description, f.source].some((text) => text && text.toLowerCase().includes(wanted)));
    const byGroup = new Map();
    for (const f of matching) {
      const key = groupings[chosen.group](f);
      if (!byGroup.has(key)) byGroup.set(key, []);
      byGroup.get(key).push(f);
    }
    found.textContent = matching.length === flows.length ? plural(flows.length, "dataflow") : `${number.format(matching.length)} of ${plural(flows.length, "dataflow")}`;
    groups.replaceChildren(...[...byGroup.keys()].sort().map((key) => {
      const items = byGroup.get(key);
      const caption = key === "" ? "Dataflows" : `${key}: ${plural(items.length, "dataflow")}`;
      return h("section", null, key === "" ? null : h("h2", null, key), table(caption, items, flowColumns));
    }));
  }
  let waiting;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, flows.length > 1000 ? 150 : 0); });
  group.addEventListener("change", update);
  update();
  return ["Dataflows", h("h1", null, "Dataflows"),
    h("div", { class: "tools" }, h("label", { for: "search" }, "Search", search), h("label", { for: "group" }, "Group by", group)), found, groups];
}

function facts(pairs) {
  return h("dl", null, ...pairs.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

// plot draws the rows over the imports, and below what each changed.
function plot(points) {
  const width = 600, height = 100;
  const step = width / points.length;
  const most = Math.max(1, ...points.map((p) => p[1]));
  const y = (rows) => (height - 4 - (rows / most) * (height - 8)).toFixed(2);
  const line = points.map((p, i) => `${i ? "L" : "M"}${((i + .5) * step).toFixed(2)},${y(p[1])}`).join("") + (points.length === 1 ? `h${(step / 2).toFixed(2)}` : "");
  const first = points[0], last = points[points.length - 1];
  const said = `Records after each of ${plural(points.length, "import")}: ${count(first[1])} after run ${first[0]}, ${count(last[1])} after run ${last[0]}.`;
  const busiest = Math.max(1, ...points.map((p) => p[2] + p[3] + p[4]));
  const bars = points.flatMap((p, i) => {
    let top = height;
    return [["added", p[2]], ["changed", p[3]], ["removed", p[4]]].filter(([, n]) => n > 0).map(([what, n]) => {
      const tall = Math.max(1, (n / busiest) * (height - 4));
      top -= tall;
      return h("rect", { class: what, x: (i * step + step * .15).toFixed(2), width: (step * .7).toFixed(2), y: top.toFixed(2), height: tall.toFixed(2) });
    });
  });
  const box = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" };
  return [
    h("figure", null, h("svg", { ...box, "aria-label": said }, h("path", { class: "rows", d: line })), h("figcaption", null, said)),
    h("figure", null, h("svg", { ...box, "aria-label": "Rows that each import added, changed and removed; the numbers are in the history below." }, ...bars),
      h("figcaption", null, "Rows of each import:", h("span", { class: "key added" }), "added", h("span", { class: "key changed" }), "changed", h("span", { class: "key removed" }), "removed")),
  ];
}

const counts = (run) => (run.tables || []).map((t) => `${t.table}: ${count(t.read)} read, ${count(t.added)} added, ${count(t.changed)} changed, ${count(t.removed)} removed`).join("; ");

function dataflow(name) {
  const flow = flows.find((f) => f.name === name);
  if (!flow) return ["Not found", h("h1", null, "There is no such dataflow"), h("p", null, "It may have been removed since this page was opened.")];
  const parts = [title(flow), h("h1", null, title(flow)),
    facts([["Status", status(flow.status)], ["Name", flow.name], ["Description", flow.description], ["Type", flow.type], ["Connector", flow.connector], ["Source", flow.source],
      ["Last refresh", time(flow.lastRefresh)], ["Created", time(flow.createdAt)], ["Updated", time(flow.updatedAt)], ["Current run", flow.currentRun ? String(flow.currentRun) : null]])];
  if ((flow.points || []).length) parts.push(h("h2", null, "Over time"), ...plot(flow.points));
  parts.push(h("h2", null, "Run history"), table(`Runs, newest first${flow.earlier ? `; ${plural(flow.earlier, "earlier run")} not shown` : ""}`, flow.runs, [
    ["Run", (r) => String(r.run)],
    ["Status", (r) => status(r.status)],
    ["Kind", (r) => r.kind],
    ["Trigger", (r) => r.trigger],
    ["Started", (r) => time(r.startedAt)],
    ["Ended", (r) => time(r.endedAt)],
    ["Duration", took, "n"],
    ["Description", (r) => r.description, "text"],
    ["Counts", counts, "text"],
  ]));
  const back = (flow.kept || []).filter((run) => run !== flow.currentRun).reverse();
  parts.push(h("h2", null, "Roll back"));
  if (back.length) {
    parts.push(h("p", null, `The tables can go to ${plural(back.length, "other run")}: ${back.join(", ")}. In the dataflow's resource, and without the line to go forward again:`), h("pre", { tabindex: "0" }, `pinned_run = ${back[0]}`));
  } else {
    parts.push(h("p", null, "There is no other run that the tables can go to."));
  }
  for (const t of flow.tables || []) parts.push(h("h2", null, `Table ${t.database}.${t.name}`), facts([["File", t.fileName], ["Purpose", t.purpose], ["Records", count(t.records)]]), columnsOf(t));
  return parts;
}

const columnsOf = (t) => table(`Columns of ${t.database}.${t.name}`, t.columns || [], [
  ["Column", (c) => c[0]], ["Type", (c) => c[1]], ["Policy", (c) => c[2]], ["Filled", (c) => count(c[3]), "n"], ["Distinct", (c) => count(c[4]), "n"],
]);

function databases() {
  const tables = flows.flatMap((flow) => (flow.tables || []).map((t) => ({ flow, ...t })));
  return ["Databases", h("h1", null, "Databases"), table(`${plural(new Set(tables.map((t) => t.database)).size, "database")}, ${plural(tables.length, "table")}`, tables, [
    ["Table", (t) => h("a", { href: linkTo(t.flow) }, `${t.database}.${t.name}`)],
    ["Records", (t) => count(t.records), "n"],
    ["Columns", (t) => count((t.columns || []).length), "n"],
    ["Source", (t) => t.flow.source || "", "text"],
    ["Last refresh", (t) => time(t.flow.lastRefresh)],
    ["Dataflow", (t) => title(t.flow)],
  ])];
}

function show(focus) {
  const [, where, rest] = location.hash.split("/");
  let parts;
  if (where === "dataflow") {
    let name = rest || "";
    try { name = decodeURIComponent(name); } catch { /* it is no name: there is no such dataflow */ }
    parts = dataflow(name);
  } else parts = where === "databases" ? databases() : list();
  document.title = parts.shift();
  main.replaceChildren(...parts);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === (where === "databases" ? "#/databases" : "#/")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (focus) { main.focus(); scrollTo(0, 0); }
}
addEventListener("hashchange", () => { if (location.hash !== "#main") show(true); });
show(false);
