"use strict";
// The page of `crowdglot browse`. What a model wrote is only ever set as text, never as markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const FILTERS = ["text", "language", "event", "verdict", "rated", "critic", "said", "least", "most"];
  const SCALES = {
    fluency: ["Is the language right?", "broken", "as by a native"],
    naturalness: ["Would people talk like this?", "never", "as they do"],
    persona: ["Does everybody speak as who they are?", "contradicts it", "wholly"],
    event: ["Is it this kind of talk, in this situation?", "another one", "wholly"],
  };
  let rows = []; // what the list shows, as far as it is loaded
  let total = 0;
  let at = -1; // the number in `rows` of the chosen one
  let scenario = null; // the chosen row with all drafts of its scenario
  let aside = false; // whether these are shown side by side
  let question = 0; // the scale that a digit scores
  let asked = 0; // the last request of the list: an earlier answer that comes later is dropped
  let sending = Promise.resolve(); // ratings are sent one after the other

  // The token was in the address once, and is in a cookie now.
  if (location.search) history.replaceState(null, "", "/");

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children); // strings become text nodes
    return element;
  }

  async function ask(path, options) {
    let answer;
    try {
      answer = await fetch(path, options);
    } catch {
      throw new Error("The server does not answer; is `crowdglot browse` still running?");
    }
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  function tell(text, wrong = false) {
    byId("told").textContent = text;
    byId("told").classList.toggle("wrong", wrong);
  }

  // Each character folded on its own, so that places in the folded text are places in the text.
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  function parts() {
    const found = [...byId("text").value.matchAll(/"([^"]+)"|(\S+)/g)];
    return found.map((one) => fold(one[1] || one[2]));
  }

  function marked(text, name, needles, same = fold) {
    const folded = same(text);
    if (folded.length !== text.length) return [text];
    const pieces = [];
    let from = 0;
    while (from < text.length) {
      const next = needles.filter(Boolean).map((needle) => [folded.indexOf(needle, from), needle])
        .filter((one) => one[0] >= 0).sort((one, other) => one[0] - other[0])[0];
      if (!next) break;
      const end = next[0] + next[1].length;
      pieces.push(text.slice(from, next[0]), make("mark", { class: name }, text.slice(next[0], end)));
      from = end;
    }
    return [...pieces, text.slice(from)];
  }

  function searched(text) {
    return marked(text, "found", parts());
  }

  // ---- the list

  function query(start) {
    const told = new URLSearchParams({ start });
    for (const name of FILTERS) if (byId(name).value) told.set(name, byId(name).value);
    if (told.has("rated")) told.set("rater", byId("rater").value);
    return `/api/find?${told}`;
  }

  async function find(more = false) {
    const mine = ++asked;
    try {
      const told = await ask(query(more ? rows.length : 0));
      if (mine !== asked) return;
      if (!more) {
        rows = [];
        byId("list").replaceChildren();
      }
      total = told.total;
      rows.push(...told.rows);
      byId("list").append(...told.rows.map(entry));
      byId("more").hidden = rows.length >= total;
      byId("found").textContent = total
        ? `${total.toLocaleString("en")} dialogue${total === 1 ? "" : "s"}` : "No dialogue fits these filters.";
      if (!more) choose(total ? 0 : -1);
    } catch (error) {
      if (mine === asked) byId("found").textContent = error.message;
    }
  }

  function entry(row) {
    const kind = row.verdict === "accepted" ? "is-accepted" : "";
    const facts = make("small", {}, make("bdi", {}, row.id),
      make("span", { class: `reason ${kind}` }, row.reason || row.verdict), row.event);
    return make("li", { role: "option", id: `row-${row.row}`, "aria-selected": "false" },
      make("span", { class: "opening", lang: row.language, dir: row.direction },
        ...searched(row.opening || "(could not be read)")), facts);
  }

  async function choose(number) {
    const entries = byId("list").children;
    if (at >= 0 && entries[at]) entries[at].setAttribute("aria-selected", "false");
    at = number;
    if (at < 0) {
      scenario = null;
      byId("list").removeAttribute("aria-activedescendant");
      byId("dialogue").replaceChildren();
      byId("rating").hidden = true;
      return;
    }
    entries[at].setAttribute("aria-selected", "true");
    entries[at].scrollIntoView({ block: "nearest" });
    byId("list").setAttribute("aria-activedescendant", entries[at].id);
    await open(rows[at].row);
  }

  async function open(row) {
    const told = new URLSearchParams({ row, rater: byId("rater").value.trim() });
    try {
      await sending; // what was said of it last is stored by then
      const answer = await ask(`/api/scenario?${told}`);
      if (at < 0 || rows[at].row !== row) return;
      scenario = { ...answer, row };
      tell("");
      show();
      pane().scrollTop = 0;
      byId("rating").hidden = false;
      fillRating(answer.mine);
    } catch (error) {
      byId("dialogue").replaceChildren(make("p", { class: "notice", role: "alert" }, error.message));
      byId("rating").hidden = true;
    }
  }

  async function move(step) {
    if (at + step >= rows.length && rows.length < total) await find(true);
    if (at + step >= 0 && at + step < rows.length) await choose(at + step);
  }

  // ---- a dialogue

  function turnsOf(draft) {
    if (!draft.turns.length) return make("pre", { class: "draft", dir: "auto" }, ...searched(draft.draft));
    const list = make("ol", { class: "turns", lang: draft.language, dir: draft.direction });
    draft.turns.forEach(([speaker, text], number) => {
      const marks = draft.marks.filter((mark) => mark.turn === number);
      const quotes = marks.map((mark) => mark.quote);
      const said = make("p", { dir: draft.direction });
      for (const piece of marked(text, "quoted", quotes, (same) => same)) {
        if (typeof piece === "string") said.append(...searched(piece));
        else said.append(make("mark", { class: "quoted" }, ...searched(piece.textContent)));
      }
      const item = make("li", marks.length ? { class: "marked" } : {},
        make("bdi", { class: "who" }, speaker), make("div", {}, said));
      for (const mark of new Set(marks.map((one) => one.said))) {
        item.lastChild.append(make("span", { class: "said" }, mark));
      }
      if (draft.heads[number]) list.append(make("li", {}, make("span", { class: "head" }, draft.heads[number])));
      list.append(item);
    });
    return list;
  }

  function badge(draft) {
    const told = draft.withdrawn ? "withdrawn" : draft.accepted ? "accepted"
      : draft.reason === "surplus" ? "surplus" : "rejected";
    return make("span", { class: `verdict ${told}` }, told);
  }

  function headOf(draft) {
    const reason = draft.withdrawn ? `by ${draft.withdrawn}` : draft.reason;
    return make("h3", {}, badge(draft), " ", make("bdi", {}, draft.id), " ",
      make("small", {}, `attempt ${draft.attempt + 1}`), " ",
      make("small", { class: "reason mono" }, reason));
  }

  function evidenceOf(draft) {
    return draft.verdicts.filter((one) => one.reason).map((one) => make("p", { class: "evidence" },
      make("span", { class: "mono" }, `${one.critic}.${one.reason}`), " ", make("bdi", {}, one.evidence)));
  }

  function aboutOf(draft) {
    const about = make("div", { class: "about" });
    for (const persona of draft.personas) {
      about.append(make("div", {}, make("h4", {}, make("bdi", {}, persona.name)),
        make("ul", {}, ...persona.facts.map((fact) => make("li", { dir: "auto" }, fact)))));
    }
    const shared = [["place", "time", "channel"].map((name) => draft.common_ground[name]).filter(Boolean).join(", "),
      draft.common_ground.communal, draft.common_ground.personal, draft.debate].filter(Boolean);
    about.append(make("div", {}, make("h4", {}, "What they share"),
      make("ul", {}, ...shared.map((fact) => make("li", { dir: "auto" }, fact)))));
    if (draft.untold) about.append(make("p", { class: "note" }, draft.untold));
    return about;
  }

  function verdictsOf(draft) {
    const table = make("table", { class: "verdicts" });
    for (const one of draft.verdicts) {
      const score = one.score === null ? "" : Number(one.score.toPrecision(4)).toString();
      table.append(make("tr", one.reason ? { class: "rejects" } : {}, make("td", { class: "mono" }, one.critic),
        make("td", {}, one.reason || "passed"), make("td", { class: "figure" }, score),
        make("td", {}, make("bdi", {}, one.reason ? "" : one.evidence))));
    }
    return table;
  }

  function show() {
    const own = scenario.candidates.find((draft) => draft.row === scenario.row);
    const language = byId("language").querySelector(`option[value="${own.language}"]`);
    const facts = [language ? language.dataset.label : own.language, own.event, own.common_ground.relation.replaceAll("_", " ")];
    const count = scenario.candidates.length;
    const premise = make("p", { class: "premise", dir: "auto" }, ...searched(own.common_ground.premise));
    const whole = make("article", { class: "dialogue" }, headOf(own),
      make("small", {}, facts.filter(Boolean).join(" · ")), premise, aboutOf(own));
    if (aside) {
      byId("dialogue").replaceChildren(whole, make("div", { class: "side-by-side" },
        ...scenario.candidates.map((draft) => make("article", { class: "dialogue" }, headOf(draft),
          ...evidenceOf(draft), turnsOf(draft)))));
      return;
    }
    whole.append(...evidenceOf(own), turnsOf(own));
    if (own.more) whole.append(make("p", { class: "note" }, `${own.more} more turns.`));
    whole.append(make("p", { class: "note" }, "model ", make("bdi", {}, own.model), `, ${own.written}`,
      count > 1 ? `; ${count} drafts of this scenario: c` : ""));
    const details = make("details", { class: "verdicts" }, make("summary", {}, "What every critic said"),
      verdictsOf(own));
    byId("dialogue").replaceChildren(whole, details);
  }

  // ---- rating

  const form = () => byId("rating").elements;

  function fillRating(mine) {
    byId("rating").reset();
    if (mine) {
      for (const [name, score] of Object.entries(mine.scores)) form()[name].value = String(score);
      form().decision.value = mine.decision;
      byId("withdraw").checked = mine.withdraw;
      tell("Your rating, as it is stored.");
    }
    const open = Object.keys(SCALES).findIndex((name) => !form()[name].value);
    mark(open < 0 ? 4 : open);
  }

  // The fifth question is whether to accept it; no digit answers that.
  function mark(number) {
    question = number % 5;
    byId("rating").querySelectorAll("fieldset").forEach((one, index) => one.classList.toggle("current", index === question));
  }

  function score(value) {
    if (question === 4) return;
    form()[Object.keys(SCALES)[question]].value = value;
    mark(question + 1);
    save();
  }

  function save() {
    if (!scenario) return;
    const rater = byId("rater").value.trim();
    if (!rater) {
      tell("Not saved: give your name first, above.", true);
      byId("rater").focus();
      return;
    }
    const decision = form().decision.value;
    if (decision !== "reject") byId("withdraw").checked = false;
    const scores = {};
    for (const name of Object.keys(SCALES)) if (form()[name].value) scores[name] = Number(form()[name].value);
    const row = scenario.row;
    const body = JSON.stringify({ ...scenario.draft, row, rater, scores, decision,
      withdraw: byId("withdraw").checked });
    tell("Saving …");
    sending = sending.then(async () => {
      const current = () => scenario && scenario.row === row;
      try {
        const headers = { "Content-Type": "application/json" };
        const told = await ask("/api/rate", { method: "POST", headers, body });
        if (current()) tell(told.told);
      } catch (error) {
        // Also where another dialogue is shown by now: what is lost must be seen.
        tell(current() ? `Not saved: ${error.message}` : `The one before was not saved: ${error.message}`, true);
      }
    });
  }

  // ---- keys

  // What scrolls: of a narrow window both parts together.
  const pane = () => byId(getComputedStyle(byId("reading")).display === "grid" ? "dialogue" : "reading");

  function keyOf(event) {
    if (/^[ -~]$/.test(event.key)) return event.key;
    // Keyboards of other scripts: by where the key lies.
    const found = /^(?:Key|Digit|Numpad)(\w)$/.exec(event.code);
    return found ? found[1].toLowerCase() : event.code === "Slash" ? (event.shiftKey ? "?" : "/") : "";
  }

  const KEYS = {
    j: () => move(1), k: () => move(-1), "/": () => { byId("text").focus(); byId("text").select(); },
    a: () => decide("accept"), r: () => decide("reject"), w: withdraw, 0: () => mark(question + 1),
    c: () => { aside = !aside; if (scenario) show(); },
    " ": (event) => pane().scrollBy(0, (event.shiftKey ? -0.8 : 0.8) * pane().clientHeight),
    h: () => document.body.classList.toggle("hiding"), "?": () => byId("help").showModal(),
  };
  for (const digit of "12345") KEYS[digit] = () => score(digit);

  function decide(value) {
    form().decision.value = value;
    save();
  }

  function withdraw() {
    if (byId("withdrawing").hidden) return;
    byId("withdraw").checked = !byId("withdraw").checked;
    if (byId("withdraw").checked) form().decision.value = "reject";
    save();
  }

  function pressed(event) {
    const field = event.target;
    if (event.key === " " && field.matches("button, summary, a, input")) return;
    const typing = field.matches("select, input:not([type=radio]):not([type=checkbox])");
    if (event.key === "Escape" && typing) field.blur();
    if (event.key === "Enter" && field.id === "text") byId("list").focus();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (field.id === "list" && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
      return;
    }
    const rates = /^[0-5arw]$/.test(keyOf(event));
    const action = rates && byId("rating").hidden ? null : KEYS[keyOf(event)];
    if (!action) return;
    event.preventDefault();
    action(event);
  }

  // ---- the beginning

  function option(one) {
    const told = make("option", { value: one.value }, `${one.label} (${one.count.toLocaleString("en")})`);
    told.dataset.label = one.label;
    return told;
  }

  function rangeOf(critic) {
    const known = critic && critic.least !== null;
    for (const name of ["least", "most"]) {
      byId(name).disabled = !known;
      byId(name).placeholder = known ? Number(critic[name].toPrecision(3)) : "";
      if (!known) byId(name).value = "";
    }
    byId("said").disabled = !critic;
    if (!critic) byId("said").value = "";
  }

  function scaleOf([name, [text, low, high]]) {
    const scale = make("fieldset", {}, make("legend", {}, text, make("small", {}, `1 ${low} – 5 ${high}`)));
    for (const value of "12345") {
      const radio = make("input", { type: "radio", name, value });
      scale.append(make("label", {}, radio, value));
    }
    return scale;
  }

  async function begin() {
    const held = await ask("/api/choices");
    byId("name").textContent = held.name;
    document.title = `${held.name} · crowdglot browse`;
    for (const field of ["language", "event"]) byId(field).append(...held[field].map(option));
    byId("withdrawing").hidden = !held.withdraw;
    byId("scales").append(...Object.entries(SCALES).map(scaleOf));
    let critics = []; // they come later: the list need not wait for them
    const critic = () => critics.find((one) => one.critic === byId("critic").value);
    rangeOf(null);
    let waiting = 0;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(find, 120); };
    byId("filters").addEventListener("input", soon);
    byId("critic").addEventListener("change", () => rangeOf(critic()));
    byId("filters").addEventListener("reset", () => setTimeout(() => { rangeOf(null); find(); }));
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("more").addEventListener("click", () => find(true));
    byId("list").addEventListener("click", (event) => {
      const chosen = event.target.closest("li");
      if (chosen) choose([...byId("list").children].indexOf(chosen));
    });
    byId("rating").addEventListener("change", (event) => {
      const scale = Object.keys(SCALES).indexOf(event.target.name);
      if (scale >= 0) mark(scale + 1);
      if (event.target.id === "withdraw" && event.target.checked) form().decision.value = "reject";
      save();
    });
    byId("rating").addEventListener("submit", (event) => event.preventDefault());
    byId("keys").addEventListener("click", () => byId("help").showModal());
    byId("rater").addEventListener("change", () => {
      try { localStorage.setItem("crowdglot-rater", byId("rater").value); } catch { /* then not */ }
      if (byId("rated").value) find();
      else if (scenario) open(scenario.row);
    });
    document.addEventListener("keydown", pressed);
    if (!held.rows) {
      byId("found").textContent = "There is no dialogue yet; run `crowdglot synthesize`, then reload.";
      return;
    }
    await find();
    byId("list").focus();
    critics = await ask("/api/critics");
    byId("critic").append(...critics.map((one) => make("option", { value: one.critic }, one.critic)));
  }

  try { byId("rater").value = localStorage.getItem("crowdglot-rater") || ""; } catch { /* no storage */ }
  begin().catch((error) => { byId("found").textContent = error.message; });
})();
