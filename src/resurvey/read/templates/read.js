"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = data.rows, byId = new Map(rows.map((row) => [row.id, row]));
  const list = document.getElementById("rows"), filter = document.getElementById("filter"), tables = document.getElementById("tables");
  const inFinding = new Set(data.findings.flatMap((finding) => finding.ids));
  const told = new Map();
  for (const finding of data.findings) for (const id of finding.ids) told.set(id, [...(told.get(id) || []), `${finding.verdict}: ${finding.words}`]);
  const inDoubt = new Set(data.doubts.flatMap((doubt) => doubt.ids));
  for (const doubt of data.doubts) for (const id of doubt.ids) told.set(id, [...(told.get(id) || []), `check the reading of ${doubt.place}: ${doubt.words}`]);
  const SHARED = ["arm_id", "comparator_arm_id", "population", "endpoint"];
  const NUMBERS = ["value", "n", "total", "percent", "lower", "upper", "range_lower", "range_upper", "p", "time", "n_at_risk", "power", "alpha", "hazard_ratio", "null_median", "alternative_median", "events", "patients", "registry_id", "acronym", "year"];
  const key = "resurvey-read-" + data.name;
  let now = null, editing = false, past = [];

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.append(...children);
    return made;
  };
  const cell = (row, name) => (name in row.changes ? row.changes[name] : row.cells[name] || "");
  const lacks = (row) => [...(data.needed[row.table] || []), ...(row.needs || [])].filter((name) => !cell(row, name).trim());

  // Rows of one place with the same words and other numbers, as the cells stand now.
  const twins = (row) => (row.alike || []).map((id) => byId.get(id)).filter((other) => other && other.status !== "drop" && row.status !== "drop" && data.words[row.table].every((name) => cell(row, name) === cell(other, name)));

  // What was ruled in this browser before is taken up again, where it is about the same place.
  const remember = () => {
    const kept = {};
    for (const row of rows) if (row.status || Object.keys(row.changes).length) kept[row.mark] = { status: row.status, changes: row.changes };
    try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* a browser without storage: the CSV is what counts */ }
  };
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    for (const row of rows) if (kept[row.mark] && !row.done && !row.status) Object.assign(row, kept[row.mark]);
  } catch { /* see above */ }

  const summary = (row) => {
    const c = (name) => cell(row, name);
    const range = (low, high) => (c(low) || c(high) ? ` (${c(low)} to ${c(high)})` : "");
    if (row.table === "proportions") return [c("n") + (c("total") ? "/" + c("total") : ""), c("percent") && c("percent") + " %" + range("lower", "upper")].filter(Boolean).join(", ");
    if (row.table === "hazard_ratios") return `${c("measure")} ${c("value")}${range("lower", "upper")}${c("p") ? ", p " + c("p") : ""}`;
    if (row.table === "survival_rates") return `${c("value")} ${c("unit")} at ${c("time")} ${c("time_unit")}${range("lower", "upper")}`;
    if (row.table === "p_values") return `p ${c("p")}`;
    if (row.table === "arms") return `n ${c("n")}`;
    if (row.table === "sources") return "the document";
    if (row.table === "studies") return "the study";
    if (c("value")) return `${c("value")}${range("lower", "upper")}${range("range_lower", "range_upper")} ${c("unit")}`;
    return NUMBERS.filter((name) => c(name)).map((name) => `${name} ${c(name)}`).join(", ");
  };
  const what = (row) => [row.table === "proportions" && cell(row, "kind").replace("_", " "), cell(row, "endpoint"), cell(row, "item") || cell(row, "label"), cell(row, "grade") && "grade " + cell(row, "grade"), cell(row, "arm_id"), cell(row, "population"), cell(row, "model")].filter(Boolean).filter((word, k, all) => all.indexOf(word) === k).join(" · ");

  // A number seen and not drafted: shown and found in the paper, but no row to rule on.
  const lost = (data.unread || []).map((place) => ({ ...place, unread: true, done: "-", changes: {}, cells: {}, status: "" }));
  for (const place of lost) byId.set(place.id, place);
  const lostCard = (place) => {
    const made = element("div", { class: "row unread", role: "option", "aria-selected": String(place === now), "data-id": place.id, id: "row-" + place.id });
    made.append(element("span", { class: "tag" }, place.kind), element("span", { class: "numbers" }, place.printed));
    made.append(element("span", { class: "what" }, place.reason), element("span", { class: "where" }, place.place));
    return made;
  };

  const shown = (row) => {
    if (row.unread || filter.value === "unread") return Boolean(row.unread) && filter.value === "unread";
    if (tables.value && row.table !== tables.value) return false;
    if (filter.value === "open") return !row.status && !row.done;
    if (filter.value === "finding") return inFinding.has(row.id);
    if (filter.value === "lacking") return (row.status === "confirm" || row.status === "change") && (lacks(row).length > 0 || twins(row).length > 0);
    return filter.value === "all" || row.certainty === filter.value;
  };

  const card = (row) => {
    const made = element("div", { class: `row ${row.certainty} ${row.done ? "confirm" : row.status}`, role: "option", "aria-selected": String(row === now), "data-id": row.id, id: "row-" + row.id });
    made.append(element("span", { class: "tag" }, `${row.table.replace(/_/g, " ")} · ${row.done ? "moved" : row.status || row.certainty}`));
    made.append(element("span", { class: "numbers" }, summary(row)), element("span", { class: "what" }, what(row)), element("span", { class: "where" }, row.cells.locator || ""));
    if (row.cells.note) made.append(element("span", { class: "where" }, row.cells.note));
    const empty = lacks(row);
    for (const words of told.get(row.id) || []) made.append(element("span", { class: "lacks" }, words));
    if (empty.length) made.append(element("span", { class: "lacks" }, "still needs " + empty.join(", ")));
    const same = row.done ? [] : twins(row);
    if (same.length) made.append(element("span", { class: "lacks" }, `the same words as ${same.map((other) => summary(other)).slice(0, 3).join(" and ")}: say which patients, time or item`));
    if (row === now && editing) made.append(form(row));
    return made;
  };

  const form = (row) => {
    const grid = element("form", { class: "cells" });
    const needed = new Set([...(data.needed[row.table] || []), ...(row.needs || [])]);
    const hidden = new Set(["claim_id", "source_id"]);
    const names = data.columns[row.table].filter((name) => !hidden.has(name));
    for (const name of names) {
      const id = `cell-${name}`, choices = (data.choices[row.table] || {})[name];
      let input;
      if (choices) {
        input = element("select", { id });
        for (const choice of ["", ...choices]) input.append(element("option", { value: choice }, choice));
      } else input = element("input", { id, autocomplete: "off", list: SHARED.includes(name) ? "known-" + name : "" });
      input.value = cell(row, name);
      if (needed.has(name) && !input.value) input.className = "needed";
      input.addEventListener("input", () => { input.className = ""; });
      grid.append(element("label", { for: id }, name), input);
    }
    for (const name of SHARED) {
      const known = element("datalist", { id: "known-" + name });
      for (const value of new Set(rows.map((one) => cell(one, name)).filter(Boolean))) known.append(element("option", { value }));
      grid.append(known);
    }
    grid.append(element("span"), element("button", { type: "submit" }, "Keep (Enter)"));
    grid.addEventListener("submit", (event) => { event.preventDefault(); keep(row, grid); });
    return grid;
  };

  const step = (changed) => past.push(changed.map((row) => [row, row.status, { ...row.changes }]));

  const keep = (row, grid) => {
    step([row]);
    for (const input of grid.querySelectorAll("input, select")) {
      const name = input.id.slice(5), value = input.value.trim();
      if (value === (row.cells[name] || "")) delete row.changes[name];
      else row.changes[name] = value;
    }
    editing = false;
    row.status = Object.keys(row.changes).length ? "change" : "confirm";
    go(1);
  };

  const rule = (status) => {
    if (!now || now.done) return;
    step([now]);
    now.status = status === "confirm" && Object.keys(now.changes).length ? "change" : status;
    editing = false;
    go(status ? 1 : 0);
  };
  const mates = () => rows.filter((row) => now && row.group && row.group === now.group && row.placed && !row.done);
  const spread = () => {
    if (!now || now.unread) return;
    const others = mates().filter((row) => row !== now);
    step(others);
    for (const row of others)
      for (const name of SHARED) {
        if (!data.columns[row.table].includes(name) || !cell(now, name)) continue;
        if (name === "endpoint" && (row.table !== now.table || cell(row, name))) continue;
        if (row.cells[name] === cell(now, name)) delete row.changes[name]; else row.changes[name] = cell(now, name);
      }
    for (const row of others) if (row.status === "confirm" && Object.keys(row.changes).length) row.status = "change";
    draw();
  };
  // The kind of this share for those beside it that have none.
  const kinds = () => {
    if (!now || now.done || now.unread || !cell(now, "kind")) return;
    const others = mates().filter((row) => row !== now && row.table === now.table && !cell(row, "kind"));
    step(others);
    for (const row of others) {
      row.changes.kind = cell(now, "kind");
      if (row.status === "confirm") row.status = "change";
    }
    draw();
  };
  // Of the whole study: `all` where arm and population are empty.
  const whole = () => {
    if (!now || now.done) return;
    step([now]);
    for (const name of ["arm_id", "population"])
      if (data.columns[now.table].includes(name) && !cell(now, name)) now.changes[name] = "all";
    if (now.status === "confirm" && Object.keys(now.changes).length) now.status = "change";
    draw();
  };
  // One population for all rows that name none.
  const everywhere = () => {
    const value = document.getElementById("population").value.trim();
    const empty = rows.filter((row) => !row.done && data.columns[row.table].includes("population") && !cell(row, "population") && !twins(row).length);
    if (!value || !empty.length) return;
    step(empty);
    for (const row of empty) {
      row.changes.population = value;
      if (row.status === "confirm") row.status = "change";
    }
    draw();
  };
  const confirmSure = (among) => {
    const chosen = among.filter((row) => row.certainty === "sure" && !row.status && !inFinding.has(row.id) && !inDoubt.has(row.id) && !lacks(row).length && !twins(row).length);
    step(chosen);
    for (const row of chosen) row.status = Object.keys(row.changes).length ? "change" : "confirm";
    go(0);
  };
  // All rows of a table, where `mates` are those of one of its columns; in running text the same as these.
  const ofBlock = () => rows.filter((row) => now && row.group && row.group.split(".")[0] === now.group.split(".")[0] && row.placed && !row.done);
  const dropAll = () => {
    const chosen = ofBlock().filter((row) => !row.status);
    step(chosen);
    for (const row of chosen) row.status = "drop";
    go(0);
  };
  // The next row that a finding names, whatever is shown, from the one that is selected onwards.
  const nextFinding = () => {
    const told = data.findings.map((finding) => byId.get(finding.ids[0])).filter((row) => row);
    const at = told.indexOf(now);
    select(told[(at + 1) % told.length]);
  };
  const undo = () => {
    const last = past.pop();
    if (!last) return;
    for (const [row, status, changes] of last) { row.status = status; row.changes = changes; }
    now = last.length ? last[0][0] : now;
    draw();
  };

  let order = [];
  const go = (by) => {
    const at = order.indexOf(now), before = order;
    draw(false);
    if (order.length) {
      let next = null;
      if (at >= 0) {
        const rest = by >= 0 ? before.slice(at + (by ? 1 : 0)) : before.slice(0, at).reverse();
        next = rest.find((row) => order.includes(row)) || null;
      }
      now = next || (order.includes(now) ? now : order[0]);
    } else now = null;
    draw();
  };

  const draw = (scroll = true) => {
    order = (filter.value === "unread" ? lost : rows).filter(shown);
    list.replaceChildren(...order.map((row) => (row.unread ? lostCard(row) : card(row))));
    const ruled = rows.filter((row) => row.status || row.done).length;
    const done = filter.value === "open" && ruled === rows.length;
    if (!order.length) list.append(element("p", {}, done ? "Every row is ruled. Save the CSV (s) into the paper's folder, then run resurvey confirm." : "No row to show here."));
    document.getElementById("progress").textContent = `${ruled} of ${rows.length} rows ruled`;
    const state = (id) => { const row = byId.get(id); return row ? (row.done ? "confirm" : row.status) : ""; };
    for (const mark of document.querySelectorAll("mark")) {
      const ids = mark.dataset.c.split(" ");
      mark.className = ids.includes(now && now.id) ? "now" : ids.every((id) => byId.get(id) && byId.get(id).unread) ? "unread" : ids.every((id) => state(id) === "drop") ? "gone" : ids.every((id) => ["confirm", "change"].includes(state(id))) ? "done" : "";
    }
    remember();
    if (!scroll || !now) return;
    const place = document.querySelector("mark.now"), box = document.getElementById("row-" + now.id);
    if (place) place.scrollIntoView({ block: "center" });
    if (box) box.scrollIntoView({ block: "nearest" });
    if (editing && box) { const first = box.querySelector(".needed") || box.querySelector("input"); if (first) first.focus(); }
    list.setAttribute("aria-activedescendant", box ? box.id : "");
  };
  const select = (row) => {
    if (!row) return;
    if (!shown(row)) { filter.value = row.unread ? "unread" : "all"; tables.value = ""; }
    if (now !== row) editing = false;
    now = row;
    draw();
  };

  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const quote = (text) => (/[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);
  const csv = () => [["claim_id", "mark", "status", "changes"], ...rows.filter((row) => !row.done && (row.status || Object.keys(row.changes).length)).map((row) => [row.id, row.mark, row.status, Object.keys(row.changes).length ? JSON.stringify(row.changes) : ""])].map((line) => line.map(quote).join(",")).join("\n") + "\n";
  const save = () => {
    const link = element("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })), download: `rulings-${data.name}.csv` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (typing) {
      if (event.key === "Escape") { editing = false; draw(); list.focus(); }
      return;
    }
    const action = { j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1), c: () => rule("confirm"), d: () => rule("drop"), u: () => rule(""), e: () => { if (now && !now.done) { editing = true; draw(); } }, a: spread, K: kinds, w: whole, C: () => confirmSure(mates()), T: () => confirmSure(ofBlock()), D: dropAll, n: nextFinding, f: everywhere, z: undo, s: save, "?": help, Enter: () => { if (now && !now.done) { editing = true; draw(); } } }[event.key];
    if (!action || (event.key === "Enter" && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    action();
  });
  list.addEventListener("click", (event) => { const box = event.target.closest(".row"); if (box && !event.target.closest(".cells")) select(byId.get(box.dataset.id)); });
  document.getElementById("paper").addEventListener("click", (event) => {
    const mark = event.target.closest("mark");
    if (mark) { const ids = mark.dataset.c.split(" "), at = ids.indexOf(now && now.id); select(byId.get(ids[(at + 1) % ids.length])); }
  });
  const help = () => { const box = document.getElementById("help"); box.hidden = !box.hidden; document.getElementById("keys").setAttribute("aria-expanded", String(!box.hidden)); };
  document.getElementById("keys").addEventListener("click", help);
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("everywhere").addEventListener("click", everywhere);
  filter.addEventListener("change", () => { editing = false; go(0); });
  tables.addEventListener("change", () => { editing = false; go(0); });

  for (const name of [...new Set(rows.map((row) => row.table))].sort()) tables.append(element("option", { value: name }, name.replace(/_/g, " ")));
  const found = document.getElementById("findings");
  if (data.findings.length || data.doubts.length || data.refused.length) {
    found.append(element("h2", {}, counted(data.findings.length, "finding") + (data.doubts.length ? `, ${counted(data.doubts.length, "doubt")} of the reading` : "") + (data.refused.length ? `, ${counted(data.refused.length, "part")} not read` : "")));
    const items = element("ul");
    for (const finding of data.findings) {
      const link = element("a", { href: "#", "data-id": finding.ids[0] || "" }, `${finding.verdict}: ${finding.reported}`);
      link.addEventListener("click", (event) => { event.preventDefault(); select(byId.get(link.dataset.id)); });
      items.append(element("li", {}, finding.ids.length ? link : `${finding.verdict}: ${finding.reported}`, ` ${finding.words} (${finding.places.join("; ")})`));
    }
    for (const doubt of data.doubts) {
      const link = element("a", { href: "#", "data-id": doubt.ids[0] || "" }, `check the reading of ${doubt.place}`);
      link.addEventListener("click", (event) => { event.preventDefault(); select(byId.get(link.dataset.id)); });
      items.append(element("li", {}, doubt.ids.length ? link : `check the reading of ${doubt.place}`, `: ${doubt.words}`));
    }
    for (const words of data.refused) items.append(element("li", { class: "fault" }, "not read: " + words));
    found.append(items);
  }
  filter.querySelector("option[value=unread]").textContent += ` (${lost.length})`;
  now = rows.find((row) => shown(row)) || null;
  draw();
  document.documentElement.dataset.ready = "yes";
})();
