"use strict";
// The browser of dialogues. What a model wrote is only ever set as text, never as markup.
(() => {
  const PER_PAGE = 10;
  const byId = (id) => document.getElementById(id);
  const held = JSON.parse(byId("held").textContent);
  const all = [
    ...held.accepted.map((dialogue) => ({ ...dialogue, verdict: "accepted" })),
    ...held.rejected.map((dialogue) => ({ ...dialogue, verdict: "rejected" })),
  ];
  const fields = ["verdict", "language", "event", "reason"];
  let page = 0;
  let found = all;

  const fold = (text) => text.normalize("NFKC").toLowerCase();
  for (const dialogue of all) {
    dialogue.text = fold(
      [dialogue.id, dialogue.premise, dialogue.draft, ...Object.values(dialogue.names),
        ...dialogue.turns.map((turn) => turn[1]), ...dialogue.evidence.flat()].join("\n"),
    );
  }

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children); // strings become text nodes
    return element;
  }

  function marked(text) {
    const needle = fold(byId("search").value.trim());
    const folded = fold(text);
    if (!needle || folded.length !== text.length) return [text];
    const parts = [];
    let from = 0;
    for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, from)) {
      parts.push(text.slice(from, at), make("mark", {}, text.slice(at, at + needle.length)));
      from = at + needle.length;
    }
    return [...parts, text.slice(from)];
  }

  function turnsOf(dialogue, direction) {
    if (!dialogue.turns.length) {
      return [make("pre", { class: "draft", dir: "auto" }, ...marked(dialogue.draft))];
    }
    const list = make("ol", { class: "turns", lang: dialogue.language, dir: direction });
    for (const [speaker, text] of dialogue.turns) {
      const name = Object.hasOwn(dialogue.names, speaker) ? dialogue.names[speaker] : speaker;
      list.append(make("li", {}, make("bdi", { class: "who" }, name),
        make("p", { dir: direction }, ...marked(text))));
    }
    const more = dialogue.more ? [make("p", { class: "note" }, `${dialogue.more} more turns.`)] : [];
    return [list, ...more];
  }

  function row(dialogue) {
    const language = held.languages[dialogue.language];
    const facts = [language.name, held.events[dialogue.event], dialogue.relation].filter(Boolean);
    const article = make("article", { class: `dialogue ${dialogue.verdict}` },
      make("h3", {}, make("span", { class: `verdict ${dialogue.verdict}` }, dialogue.verdict), " ",
        make("bdi", {}, dialogue.id), " ", make("small", {}, facts.join(" · "))),
      make("p", { class: "premise", dir: "auto" }, ...marked(dialogue.premise)));
    for (const [name, evidence] of dialogue.evidence) {
      article.append(make("p", { class: "evidence" }, make("span", { class: "mono" }, name), " ",
        make("bdi", { dir: "ltr" }, ...marked(evidence))));
    }
    article.append(...turnsOf(dialogue, language.direction));
    article.append(make("p", { class: "note" }, "model ", make("bdi", {}, dialogue.model),
      `, attempt ${dialogue.attempt + 1}`));
    return article;
  }

  function show() {
    const last = Math.max(0, Math.ceil(found.length / PER_PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    const first = page * PER_PAGE;
    byId("rows").replaceChildren(...found.slice(first, first + PER_PAGE).map(row));
    byId("found").textContent = found.length
      ? `${found.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} dialogues`
      : "No dialogue fits these filters.";
    byId("pages").hidden = last === 0;
    byId("position").textContent = `Page ${page + 1} of ${last + 1}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page === last;
  }

  function filter() {
    byId("reason").disabled = byId("verdict").value === "accepted";
    if (byId("reason").disabled) byId("reason").value = "";
    const chosen = fields.map((field) => [field, byId(field).value]).filter((pair) => pair[1]);
    const needle = fold(byId("search").value.trim());
    found = all.filter((dialogue) => chosen.every(([field, value]) => dialogue[field] === value)
      && dialogue.text.includes(needle));
    page = 0;
    show();
  }

  function fill(field, label) {
    const counts = new Map();
    for (const dialogue of all) {
      const value = dialogue[field];
      if (value) counts.set(value, (counts.get(value) || 0) + 1);
    }
    const options = [...counts].map(([value, count]) => [label(value), value, count]);
    options.sort((one, other) => one[0].localeCompare(other[0], "en"));
    for (const [name, value, count] of options) {
      byId(field).append(make("option", { value }, `${name} (${count})`));
    }
  }

  // Links of the charts open the dialogues that they count.
  function browse(event) {
    const link = event.target.closest("a[href='#dialogues']");
    if (!link || !fields.some((field) => field in link.dataset)) return;
    for (const field of fields) byId(field).value = link.dataset[field] || "";
    byId("search").value = "";
    filter();
  }

  function turnPage(step) {
    page += step;
    show();
    byId("dialogues").scrollIntoView();
  }

  // The order is: as the system has it, light, dark.
  function theme() {
    const button = byId("theme");
    const themes = ["system", "light", "dark"];
    const set = (chosen) => {
      document.documentElement.dataset.theme = chosen;
      button.textContent = `Theme: ${chosen}`;
    };
    let stored = null;
    try {
      stored = localStorage.getItem("crowdglot-theme");
    } catch { /* a page from a file may have no storage */ }
    set(themes.includes(stored) ? stored : "system");
    button.hidden = false;
    button.addEventListener("click", () => {
      const now = themes.indexOf(document.documentElement.dataset.theme);
      const chosen = themes[(now + 1) % themes.length];
      set(chosen);
      try {
        localStorage.setItem("crowdglot-theme", chosen);
      } catch { /* then it lasts as long as the page */ }
    });
  }

  function panels() {
    const select = byId("diversity-language");
    if (!select) return;
    const choose = () => {
      for (const panel of document.querySelectorAll("[data-panel]")) {
        panel.hidden = panel.dataset.panel !== select.value;
      }
    };
    select.disabled = false;
    select.addEventListener("change", choose);
    choose();
  }

  theme();
  panels();
  if (!all.length) {
    byId("found").textContent = "There is no dialogue to browse.";
    return;
  }
  fill("language", (tag) => held.languages[tag].name);
  fill("event", (name) => held.events[name]);
  fill("reason", (name) => name);
  const form = byId("filters");
  form.hidden = false;
  for (const field of fields) byId(field).addEventListener("change", filter);
  byId("search").addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  byId("previous").addEventListener("click", () => turnPage(-1));
  byId("next").addEventListener("click", () => turnPage(1));
  document.addEventListener("click", browse);
  filter();
})();
