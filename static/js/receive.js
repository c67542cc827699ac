// The door of a store: fields that can be filled in with wet gloves. Without it they are plain fields.
//   [data-number] > input + [data-nudge="-0.5"]   − and + in steps; the first tap begins at data-from
//   [data-set="24"]                               puts a number into the field named by data-for
//   [data-day] > input                            DDMMYY or YYYY-MM-DD; [data-days], [data-months] move it; its words appear in [data-day-words]
//   form[data-when-sent]                          waits until everything that was saved offline is sent
(() => {
  "use strict";
  const pad = (number) => String(number).padStart(2, "0");
  const parse = (text) => {
    let parts = /^\s*(\d{4})-(\d\d)-(\d\d)\s*$/.exec(text);
    let year, month, day;
    if (parts) [year, month, day] = parts.slice(1).map(Number);
    else {
      const digits = text.replace(/[\s/.-]/g, "");
      if (!/^(\d{6}|\d{8}|\d{4})$/.test(digits)) return null;
      if (digits.length === 4) { month = Number(digits.slice(0, 2)); year = 2000 + Number(digits.slice(2)); day = new Date(year, month, 0).getDate(); }
      else { day = Number(digits.slice(0, 2)); month = Number(digits.slice(2, 4)); year = Number(digits.slice(4)); if (year < 100) year += 2000; }
    }
    const date = new Date(year, month - 1, day);
    return date.getMonth() === month - 1 && date.getDate() === day ? date : null;
  };
  const said = (box) => {
    const field = box.querySelector("input");
    const words = box.querySelector("[data-day-words]");
    if (!field || !words) return;
    const date = parse(field.value);
    const today = parse(box.dataset.today);
    words.textContent = "";
    words.removeAttribute("data-state");
    if (!date || !today) return;
    const left = Math.round((date - today) / 86400000);
    const day = date.toLocaleDateString(document.documentElement.lang === "hi" ? "hi-IN" : "en-IN", { day: "numeric", month: "short", year: "numeric" });
    words.textContent = `${day} · ${left < 0 ? box.dataset.wordPast : box.dataset.wordLeft.replace("#", left)}`;
    if (left < 0) words.dataset.state = "late";
  };
  document.addEventListener("click", (event) => {
    const nudge = event.target.closest("[data-nudge]");
    if (nudge) {
      const field = nudge.closest("[data-number]").querySelector("input");
      const next = field.value === "" ? Number(field.dataset.from || 0) : Number(field.value) + Number(nudge.dataset.nudge);
      field.value = Math.min(Number(field.max), Math.max(Number(field.min), Math.round(next * 10) / 10));
    }
    const set = event.target.closest("[data-set]");
    if (set) document.getElementById(set.dataset.for).value = set.dataset.set;
    const move = event.target.closest("[data-days], [data-months]");
    if (move) {
      const box = move.closest("[data-day]");
      const field = box.querySelector("input");
      const date = parse(field.value) || parse(box.dataset.today);
      if (move.dataset.days) date.setDate(date.getDate() + Number(move.dataset.days));
      else {
        const day = date.getDate();
        date.setDate(1);
        date.setMonth(date.getMonth() + Number(move.dataset.months));
        date.setDate(Math.min(day, new Date(date.getFullYear(), date.getMonth() + 1, 0).getDate()));
      }
      field.value = `${pad(date.getDate())}${pad(date.getMonth() + 1)}${pad(date.getFullYear() % 100)}`;
      said(box);
    }
  });
  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-day]");
    if (box) said(box);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-when-sent]");
    let waiting = null;
    try { waiting = localStorage.getItem(`floor:${location.pathname}`); } catch { /* private window */ }
    if (form && waiting) {
      event.preventDefault();
      window.toast?.(form.dataset.whenSent, { kind: "error" });
    }
  }, true);
  const all = () => document.querySelectorAll("[data-day]").forEach(said);
  const pick = document.getElementById("pick");
  if (pick) new MutationObserver(all).observe(pick, { childList: true });
  all();
})();
