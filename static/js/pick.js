// The pick screen: a picker's whole walk, on the device first. Each action changes the copy here at once, is kept
// (pick_store.js), and goes to the store in order when there is a network; what comes back is what is true.
// walk_state.js judges, pick_draw.js draws, floor.js listens to scanners and makes sounds.
(async () => {
  "use strict";
  if (!window.pickDraw) return;
  const state = window.walkState;
  const draw = window.pickDraw;
  const { facts, say, $ } = draw;
  const MOST_AT_ONCE = 60;
  const ANSWER_MS = 10000;
  const RETRY_MS = [1000, 3000, 5000, 10000];
  const POLL_MS = 30000;
  const SLACK_MS = 10000;
  const GO_MS = 650;
  const MOST_CHIPS = 12; // weights to tap at once
  const PAGES = "walks-1"; // as in sw.js

  const store = await window.pickStore.open(`${facts.me}:${facts.store}`);
  await store.forgetOthers();
  const stored = await store.walk();
  let base = stored && stored.at > facts.walk.at ? stored : facts.walk;
  let queue = await store.actions();
  let refused = await store.refused();
  let walk = base;
  let hand = null; // what is held until its tote or its weight is said
  let offline = !navigator.onLine;
  let signedOut = false;
  let sending = false;
  let fails = 0;
  let timer = 0;
  let lastWrong = "";
  let lastTask = "";
  let writing = Promise.resolve();
  const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: facts.timezone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date());

  // -- what is shown

  const redo = () => {
    walk = queue.reduce((seen, { action }) => state.apply(seen, action).walk, base);
    if (hand && !walk.lines.some((line) => line.id === hand.line && state.left(line) > 0)) hand = null;
  };
  const toUndo = () => {
    const line = state.current(walk);
    if (line?.picked) return line;
    return [...walk.lines].reverse().find((one) => one.picked && (!line || walk.lines.indexOf(one) < walk.lines.indexOf(line))) || walk.lines.find((one) => one.picked) || null;
  };
  const show = () => draw.all({ walk, hand, refused, queued: queue.length, offline, signedOut, canUndo: Boolean(hand || toUndo()) });

  // -- acting

  const nonce = () => crypto.randomUUID?.() || [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  /** Do it here, keep it, send it. */
  const act = (actions) => {
    let said = null;
    for (const bare of actions) {
      const action = { nonce: nonce(), ...bare };
      const done = state.apply(walk, action);
      if (done.feedback?.code === "fits-nowhere") { said = done.feedback; continue; }
      walk = done.walk;
      said = done.feedback || said;
      lastTask = action.task;
      if (action.do === "refused") lastWrong = action.nonce;
      const entry = { seq: 0, action, tried: false };
      queue.push(entry);
      writing = writing.then(() => store.add(action)).then((seq) => { entry.seq = seq; }).catch(() => {});
    }
    if (said) draw.feedback(said);
    show();
    send();
    prefetch();
    return said;
  };
  const judged = ({ hand: held, actions, feedback }) => {
    hand = held;
    if (feedback) {
      draw.feedback(feedback);
      if (feedback.kind === "ask") openPad("weigh");
      else if ($("#pad").open) padSays(feedback);
    }
    if (actions.length) { const said = act(actions); if (said?.code === "all-found") finish(); } else show();
  };
  const scanned = (text) => {
    if (!walk.totes.length) return;
    if ($("#pad").open && padMode === "weigh") {
      const weight = /^\s*(\d+(?:\.\d+)?)\s*(kg|g)?\s*$/i.exec(text);
      if (weight && text.trim().length <= 8 && !/^\d{8}$/.test(text.trim())) { // a scale that types, not a barcode
        const grams = Number(weight[1]) * (weight[2]?.toLowerCase() === "kg" || (!weight[2] && weight[1].includes(".")) ? 1000 : 1);
        weigh(Math.round(grams));
        return;
      }
    }
    closePad();
    judged(state.scan(walk, hand, text, today()));
  };
  const weigh = (grams) => {
    const line = state.current(walk);
    const held = hand?.needs === "grams" ? hand : line?.weigh && { line: line.id, units: [], text: line.codes[0] || line.sku, needs: "grams" };
    if (!held) return;
    const answer = state.weigh(walk, held, grams);
    if (answer.feedback?.kind !== "wrong") closePad();
    judged(answer);
  };
  const undo = () => {
    if (hand) { hand = null; show(); return; }
    const last = queue.at(-1);
    if (last?.action.do === "scan" && !last.tried) { // nobody has heard of it yet
      queue.pop();
      writing = writing.then(() => store.drop([last.seq]));
      redo();
      draw.feedback({ kind: "note", code: "undone" });
      show();
      return;
    }
    const line = toUndo();
    if (!line) return;
    if (typeof line.id !== "number") { window.toast?.(say("wait")); return; }
    act([{ do: "undo", task: line.task, line: line.id }]);
  };
  const finish = () => {
    const own = state.own(walk);
    if (own.length !== 1 || own[0].waits_for_helper) return;
    const go = () => { if (!queue.length && !offline && !refused.length && !state.current(walk)) location.assign(facts.urls.pack.replace(facts.no.task, own[0].task)); };
    setTimeout(() => settled().then(go), GO_MS);
  };

  // -- the network

  const csrf = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] || JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const ask = async (url, body) => {
    const answer = await fetch(url, {
      method: body ? "POST" : "GET",
      headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json", "X-CSRFToken": csrf() } : {}) },
      body: body && JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout ? AbortSignal.timeout(ANSWER_MS) : undefined,
    });
    if (answer.status === 429 || answer.status >= 500) throw new Error("later");
    return answer;
  };
  const bare = ({ to, ...action }) => action; // eslint-disable-line no-unused-vars
  let idle = [];
  const settled = () => new Promise((yes) => { if (!sending && (!queue.length || offline || signedOut)) yes(); else idle.push(yes); });

  const send = async () => {
    clearTimeout(timer);
    if (sending || !queue.length) return;
    sending = true;
    let most = MOST_AT_ONCE;
    try {
      while (queue.length) {
        await writing;
        const batch = queue.slice(0, most);
        batch.forEach((entry) => { entry.tried = true; });
        await store.tried(batch.map((entry) => entry.seq));
        const answer = await ask(facts.urls.walk, { actions: batch.map((entry) => bare(entry.action)) });
        if (answer.status === 401 || answer.status === 403) { signedOut = true; break; }
        offline = signedOut = false;
        fails = 0;
        if (!answer.ok) { // it cannot be read: the one that is wrong must not hold up the others
          if (batch.length > 1) { most = 1; continue; }
          const problem = await answer.json().catch(() => ({}));
          await accept(batch, { results: [{ ok: false, code: "", say: problem.detail_local || problem.detail || String(answer.status) }], walk: base });
          continue;
        }
        await accept(batch, await answer.json());
        show();
      }
    } catch {
      offline = true;
      timer = setTimeout(send, RETRY_MS[Math.min(fails++, RETRY_MS.length - 1)]);
    } finally {
      sending = false;
      idle.splice(0).forEach((tell) => tell());
      show();
    }
  };
  /** What the store says of these: it is true now, with what is still waiting on top. */
  const accept = async (batch, { results, walk: fresh }) => {
    let loud = "";
    for (const [at, result] of results.entries()) {
      const { action } = batch[at];
      if (result.ok) {
        if (result.say && action.nonce === lastWrong) draw.better(result.say);
        continue;
      }
      const line = base.lines.find((one) => one.id === action.line) || walk.lines.find((one) => one.id === action.line);
      const entry = { do: action.do, code: result.code, say: result.say, name: line ? draw.nameOf(line) : "", order: base.totes.find((tote) => tote.task === action.task)?.order || "" };
      if (action.do === "refused") continue;
      entry.seq = await store.refuse(entry);
      refused = [...refused, entry];
      loud = result.say;
    }
    await store.drop(batch.map((entry) => entry.seq));
    queue = queue.slice(batch.length);
    take(fresh);
    if (loud) draw.feedback({ kind: "wrong", code: "not-taken" }, loud);
  };
  const take = (fresh) => {
    base = { ...fresh, instead: base.instead || {} };
    store.keepWalk(base).catch(() => {});
    redo();
    prefetch();
  };
  /** Look again: somebody else may have changed what is in these hands. */
  const refresh = async () => {
    if (queue.length) { send(); return; }
    if (sending || signedOut) return;
    try {
      const answer = await ask(facts.urls.walk);
      if (answer.status === 401 || answer.status === 403) signedOut = true;
      else if (answer.ok) {
        const fresh = await answer.json();
        offline = signedOut = false;
        if (!queue.length && !sending) take(fresh);
      }
    } catch { offline = true; }
    show();
  };

  let asked = new Set();
  /** What may come instead of the line in front and the one after it, as long as there is a network to ask. */
  const prefetch = async () => {
    if (offline || signedOut) return;
    const soon = walk.lines.filter((line) => state.left(line) > 0).slice(0, 2);
    for (const line of soon) {
      if (line.consent !== "substitute" || line.instead_of || typeof line.id !== "number" || asked.has(line.id)) continue;
      asked.add(line.id);
      try {
        const answer = await ask(facts.urls.instead.replace(facts.no.task, line.task).replace(facts.no.line, line.id));
        if (!answer.ok) continue;
        base.instead = { ...base.instead, [line.id]: (await answer.json()).candidates };
        store.keepWalk(base).catch(() => {});
        if ($("#missing").open) drawWays();
      } catch { asked.delete(line.id); return; }
    }
  };

  // -- not here

  let missing = 0;
  const drawWays = () => {
    const line = state.current(walk);
    if (!line) { $("#missing").close(); return; }
    const all = state.left(line);
    const provisional = typeof line.id !== "number";
    $("#missing-title").textContent = all > 1 ? say("missing", { n: missing, all }) : draw.nameOf(line);
    $("#missing-count").replaceChildren(...(all > 1 ? Array.from({ length: Math.min(all, 12) }, (_, i) => all - Math.min(all, 12) + i + 1) : []).map((n) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "chip", textContent: n });
      button.setAttribute("aria-pressed", String(n === missing));
      button.addEventListener("click", () => { missing = n; drawWays(); });
      return button;
    }));
    draw.show($("#missing-wait"), provisional);
    $("#missing-wait").textContent = say("wait");
    const ways = provisional ? [] : waysFor(line);
    $("#missing-ways").replaceChildren(...ways.map((way, i) => {
      const el = draw.row("#walk-way-row");
      let button = $("button", el);
      if (way.href) {
        const link = document.createElement("a");
        link.className = button.className;
        link.href = way.href;
        link.append(...button.childNodes);
        button.replaceWith(link);
        button = link;
      } else button.addEventListener("click", () => { $("#missing").close(); const said = act([{ task: line.task, line: line.id, ...way.action }]); if (said && !state.current(walk)) finish(); });
      if (!i) button.classList.add("btn-primary");
      button.dataset.way = way.icon;
      $(".walk-way-icon", el).append(draw.icon(way.icon));
      draw.put(el, "words", way.words);
      draw.put(el, "note", way.note);
      return el;
    }));
  };
  const waysFor = (line) => {
    const here = line.lots[0]?.bin || null;
    const ways = line.elsewhere.filter((lot) => !lot.gone && lot.units > 0 && lot.bin !== here && lot.bin !== line.bin).map((lot) => ({
      icon: "other_lot",
      words: say("take-from", { bin: lot.bin || say("home-place") }),
      note: [say("there", { n: lot.units }), lot.lot && say("lot", { lot: lot.lot }), lot.until && say("until", { until: draw.dayWords(lot.until) })].filter(Boolean).join(" · "),
      action: { do: "other_lot", batch: lot.batch, qty: Math.min(missing, lot.units) },
    }));
    for (const it of (line.consent === "substitute" && base.instead?.[line.id]) || []) {
      if (walk.lines.some((one) => one.task === line.task && one.sku === it.sku)) continue;
      const price = it.dearer_paise > 0 ? say("dearer", { amount: draw.rupees(it.dearer_paise) }) : say(it.dearer_paise < 0 ? "cheaper" : "same-price");
      const qty = Math.min(missing, it.free);
      ways.push({ icon: "substitute", words: `${qty} × ${say("instead", { name: draw.nameOf(it) })}`, note: [it.bin || "–", it.pack, price].join(" · "), action: { do: "substitute", sku: it.sku, qty, to: it } });
    }
    const phone = state.toteOf(walk, line)?.phone;
    if (line.consent === "call" && phone) ways.push({ icon: "call", words: say("call"), note: phone, href: `tel:${phone}` });
    ways.push({ icon: "short", words: say("none", { n: missing }), note: say("back", { amount: draw.rupees(missing * line.refund_paise) }), action: { do: "short", qty: missing } });
    return ways;
  };
  const notHere = () => {
    const line = state.current(walk);
    if (!line) return;
    hand = null;
    missing = state.left(line);
    drawWays();
    $("#missing").showModal();
  };

  // -- the number pad: the last four of a code, or what the scale says (always three digits)

  let padMode = "digits";
  let typed = "";
  const padStep = () => { // grams per unit of the third digit
    const most = state.current(walk)?.weigh?.most_g || 999;
    return most > 9990 ? 100 : most > 999 ? 10 : 1;
  };
  const drawPad = () => {
    const step = padStep();
    const filled = typed.padEnd(padMode === "weigh" ? 3 : 4, "·");
    const dotted = step === 1 ? `${filled} g` : step === 10 ? `${filled[0]}.${filled.slice(1)} kg` : `${filled.slice(0, 2)}.${filled[2]} kg`;
    $("#pad-shown").textContent = padMode === "weigh" ? dotted : filled;
  };
  const openPad = (mode) => {
    padMode = mode;
    typed = "";
    const held = hand && walk.lines.find((one) => one.id === hand.line);
    const line = held || state.current(walk);
    const range = mode === "weigh" ? line?.weigh : null;
    if (mode === "weigh" && !range) return;
    const title = $("#pad-title");
    title.textContent = title.dataset[mode];
    draw.show($("#pad-range"), Boolean(range));
    draw.show($("#pad-chips"), Boolean(range));
    draw.show($("#pad-wrong"), false);
    draw.show($("#pad-tote"), false);
    if (range) {
      $("#pad-range").textContent = `${draw.nameOf(line)} · ${say("range", range)}`;
      const step = [5, 10, 20, 50, 100, 200, 500].find((grams) => (range.most_g - range.least_g) / grams <= MOST_CHIPS) || 1000;
      const first = Math.ceil(range.least_g / step) * step;
      const near = Array.from({ length: Math.floor((range.most_g - first) / step) + 1 }, (_, i) => first + i * step);
      const tote = state.asksTote(walk, line) ? line.tote : "";
      draw.show($("#pad-tote"), Boolean(tote));
      if (tote) draw.shape($("#pad-tote"), tote);
      $("#pad-chips").replaceChildren(...near.map((grams) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "chip", textContent: `${grams} g` });
        button.addEventListener("click", () => weigh(grams));
        return button;
      }));
    }
    draw.show($("#pad-letters"), mode === "digits");
    $("#pad-keys").dataset.mode = mode;
    $("#pad-text").value = "";
    drawPad();
    if (!$("#pad").open) $("#pad").showModal();
  };
  const closePad = () => { if ($("#pad").open) $("#pad").close(); };
  const padSays = (feedback) => {
    typed = "";
    drawPad();
    draw.show($("#pad-wrong"), feedback.kind === "wrong");
    $("#pad-wrong").textContent = draw.words(feedback);
  };
  const press = (key) => {
    typed = key === "back" ? typed.slice(0, -1) : typed + key;
    drawPad();
    if (padMode === "weigh" && typed.length === 3) weigh(Number(typed) * padStep());
    else if (padMode === "digits" && typed.length === 4) { const code = typed; closePad(); scanned(code); }
  };
  $("#pad-text").addEventListener("input", (event) => { typed = event.target.value; drawPad(); if (typed.length === 4) press(""); });

  // -- hands

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    const key = hit("[data-key]");
    if (key) press(key.dataset.key);
    else if (hit("#not-here")) notHere();
    else if (hit("#undo, #undo-last")) undo();
    else if (hit("#weigh-open")) openPad("weigh");
    else if (hit("#digits-open")) openPad("digits");
    else if (hit("#walk-into")) { if (hand?.needs === "tote") judged(state.toTote(walk, hand, hit("#walk-into").dataset.tote)); }
    else if (hit("[data-out]")) {
      const line = walk.lines.find((one) => String(one.id) === hit("[data-out]").dataset.out);
      if (line) act(Array.from({ length: line.take_out }, () => ({ do: "undo", task: line.task, line: line.id })));
    } else if (hit("[data-dismiss]")) {
      const seqs = hit("[data-dismiss]").dataset.dismiss.split(" ").map(Number);
      refused = refused.filter((one) => !seqs.includes(one.seq));
      seqs.forEach((seq) => store.dismiss(seq));
      show();
    } else if (hit("#demo-scan")) {
      const line = (hand && walk.lines.find((one) => one.id === hand.line)) || state.current(walk);
      if (line) { if (hand?.needs === "tote") scanned(`TOTE-${line.tote}`); else if (line.weigh) weigh(line.weigh.wanted_g); else scanned(line.codes[0] || line.sku); }
    } else if (hit("#demo-wrong")) scanned(facts.wrong_code || "0000000000000");
    else if (hit('a[aria-disabled="true"]')) event.preventDefault();
  });
  document.addEventListener("submit", (event) => { if (event.target.getAttribute("action") === "/sign-out/") window.caches?.delete(PAGES); });
  window.floor.onCode = scanned;
  window.floor.noCamera = say("no-camera");

  // -- what happens elsewhere

  let told = null;
  document.body.addEventListener("live:snapshot", (event) => {
    const now = event.detail?.hands?.[facts.me] || "";
    if (told !== null && now !== told) refresh();
    told = now;
  });
  addEventListener("online", () => { fails = 0; if (queue.length) send(); else refresh(); });
  addEventListener("offline", () => { offline = true; show(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  setInterval(() => { if (!document.hidden) refresh(); }, POLL_MS);
  setInterval(show, SLACK_MS);

  // -- the page itself, for when it is opened without a network

  const keepPage = async () => {
    if (!("serviceWorker" in navigator) || !window.caches) return;
    const known = Boolean(navigator.serviceWorker.controller);
    await navigator.serviceWorker.ready;
    if (!navigator.onLine) return;
    const pages = await caches.open(PAGES);
    if (known && (await pages.match(location.pathname))) return; // the worker has kept what it brought
    const seen = performance.getEntriesByType("resource").map((it) => new URL(it.name)).filter((url) => url.origin === location.origin && /^\/(static|media)\//.test(url.pathname));
    await Promise.all([location.pathname, ...new Set(seen.map((url) => url.pathname + url.search))].map((url) => pages.add(url).catch(() => {})));
    document.documentElement.dataset.walkKept = "1";
  };

  redo();
  show();
  prefetch();
  walk.lines.forEach((line) => { if (line.art.image) new Image().src = line.art.image; });
  if (queue.length) send();
  keepPage().catch(() => {});
})();
