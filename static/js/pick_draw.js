// Draws a picker's walk into templates/fulfillment/walk.html. Knows nothing of networks: pickDraw.all(state) shows what is.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const state = window.walkState;
  const facts = JSON.parse($("#walk-facts")?.textContent || "null");
  if (!facts) return;

  const say = (key, figures = {}) => (facts.words[key] || key).replace(/\{(\w+)\}/g, (place, name) => (figures[name] ?? place));
  const nameOf = (line) => (facts.hindi && line.name_hi) || line.name;
  const rupees = (paise) => new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR", minimumFractionDigits: paise % 100 ? 2 : 0 }).format(paise / 100);
  const dayWords = (iso) => new Intl.DateTimeFormat(facts.hindi ? "hi-IN" : "en-IN", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${iso}T00:00:00Z`));
  const icon = (name) => $(`#way-icons [data-icon="${name}"]`).firstElementChild.cloneNode(true);
  const row = (id) => $(id).content.firstElementChild.cloneNode(true);
  const put = (root, name, text) => { $(`[data-put="${name}"]`, root).textContent = text; };
  const show = (el, shown) => { el.hidden = !shown; };
  const shape = (el, letter) => { el.dataset.tote = letter; $("b", el).textContent = letter; };

  const drawTotes = (walk, line) => {
    const rows = walk.totes.map((tote) => {
      const el = row("#walk-tote-row");
      const at = $('[data-put="tote"]', el);
      if (tote.tote) shape(at, tote.tote); else at.hidden = true;
      put(el, "order", tote.order);
      const lines = walk.lines.filter((one) => one.task === tote.task);
      const [done, all] = state.tally({ lines });
      put(el, "note", tote.picker ? say("others", { picker: tote.picker }) : tote.waits_for_helper ? say("waits") : `${done}/${all}`);
      const seconds = Math.round((Date.parse(tote.due_at) - Date.now()) / 1000);
      const slack = $('[data-put="slack"]', el);
      slack.textContent = seconds < 0 ? say("late", { n: Math.max(1, Math.floor(-seconds / 60)) }) : seconds < 90 ? say("now") : say("left", { n: Math.floor(seconds / 60) });
      slack.classList.add(seconds < 0 ? "pill-stop" : seconds < 90 ? "pill-warn" : "pill-go");
      $('[data-put="rider"]', el).hidden = !tote.rider_here;
      if (line && line.task === tote.task) el.dataset.state = "now";
      return el;
    });
    $("#walk-totes").replaceChildren(...rows);
  };

  const drawLines = (walk, line) => {
    const several = state.own(walk).length > 1;
    const rows = walk.lines.map((one) => {
      const el = row("#walk-line-row");
      const is = one === line ? "now" : state.left(one) > 0 ? "" : one.short === one.qty ? "gone" : "done";
      if (is) el.dataset.state = is;
      if (is === "done" || is === "gone") $(".walk-mark", el).append(icon(is));
      if (is === "now") el.setAttribute("aria-current", "step");
      put(el, "bin", one.bin || "–");
      put(el, "name", nameOf(one));
      put(el, "n", one.picked || one.short ? `${one.picked}/${one.qty}` : one.qty);
      const tote = $('[data-put="tote"]', el);
      show(tote, several && Boolean(one.tote));
      if (one.tote) shape(tote, one.tote);
      return el;
    });
    $("#walk-lines").replaceChildren(...rows);
    $('#walk-lines [data-state="now"]')?.scrollIntoView({ block: "nearest" });
  };

  const drawArt = (line) => {
    const art = $("#now-art");
    art.className = `art hue-${(Math.round(line.art.hue / 30) * 30) % 360}`;
    const img = $("img", art);
    const drawn = $("svg", art);
    show(img, Boolean(line.art.image));
    drawn.toggleAttribute("hidden", Boolean(line.art.image));
    $("use", drawn).setAttribute("href", `${facts.urls.sprite}#${line.art.icon || "shopping-basket"}`);
    if (line.art.image && img.getAttribute("src") !== line.art.image) img.src = line.art.image;
  };

  const drawLine = (walk, line, hand) => {
    $("#walk-now").dataset.line = line.id;
    const held = hand && hand.line === line.id ? hand.units.length : 0;
    $("#now-bin").textContent = line.bin || "–";
    $("#now-zone").textContent = say(line.zone);
    $("#now-qty").textContent = state.left(line) > held ? `${state.left(line) - held} ×` : "✓";
    const got = line.picked + held;
    $("#now-in").textContent = line.qty > 1 ? say("in-tote", { n: got, all: line.qty }) : "";
    $("#now-name").textContent = nameOf(line);
    $("#now-pack").textContent = line.pack;
    $("#now-tail").textContent = (line.codes[0] || line.sku).slice(-4);
    drawArt(line);
    const [lot] = line.lots;
    const lotted = lot && (lot.lot || lot.until) && (line.lots.length > 1 || line.elsewhere.some((one) => one.lot !== lot.lot) || lot.gone);
    show($("#now-lot"), lotted);
    if (lotted) $("#now-lot").textContent = [lot.gone && say("gone"), lot.lot && say("lot", { lot: lot.lot }), lot.until && say("until", { until: dayWords(lot.until) })].filter(Boolean).join(" · ");
    const consent = $("#now-consent");
    consent.textContent = line.instead_of ? say("is-instead") : say(`if-${line.consent}`);
    consent.className = `pill ${line.instead_of ? "pill-info" : line.consent === "substitute" ? "pill-go" : line.consent === "call" ? "pill-warn" : ""}`;
    show($("#now-gift"), Boolean(state.toteOf(walk, line)?.is_gift));
    show($("#weigh-open"), Boolean(line.weigh));
    const asks = state.asksTote(walk, line);
    const into = $("#walk-into");
    show(into, asks);
    if (asks) {
      shape($("#into-tote"), line.tote);
      $("#into-words").textContent = say("now-the-tote", { tote: line.tote });
      into.dataset.state = hand?.needs === "tote" ? "now" : "later";
      into.dataset.tote = line.tote;
      into.disabled = hand?.needs !== "tote";
    }
    const next = walk.lines.find((one) => one !== line && state.left(one) > 0);
    show($("#walk-next"), Boolean(next));
    if (next) {
      $("#next-bin").textContent = next.bin || "–";
      $("#next-name").textContent = nameOf(next);
      show($("#next-tote"), state.asksTote(walk, next));
      if (next.tote) shape($("#next-tote"), next.tote);
    }
  };

  const drawDone = (walk, { queued, offline }) => {
    const rows = state.own(walk).map((tote) => {
      const el = row("#walk-pack-row");
      const link = $("a", el);
      const may = !queued && !offline && !tote.waits_for_helper;
      if (may) link.href = facts.urls.pack.replace(facts.no.task, tote.task); else link.setAttribute("aria-disabled", "true");
      shape($(".tote-shape", el), tote.tote);
      put(el, "words", say("pack-it", { order: tote.order }));
      put(el, "note", tote.waits_for_helper ? say("waits") : "");
      return el;
    });
    $("#done-list").replaceChildren(...rows);
    show($("#done-wait"), offline);
  };

  const drawRefused = (refused) => {
    show($("#walk-refused"), refused.length > 0);
    const groups = new Map(); // the same reason for the same order is read once
    for (const one of refused) {
      const key = [one.order, one.code, one.say].join("|");
      groups.set(key, [...(groups.get(key) || []), one]);
    }
    $("#walk-refused ul").replaceChildren(...[...groups.values()].map((same) => {
      const el = row("#walk-refused-row");
      const counts = new Map();
      for (const one of same) { const words = `${say(`do-${one.do}`)}: ${one.name}`; counts.set(words, (counts.get(words) || 0) + 1); }
      const [{ order, say: why, code }] = same;
      put(el, "what", [order, ...[...counts].map(([words, n]) => (n > 1 ? `${words} (${n} ×)` : words))].filter(Boolean).join(" · "));
      put(el, "why", why || code);
      put(el, "next", facts.next[code] || facts.next[""]);
      $("[data-dismiss]", el).dataset.dismiss = same.map((one) => one.seq).join(" ");
      return el;
    }));
  };

  /** Recalled or expired since it went into the tote. */
  const drawRecalled = (walk) => {
    const lines = walk.lines.filter((line) => line.take_out > 0);
    show($("#walk-recalled"), lines.length > 0);
    $("#walk-recalled").replaceChildren(...lines.map((line) => {
      const el = row("#walk-recalled-row");
      put(el, "words", say("take-out", { n: line.take_out, name: nameOf(line), tote: line.tote || "–" }));
      $("[data-out]", el).dataset.out = line.id;
      return el;
    }));
  };

  const drawNote = ({ queued, offline, signedOut }) => {
    const note = $("#walk-offline");
    show(note, offline || signedOut);
    note.dataset.kind = signedOut ? "sign-in" : "";
    const words = signedOut ? say("sign-in", { n: queued }) : queued === 1 ? say("offline-1") : queued ? say("offline-n", { n: queued }) : say("offline-0");
    const span = $("span", note);
    if (span.textContent === words) return;
    span.textContent = words;
    if (signedOut) {
      const link = document.createElement("a");
      link.href = `${facts.urls.sign_in}?next=${encodeURIComponent(location.pathname)}`;
      link.className = "link";
      link.textContent = " →";
      span.append(link);
    }
  };

  /** state: {walk, hand, refused, queued (number), offline, signedOut, canUndo} */
  const all = (shown) => {
    const { walk, hand } = shown;
    const held = hand && walk.lines.find((one) => one.id === hand.line);
    const line = held || state.current(walk);
    const [done, units] = state.tally(walk);
    show($("#walk"), true);
    drawNote(shown);
    drawRefused(shown.refused);
    drawRecalled(walk);
    show($("#walk-in"), Boolean(line));
    show($("#walk-done"), !line && walk.totes.length > 0);
    show($("#walk-empty"), walk.totes.length === 0);
    $("#walk-tally").textContent = `${done}/${units}`;
    $("#walk-meter").value = units ? Math.round((100 * done) / units) : 0;
    drawTotes(walk, line);
    drawLines(walk, line);
    if (line) drawLine(walk, line, hand); else drawDone(walk, shown);
    $("#undo").disabled = $("#undo-last").disabled = !shown.canUndo;
    document.documentElement.dataset.walkQueued = shown.queued;
  };

  const words = (feedback) => {
    const figures = { ...feedback };
    if (feedback.line) figures.name = feedback.name || nameOf(feedback.line);
    if (feedback.until) figures.until = dayWords(feedback.until);
    return say(feedback.code, figures);
  };
  /** What was wrong stays in words beside the item until the next action; everything also floods the screen. */
  const feedback = (said, text = words(said)) => {
    const wrong = said.kind === "wrong";
    const banner = $("#walk-said");
    show(banner, wrong || said.kind === "note");
    banner.classList.toggle("banner-stop", wrong);
    $("span", banner).textContent = text;
    if (said.kind === "right") window.floor.flood("right", text);
    else if (wrong) window.floor.flood("wrong", text);
  };
  const better = (text) => { // the store knows what it was
    $("#walk-said span").textContent = text;
    $("#flood").textContent = text;
  };

  window.pickDraw = { facts, all, feedback, better, words, say, nameOf, rupees, dayWords, icon, row, put, show, shape, $ };
})();
