"use strict";
// The report page: lists of 100,000 groups, of which only those in sight are in the document.
// File names come from anywhere: text is only ever set by textContent.
const R = window.DEDUP_REPORT;
const $ = (id) => document.getElementById(id);
const served = location.protocol !== "file:";
const ROW = 304, CARDS = 60, SPACE_MAX = 12e6;
const LISTS = {
  copies: ["Copies", "K keep, C copies confirmed, N not a copy"],
  people: ["People", "D not this person, S same as the marked group, M name"],
  identities: ["Identity duplicates", ""], containers: ["Collages", ""], alike: ["Twice in one image", ""],
  aside: ["Faces set aside", ""], skipped: ["Skipped files", ""],
};
let list = "copies", shown = [], now = 0, card = 0, marked = null;
let lines = [];

function el(tag, cls, text) {
  const made = document.createElement(tag);
  if (cls) made.className = cls;
  if (text !== undefined) made.textContent = text;
  return made;
}
function button(text, act, label) {
  const made = el("button", "", text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  made.disabled = !served;
  made.onclick = (event) => { event.stopPropagation(); act(); };
  return made;
}
const size = (bytes) => bytes < 1e3 ? bytes + " B" : bytes < 1e6 ? (bytes / 1e3).toFixed(0) + " kB"
  : bytes < 1e9 ? (bytes / 1e6).toFixed(1) + " MB" : (bytes / 1e9).toFixed(2) + " GB";
const holding = () => {
  const undone = new Set(lines.filter((l) => l && l.kind === "undo").map((l) => l.number));
  return lines.map((l, n) => [l, n]).filter(([l, n]) => l && !undone.has(n) && l.kind !== "undo");
};
// What was decided, by image, pair and face; computed once after each change.
let state = { keep: new Map(), pair: new Map(), name: new Map(), apart: new Set(), one: new Set() };
const pairKey = (a, b) => a < b ? a + b : b + a;
const faceKey = (f) => f.sha256 + f.box.map((side) => Math.round(side)).join();
function decided() {
  state = { keep: new Map(), pair: new Map(), name: new Map(), apart: new Set(), one: new Set() };
  for (const [l, n] of holding()) {
    if (l.kind === "keep") state.keep.set(l.sha256, n);
    if (l.kind === "copy" || l.kind === "not_a_copy") state.pair.set(pairKey(l.first, l.second), l.kind);
    if (l.kind === "name") state.name.set(faceKey(l.face), l.name);
    if (l.kind === "not_same_person") state.apart.add(faceKey(l.first));
    if (l.kind === "same_person") { state.one.add(faceKey(l.first)); state.one.add(faceKey(l.second)); }
  }
}
async function decide(decision, told) {
  if (!served) return;
  try {
    const answer = await fetch("decisions", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify(decision) });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error);
    lines[body.number] = decision;
    decided();
    say(told);
    draw(true);
  } catch (error) { say("Not saved: " + error.message); }
}
function undo() {
  const last = holding().pop();
  if (last) decide({ kind: "undo", number: last[1] }, "Undone: " + last[0].kind.replaceAll("_", " "));
}
const say = (text) => { $("said").textContent = text; };
const ref = (f) => ({ sha256: f.sha256, box: f.box });

function keptOf(group) {
  let best = group.members[0];
  for (const m of group.members) if ((state.keep.get(m.sha256) ?? -1) > (state.keep.get(best.sha256) ?? -1)) best = m;
  return best;
}
const isDecided = (group) => list === "copies"
  ? group.members.slice(1).every((m) => m.sha256 === group.members[0].sha256 || state.pair.has(pairKey(m.sha256, group.members[0].sha256)))
  : list === "people" && group.faces.some((f) => [state.name, state.apart, state.one].some((s) => s.has(faceKey(f))));

const ACTS = {
  k: (group) => { const m = group.members[card]; decide({ kind: "keep", sha256: m.sha256 }, "Keep " + m.path); },
  c: async (group) => {
    const kept = keptOf(group);
    for (const sha of new Set(group.members.map((m) => m.sha256)))
      if (sha !== kept.sha256 && state.pair.get(pairKey(sha, kept.sha256)) !== "not_a_copy")
        await decide({ kind: "copy", first: kept.sha256, second: sha }, "Copies confirmed");
    move(1);
  },
  n: (group) => {
    const kept = keptOf(group), m = group.members[card];
    if (m.sha256 === kept.sha256) return say("Select the image that is no copy of the kept one first (left, right)");
    decide({ kind: "not_a_copy", first: kept.sha256, second: m.sha256 }, "Not a copy: " + m.path);
  },
  d: (group) => {
    const f = group.faces[card], others = group.faces.filter((o) => o !== f).map(ref);
    decide({ kind: "not_same_person", first: ref(f), others }, "Not this person: " + f.path);
  },
  s: (group) => {
    if (!marked || marked === group) { marked = group; return say(group.id + " is marked: press S on the group that is the same person"); }
    decide({ kind: "same_person", first: ref(marked.faces[0]), second: ref(group.faces[0]) }, marked.id + " and " + group.id + " are one person");
    marked = null;
  },
  m: (group) => {
    const name = prompt("Name of this person", nameOf(group));
    if (name !== null) decide({ kind: "name", face: ref(group.faces[0]), name: name.trim() }, "Named " + name.trim());
  },
};
function nameOf(group) {
  for (const f of group.faces) if (state.name.has(faceKey(f))) return state.name.get(faceKey(f));
  return group.name;
}

function picture(src, label, marks) {
  const frame = el("div", "frame"), shot = el("span", "shot"), img = el("img");
  img.loading = "lazy"; img.decoding = "async"; img.alt = label; img.src = "report_files/" + src;
  img.onerror = () => frame.replaceChildren(el("span", "soft", "no preview"));
  shot.append(img);
  for (const [cls, [x0, y0, x1, y1]] of marks || []) {
    const mark = el("i", cls);
    Object.assign(mark.style, { left: 100 * x0 + "%", top: 100 * y0 + "%", width: 100 * (x1 - x0) + "%", height: 100 * (y1 - y0) + "%" });
    shot.append(mark);
  }
  frame.append(shot);
  return frame;
}
function copyCard(group, m) {
  const kept = keptOf(group), isKept = m === kept;
  const verdict = state.pair.get(pairKey(m.sha256, kept.sha256));
  const made = el("li", "card" + (isKept ? " kept" : verdict === "copy" ? " gone" : ""));
  const first = group.members[0], marks = [];
  if (m === first) for (const o of group.members) {
    const one = group.members[card] === o || group.members.length < 4;
    if (one && o.overlay.length) marks.push(["", o.overlay]);
    if (one && (o.shown[0] > 0.02 || o.shown[1] > 0.02 || o.shown[2] < 0.98 || o.shown[3] < 0.98)) marks.push(["shown", o.shown]);
  }
  made.append(picture("images/" + m.sha256 + ".jpg", m.path, marks));
  const label = isKept ? "keep" : verdict === "not_a_copy" ? "not a copy" : m.kind === "keep" ? "suggested" : m.kind;
  made.append(el("div", "tag", label + (verdict === "copy" && !isKept ? ", confirmed" : "")));
  made.append(el("div", "clip", m.path));
  const detail = [m.changes.join(", "), m.width_px ? m.width_px + " × " + m.height_px : "", size(m.bytes), isKept || !m.kept_because ? "" : "kept one: " + m.kept_because];
  made.append(el("div", "soft clip", detail.filter(Boolean).join("; ")));
  return made;
}
function faceCard(f) {
  const made = el("li", "card" + (state.apart.has(faceKey(f)) ? " gone" : ""));
  made.append(picture("faces/" + f.sha256 + "-" + f.number + ".jpg", "face in " + f.path));
  made.append(el("div", "tag", state.apart.has(faceKey(f)) ? "not this person" : f.similarity === undefined ? "" : f.similarity.toFixed(2) + (f.weakness ? ", " + f.weakness : "")));
  made.append(el("div", "clip", f.path));
  if (f.copies && f.copies.length) made.append(el("div", "soft", f.copies.length + " copies"));
  return made;
}
const rows = {
  copies: (g) => [g.id, g.members.length + " files, copies take " + size(g.excess), g.members.map((m) => () => copyCard(g, m)), [["K", "k", "Keep"], ["C", "c", "Copies confirmed"], ["N", "n", "Not a copy"]]],
  people: (g) => [nameOf(g) || g.id, g.faces.length + " images", g.faces.map((f) => () => faceCard(f)), [["D", "d", "Not this person"], ["S", "s", "Same person as"], ["M", "m", "Name"]]],
  identities: (p) => [p.first + " = " + p.second, "similarity " + p.similarity.toFixed(3) + ", threshold " + R.similarity_min.toFixed(3), p.faces.map((f) => () => faceCard(f)), []],
  containers: (c) => [c.path, "shows another image beside content of its own; no copy", [() => { const made = el("li", "card"); made.append(picture("images/" + c.sha256 + ".jpg", c.path, [["", c.box]]), el("div", "clip", c.path)); return made; }, () => { const made = el("li", "card"); made.append(picture("images/" + c.part_sha256 + ".jpg", c.part_path), el("div", "clip", c.part_path)); return made; }], []],
  alike: (a) => [a.path, "two faces that look like one person: a collage, a mirror, twins; similarity " + a.similarity.toFixed(2), a.numbers.map((n) => () => faceCard({ path: a.path, sha256: a.sha256, number: n, box: [0, 0, 0, 0] })), []],
  aside: (f) => [f.path, "set aside: " + f.weakness, [() => faceCard(f)], []],
  skipped: (s) => [s.path, s.message + " (" + s.reason + ")", [], []],
};
const height = () => list === "skipped" ? 64 : ROW;
const scale = () => Math.max(1, shown.length * height() / SPACE_MAX);

function rowOf(group, index) {
  const [title, detail, cards, acts] = rows[list](group);
  const row = el("section", "row" + (index === now ? " now" : "")), box = el("div", "box"), head = el("div");
  row.setAttribute("role", "listitem");
  row.setAttribute("aria-posinset", index + 1);
  row.setAttribute("aria-setsize", shown.length);
  row.setAttribute("aria-label", title + ", " + detail);
  row.tabIndex = index === now ? 0 : -1;
  row.style.height = height() + "px";
  head.append(el("h2", "line", title), el("span", "soft line", detail));
  if ((list === "copies" || list === "people") && isDecided(group)) head.append(el("span", "done", "decided"));
  const tools = el("span", "acts");
  for (const [key, act, label] of acts) tools.append(button(label, () => { select(index); ACTS[act](group); }, label + " (" + key + ")"));
  head.append(tools);
  box.append(head);
  if (cards.length) {
    const strip = el("ul", "strip");
    cards.slice(0, CARDS).forEach((make, n) => {
      const made = make();
      if (index === now && n === card) made.classList.add("now");
      made.onclick = () => { select(index); card = n; draw(true); };
      strip.append(made);
    });
    if (cards.length > CARDS) strip.append(el("li", "soft", "and " + (cards.length - CARDS) + " more; report.json lists all"));
    box.append(strip);
  }
  row.append(box);
  row.onfocus = () => { if (now !== index) select(index); };
  return row;
}
let drawn = "";
function draw(again) {
  const view = $("list"), ratio = scale(), h = height();
  const top = view.scrollTop * ratio;
  const first = Math.max(0, Math.floor(top / h) - 2), last = Math.min(shown.length, Math.ceil((top + view.clientHeight) / h) + 2);
  const key = [list, first, last, shown.length].join();
  if (!again && key === drawn && ratio === 1) return;
  drawn = key;
  const held = document.activeElement && document.activeElement.classList.contains("row");
  const strips = new Map([...document.querySelectorAll(".row")].map((r) => [r.dataset.index, r.querySelector(".strip")?.scrollLeft || 0]));
  const made = [];
  for (let index = first; index < last; index++) {
    const row = rowOf(shown[index], index);
    row.dataset.index = index;
    row.style.top = index * h - top + view.scrollTop + "px";
    made.push(row);
  }
  $("space").style.height = Math.min(SPACE_MAX, shown.length * h) + "px";
  $("space").replaceChildren(...made);
  for (const row of made) { const strip = row.querySelector(".strip"); if (strip) strip.scrollLeft = strips.get(row.dataset.index) || 0; }
  if (held) document.querySelector(".row.now")?.focus({ preventScroll: true });
}
function select(index) { now = index; card = list === "copies" && shown[index] && shown[index].members.length > 1 ? 1 : 0; }
function move(step) {
  if (!shown.length) return;
  select(Math.min(shown.length - 1, Math.max(0, now + step)));
  const view = $("list"), ratio = scale(), top = now * height();
  if (top < view.scrollTop * ratio || top + height() > view.scrollTop * ratio + view.clientHeight) view.scrollTop = (top - (step > 0 ? view.clientHeight - height() : 0)) / ratio;
  draw(true);
  document.querySelector(".row.now")?.focus({ preventScroll: true });
}
function filter() {
  const text = $("find").value.toLowerCase(), kind = $("class").value;
  const paths = (g) => (g.members || g.faces || [g]).some((m) => m.path.toLowerCase().includes(text)) || (nameOf.length && list === "people" && nameOf(g).toLowerCase().includes(text));
  shown = R[list].filter((g) => (!text || paths(g)) && (!kind || list !== "copies" || g.members.some((m) => m.kind === kind)) && (!$("open").checked || !isDecided(g)));
  select(0);
  $("list").scrollTop = 0;
  draw(true);
  say(shown.length + " of " + R[list].length + " in " + LISTS[list][0].toLowerCase());
}
function show(name) {
  list = name;
  for (const tab of $("tabs").children) tab.setAttribute("aria-selected", tab.dataset.list === name);
  $("class").parentElement.hidden = name !== "copies";
  $("keys").textContent = "Keys: arrows or J move between groups, left and right between images. " + (served ? LISTS[name][1] + ", Z undo." : "");
  filter();
}
function histogram() {
  const counts = R.histogram, most = Math.max(1, ...counts), ns = "http://www.w3.org/2000/svg";
  if (!counts.some(Boolean)) return;
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 240 58"); svg.setAttribute("width", 240); svg.setAttribute("height", 58); svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "Faces by the similarity of their nearest; the line is the threshold " + R.similarity_min.toFixed(3));
  const rect = (x, y, w, h, fill) => { const r = document.createElementNS(ns, "rect"); for (const [k, v] of Object.entries({ x, y, width: w, height: h, fill })) r.setAttribute(k, v); svg.append(r); };
  counts.forEach((c, n) => rect(n * 240 / counts.length, 44 - 40 * c / most, 240 / counts.length - 1, 40 * c / most, "currentColor"));
  rect(240 * R.similarity_min, 0, 2, 46, "var(--mark)");
  const text = document.createElementNS(ns, "text"); text.setAttribute("y", 56); text.textContent = "similarity of the nearest face, 0 to 1"; svg.append(text);
  $("folder").after(svg);
}
function start() {
  $("folder").textContent = R.folder;
  for (const [value, label] of R.figures) { const li = el("li"); li.append(el("b", "", value), " " + label); $("figures").append(li); }
  $("mode").textContent = served ? "Decisions are saved at once; the next run and apply follow them." : "To decide: facenet-res dedup review " + R.out;
  $("made").textContent = R.made;
  for (const [name, [label]] of Object.entries(LISTS)) {
    const tab = el("button", "", label + " " + R[name].length.toLocaleString("en"));
    tab.type = "button"; tab.dataset.list = name; tab.setAttribute("role", "tab"); tab.onclick = () => show(name);
    $("tabs").append(tab);
  }
  for (const kind of ["", "byte-equal", "same pixels", "re-encoded", "edited", "overlay"]) { const o = el("option", "", kind || "all"); o.value = kind; $("class").append(o); }
  histogram();
  $("undo").disabled = !served; $("undo").onclick = undo;
  $("find").oninput = filter; $("class").onchange = filter; $("open").onchange = filter;
  $("list").onscroll = () => requestAnimationFrame(() => draw(false));
  window.onresize = () => draw(true);
  document.onkeydown = (event) => {
    if (["INPUT", "SELECT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase(), group = shown[now];
    const act = { copies: "kcn", people: "dsm" }[list] || "";
    if (key === "arrowdown" || key === "j") move(1);
    else if (key === "arrowup") move(-1);
    else if (key === "arrowright" || key === "arrowleft") {
      const most = (group?.members || group?.faces || [0]).length - 1;
      card = Math.min(most, Math.max(0, card + (key === "arrowright" ? 1 : -1))); draw(true);
    } else if (key === "z" && served) undo();
    else if (group && served && act.includes(key)) ACTS[key](group);
    else return;
    event.preventDefault();
  };
  show(R.copies.length || !R.people.length ? "copies" : "people");
  if (served) fetch("decisions").then((answer) => answer.json()).then((body) => { lines = body.lines; decided(); draw(true); }).catch((error) => say("Decisions cannot be read: " + error.message));
}
start();
