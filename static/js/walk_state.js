// A picker's walk as a value: what a code means, what a scan makes of it, what an action changes. Judged as the server
// judges it (fulfillment/services/picking.py, scancodes.py, inventory/gs1.py). Pure: no page, no network, no clock.
//   read(text, today)              what a code says: {text, codes, tail, tote, lot, until, grams}
//   scan(walk, hand, text, today)  → {hand, actions, feedback}; `hand`: what is held until its tote or weight is said
//   weigh(walk, hand, grams)       → the same        toTote(walk, hand, letter) → the same
//   apply(walk, action)            → {walk, feedback}; an action that fits nowhere changes nothing
// feedback: {kind: "right" | "wrong" | "ask" | "note", code, line, ...figures}; the page has the words for each code.
(() => {
  "use strict";
  const LAST_DIGITS = 4;
  const GS = "\x1d";
  const FIXED = { "00": 18, "01": 14, "02": 14, 11: 6, 12: 6, 13: 6, 15: 6, 16: 6, 17: 6, 20: 2 };
  const VARIABLE = { 10: 20, 21: 20, 22: 20, 30: 8, 37: 8, 240: 30, 241: 30, 400: 30 };
  const digits = (text) => /^\d+$/.test(text);

  // -- codes

  const checkDigit = (thirteen) => String((10 - ([...thirteen].reduce((sum, digit, i) => sum + digit * (i % 2 ? 1 : 3), 0) % 10)) % 10);
  const identifier = (text) => {
    if (FIXED[text.slice(0, 2)]) return [text.slice(0, 2), FIXED[text.slice(0, 2)], true];
    for (const size of [2, 3]) if (VARIABLE[text.slice(0, size)]) return [text.slice(0, size), VARIABLE[text.slice(0, size)], false];
    if (/^3[1-6]\d\d/.test(text)) return [text.slice(0, 4), 6, true];
    if (/^39[0-3]\d/.test(text)) return [text.slice(0, 4), 18, false];
    return ["", 0, false];
  };
  const strung = (text) => {
    const marked = /^\](?:C1|d2|Q3|e0|J1)/.test(text);
    let rest = (marked ? text.slice(3) : text).replace(/^\x1d+/, "");
    if (!marked && !/^(?:00\d{18}|0[12]\d{14})/.test(rest)) return null;
    const found = {};
    while (rest) {
      const [ai, length, fixed] = identifier(rest);
      if (!ai) return null;
      const body = rest.slice(ai.length);
      const end = fixed ? length : body.indexOf(GS) < 0 ? body.length : body.indexOf(GS);
      const value = body.slice(0, end);
      if (fixed ? value.length < length || !digits(value) : !value || value.length > length) return null;
      if (!(ai in found)) found[ai] = value;
      rest = body.slice(end).replace(/^\x1d+/, "");
    }
    return found;
  };
  const bracketed = (text) => {
    const parts = [...text.matchAll(/\((\d{2,4})\)([^(]+)/g)];
    if (!parts.length || parts.map((part) => part[0]).join("") !== text) return null;
    const found = {};
    for (const [, ai, raw] of parts) {
      const [known, length, fixed] = identifier(ai);
      const value = raw.trim();
      if (known !== ai || value.length > length || (fixed && (value.length !== length || !digits(value)))) return null;
      if (!(ai in found)) found[ai] = value;
    }
    return found;
  };
  const day = (text, today) => { // YYMMDD; day 00 is the month's last; the year is the one within 50 years of today
    if (!text || text.length !== 6 || !digits(text)) return "";
    const [year, month, date] = [0, 2, 4].map((at) => Number(text.slice(at, at + 2)));
    const gap = year - (Number(today.slice(0, 4)) % 100);
    const full = 100 * (Math.floor(Number(today.slice(0, 4)) / 100) + (gap >= 51 ? -1 : gap <= -50 ? 1 : 0)) + year;
    const last = new Date(Date.UTC(full, month, 0)).getUTCDate();
    if (month < 1 || month > 12 || date > last) return "";
    return `${full}-${String(month).padStart(2, "0")}-${String(date || last).padStart(2, "0")}`;
  };
  const codesOf = (gtin) => {
    const codes = [gtin];
    let inner = gtin;
    if (/^[1-8]/.test(gtin)) inner = `0${gtin.slice(1, 13)}${checkDigit(`0${gtin.slice(1, 13)}`)}`;
    codes.push(inner.slice(1));
    if (inner[1] === "0") codes.push(inner.slice(2));
    if (inner.startsWith("000000")) codes.push(inner.slice(6));
    return codes;
  };
  const label = (text, today) => {
    const found = text.startsWith("(") ? bracketed(text) : strung(text);
    if (!found || !Object.keys(found).length) return null;
    const gtin = found["01"] || found["02"] || "";
    if (gtin && checkDigit(gtin.slice(0, 13)) !== gtin[13]) return null;
    const until = day(found[17], today) || day(found[15], today);
    if (!gtin && !found[10] && !until) return null;
    const weight = Object.keys(found).find((ai) => /^310[0-6]$/.test(ai));
    const grams = weight ? Math.round((Number(found[weight]) * 1000) / 10 ** Number(weight[3])) : null;
    return { codes: gtin ? codesOf(gtin) : [], lot: found[10] || "", until, grams };
  };
  const read = (raw, today) => {
    const text = raw.replace(/^[\s\x1c-\x1f]+|[\s\x1c-\x1f]+$/g, ""); // FNC1 at an end is a space to the server
    const plain = { text, codes: text ? [text] : [], tail: "", tote: "", lot: "", until: "", grams: null };
    const tote = /^TOTE-([A-D])$/i.exec(text);
    if (tote) return { ...plain, codes: [], tote: tote[1].toUpperCase() };
    const gs1 = label(text, today);
    if (gs1) return { ...plain, ...gs1 };
    if (text.length === LAST_DIGITS) return { ...plain, tail: text };
    if (/^2\d{12}$/.test(text) && checkDigit(`0${text.slice(0, 12)}`) === text[12]) return { ...plain, grams: Number(text.slice(7, 12)) };
    return plain;
  };
  const fits = (code, line) => {
    const printed = line.codes[0] || line.sku;
    if (code.tail) return printed.toUpperCase().endsWith(code.tail.toUpperCase());
    return [...line.codes, line.sku].some((one) => code.codes.includes(one)) || (code.grams !== null && line.codes.length > 1 && printed.slice(0, 7) === code.text.slice(0, 7));
  };

  // -- the walk

  const left = (line) => line.qty - line.picked - line.short;
  const current = (walk) => walk.lines.find((line) => left(line) > 0) || null;
  const following = (walk) => walk.lines.filter((line) => left(line) > 0)[1] || null;
  const toteOf = (walk, line) => walk.totes.find((tote) => tote.task === line.task) || null;
  const own = (walk) => walk.totes.filter((tote) => tote.tote);
  const asksTote = (walk, line) => Boolean(line.tote) && own(walk).length > 1;
  const isFound = (walk, task) => walk.lines.every((line) => line.task !== task || left(line) <= 0);
  const tally = (walk) => walk.lines.reduce(([done, all], line) => [done + line.picked + line.short, all + line.qty], [0, 0]);

  const wrong = (hand, code, line, more = {}, scanned = "") => ({
    hand,
    actions: scanned && line ? [{ do: "refused", task: line.task, line: idOf(line), code: scanned }] : [],
    feedback: { kind: "wrong", code, line, ...more },
  });
  const idOf = (line) => (typeof line.id === "number" ? line.id : undefined);

  const scan = (walk, hand, text, today) => {
    const code = read(text, today);
    const now = current(walk);
    if (code.tote) return hand?.needs === "tote" ? toTote(walk, hand, code.tote) : wrong(hand, "item-first", now, { tote: code.tote });
    const matches = walk.lines.filter((line) => fits(code, line));
    const open = matches.filter((line) => left(line) > (hand?.line === line.id ? hand.units.length : 0));
    if (hand && (!open.length || !open.some((line) => line.id === hand.line))) {
      const held = walk.lines.find((line) => line.id === hand.line);
      if (matches.some((line) => line.id === hand.line)) return wrong(hand, "enough-of-it", held, { n: held.qty }, text);
      return wrong(hand, hand.needs === "tote" ? "tote-first" : "weigh-first", held, { tote: held.tote });
    }
    const preferred = hand ? hand.line : now?.id;
    const line = open.find((one) => one.id === preferred) || open[0];
    if (!line) {
      if (matches.length) return wrong(hand, "enough-of-it", matches[0], { n: matches[0].picked }, text);
      return wrong(hand, code.tail ? "no-such-tail" : "not-wanted", now, { tail: code.tail }, text);
    }
    if (code.until && code.until < today) return wrong(hand, "expired-item", line, { until: code.until }, text);
    // Which of its lots lie in the tote already only the server knows: it judges the units after the first.
    if (code.lot && !line.picked && line.lots.some((lot) => lot.lot)) {
      const fitting = line.lots.find((lot) => lot.lot === code.lot);
      if (!fitting || fitting.gone) {
        const better = line.lots.find((lot) => !lot.gone) || line.lots[0];
        return wrong(hand, fitting ? "lot-off-sale" : "wrong-lot", line, { scanned: code.lot, wanted: better.lot || "–", bin: better.bin || line.bin || "–" }, text);
      }
    }
    const held = hand || { line: line.id, units: [] };
    if (line.weigh && code.grams === null) return { hand: { ...held, needs: "grams", text }, actions: [], feedback: { kind: "ask", code: "needs-weight", line, ...line.weigh } };
    return taken(walk, { ...held, text }, line, code.grams);
  };

  /** One more unit is in the hand; into the tote at once where there is only one, or where it is `said` already. */
  const taken = (walk, hand, line, grams, said = false) => {
    if (line.weigh && (grams < line.weigh.least_g || grams > line.weigh.most_g)) {
      const light = grams < line.weigh.least_g;
      const off = light ? line.weigh.least_g - grams : grams - line.weigh.most_g;
      return wrong({ ...hand, needs: "grams" }, light ? "too-light" : "too-heavy", line, { grams, off, ...line.weigh }, hand.text);
    }
    const units = [...hand.units, { code: hand.text, ...(line.weigh ? { grams } : {}) }];
    if (asksTote(walk, line) && !said) {
      return { hand: { line: line.id, units, needs: "tote" }, actions: [], feedback: { kind: "right", code: "now-the-tote", line, tote: line.tote, n: units.length, all: left(line) } };
    }
    return { hand: null, actions: units.map((unit) => scanOf(line, unit)), feedback: null };
  };
  const scanOf = (line, unit) => ({ do: "scan", task: line.task, line: idOf(line), ...(line.tote ? { tote: line.tote } : {}), ...unit });

  const weigh = (walk, hand, grams) => {
    const line = walk.lines.find((one) => one.id === hand?.line);
    if (!line?.weigh) return wrong(null, "item-first", current(walk));
    return taken(walk, hand, line, grams, true); // the pad shows the tote beside the number
  };
  const toTote = (walk, hand, letter) => {
    const line = walk.lines.find((one) => one.id === hand?.line);
    if (!line) return wrong(null, "item-first", current(walk), { tote: letter });
    if (line.tote !== letter) return wrong(hand, "wrong-tote", line, { wanted: line.tote, scanned: letter }, hand.units[0].code);
    return { hand: null, actions: hand.units.map((unit) => scanOf(line, unit)), feedback: null };
  };

  // -- actions

  const find = (walk, action) => {
    const byId = walk.lines.find((line) => line.id === action.line);
    if (byId || action.line !== undefined || !action.code) return byId || null;
    const code = read(action.code, "2000-01-01");
    return walk.lines.find((line) => line.task === action.task && left(line) > 0 && fits(code, line)) || null;
  };
  const change = (walk, line, to) => ({ ...walk, lines: walk.lines.map((one) => (one === line ? { ...one, ...to } : one)) });
  const lessLots = (lots, units) => {
    const rest = [];
    for (const lot of lots) {
      const gone = Math.min(units, lot.units);
      units -= gone;
      if (lot.units > gone) rest.push({ ...lot, units: lot.units - gone });
    }
    return rest;
  };
  const nothing = (walk) => ({ walk, feedback: { kind: "wrong", code: "fits-nowhere", line: null } });

  const apply = (walk, action) => {
    const line = find(walk, action);
    if (action.do === "refused") return { walk, feedback: null };
    if (!line) return nothing(walk);
    const still = left(line);
    if (action.do === "undo") {
      if (!line.picked) return nothing(walk);
      const next = change(walk, line, { picked: line.picked - 1, take_out: Math.max(0, (line.take_out || 0) - 1) });
      return { walk: reopen(next, line.task), feedback: { kind: "note", code: "undone", line } };
    }
    const qty = action.do === "scan" ? 1 : action.qty;
    if (qty < 1 || qty > still) return nothing(walk);
    if (action.do === "scan") {
      const next = settle(change(walk, line, { picked: line.picked + 1, lots: lessLots(line.lots, 1) }), line.task);
      const code = !current(next) ? "all-found" : still === 1 ? "got-it" : "n-of-m";
      return { walk: next, feedback: { kind: "right", code, line, n: line.picked + 1, all: line.qty, tote: line.tote } };
    }
    if (action.do === "short") {
      return { walk: settle(change(walk, line, { short: line.short + qty }), line.task), feedback: { kind: "note", code: "short", line, n: qty } };
    }
    if (action.do === "other_lot") {
      const to = line.elsewhere.find((lot) => lot.batch === action.batch);
      if (!to || to.units < qty) return nothing(walk);
      const lots = [{ ...to, units: qty }, ...lessLots(line.lots.filter((lot) => lot.batch !== to.batch), qty)];
      const elsewhere = lessLots(line.elsewhere.filter((lot) => lot === to), qty).concat(line.elsewhere.filter((lot) => lot !== to));
      return { walk: change(walk, line, { lots, elsewhere, bin: to.bin || line.bin }), feedback: { kind: "note", code: "other-lot", line, bin: to.bin || line.bin } };
    }
    if (action.do === "substitute") {
      const to = action.to;
      const fresh = {
        ...line, id: `new:${action.nonce}`, sku: action.sku, name: to.name, name_hi: to.name_hi || "", pack: to.pack, bin: to.bin || "", zone: to.zone || line.zone,
        art: { ...line.art, image: to.image }, codes: to.codes || [action.sku], qty, picked: 0, short: 0, lots: [], elsewhere: [], weigh: null, consent: "refund", instead_of: line.id,
      };
      const next = change(walk, line, { short: line.short + qty });
      const at = next.lines.findIndex((one) => one.id === line.id);
      return { walk: { ...next, lines: next.lines.toSpliced ? next.lines.toSpliced(at + 1, 0, fresh) : [...next.lines.slice(0, at + 1), fresh, ...next.lines.slice(at + 1)] }, feedback: { kind: "note", code: "swapped", line, bin: fresh.bin, name: to.name } };
    }
    return nothing(walk);
  };
  const mark = (walk, task, state) => ({ ...walk, totes: walk.totes.map((tote) => (tote.task === task && tote.state !== state ? { ...tote, state } : tote)) });
  const settle = (walk, task) => (isFound(walk, task) ? mark(walk, task, "picked") : walk);
  const reopen = (walk, task) => mark(walk, task, "picking");

  window.walkState = { read, scan, weigh, toTote, apply, left, current, following, toteOf, own, asksTote, isFound, tally };
})();
