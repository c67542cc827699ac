// The search field as a combobox (WAI-ARIA 1.2): a list of ideas under it, moved through with the arrows while the focus
// stays in the field. Without this file it is a plain form.
//   <form data-ideas="/search/suggest/">   where the options come from; data-word-… are its words
//   data-recent-form, data-recent-list     own searches: kept on this device only, cleared here and at signing out
//   <button data-voice hidden>             speaks to the field where the browser can listen
(() => {
  "use strict";
  const KEY = "recent-searches";
  const MOST_RECENT = 6;
  const TYPING_MS = 120;

  // -- own searches, on this device

  const recent = () => { try { const kept = JSON.parse(localStorage.getItem(KEY) || "[]"); return Array.isArray(kept) ? kept.filter((it) => typeof it === "string") : []; } catch { return []; } };
  const keep = (list) => { try { list.length ? localStorage.setItem(KEY, JSON.stringify(list)) : localStorage.removeItem(KEY); } catch { /* private window */ } };
  const note = (text) => {
    const words = text.trim().replace(/\s+/g, " ").slice(0, 80);
    // What may be a telephone number stays nowhere.
    if (words.length < 2 || (words.match(/\d/g) || []).length > 6) return;
    keep([words, ...recent().filter((it) => it.toLowerCase() !== words.toLowerCase())].slice(0, MOST_RECENT));
  };
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-recent-form]")) note(event.target.elements.q?.value || "");
    if (event.target.action?.endsWith("/sign-out/")) keep([]);
  });

  // -- the list

  const combobox = (form) => {
    const input = form.querySelector("input[type=search]");
    const say = (name) => form.dataset[`word${name}`] || "";
    const id = `${input.id}-ideas`;
    const popup = document.createElement("div");
    popup.className = "ideas";
    popup.hidden = true;
    const list = document.createElement("div");
    list.id = id;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", say("List"));
    const status = document.createElement("span");
    status.className = "sr-only";
    status.setAttribute("role", "status");
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "btn btn-ghost ideas-clear";
    clear.textContent = `${say("Clear")} (${say("Recent")})`;
    popup.append(list, clear);
    form.append(popup, status);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, "aria-haspopup": "listbox" })) input.setAttribute(name, value);

    const answers = new Map();
    let active = -1;
    let asking = null;
    let timer = 0;
    const options = () => [...list.querySelectorAll("[role=option]")];
    const isOpen = () => !popup.hidden;
    const mark = (at) => {
      const all = options();
      all.forEach((option) => option.setAttribute("aria-selected", "false"));
      active = at;
      const chosen = all[at];
      if (!chosen) { input.removeAttribute("aria-activedescendant"); return; }
      chosen.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    };
    const close = () => {
      popup.hidden = true;
      input.setAttribute("aria-expanded", "false");
      mark(-1);
    };
    const recentGroup = () => {
      const mine = recent();
      if (!mine.length) return null;
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", say("Recent"));
      group.className = "idea-group";
      mine.forEach((text) => {
        const option = document.createElement("a");
        option.className = "idea";
        option.href = `${form.action}?q=${encodeURIComponent(text)}`;
        option.tabIndex = -1;
        option.dataset.text = text;
        option.dataset.recent = text;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.setAttribute("aria-description", say("Forget"));
        const words = document.createElement("span");
        words.textContent = text;
        const cross = document.createElement("span"); // for a pointer; the keyboard has Delete
        cross.className = "idea-forget";
        cross.setAttribute("aria-hidden", "true");
        cross.textContent = "✕";
        const sign = document.createElement("span");
        sign.className = "idea-sign";
        sign.setAttribute("aria-hidden", "true");
        sign.textContent = "↺";
        option.append(sign, words, cross);
        group.append(option);
      });
      return group;
    };
    const show = (html) => {
      list.innerHTML = html;
      const typed = input.value.trim();
      const mine = typed || !form.matches("[data-recent-form]") ? null : recentGroup();
      if (mine) list.prepend(mine);
      clear.hidden = !mine;
      const all = options();
      all.forEach((option, at) => { option.id = `${id}-${at}`; });
      mark(-1);
      popup.hidden = !all.length;
      input.setAttribute("aria-expanded", String(!!all.length));
      status.textContent = all.length ? say("Count").replace("#", all.length) : "";
    };
    const ask = async () => {
      const q = input.value.trim();
      if (answers.has(q)) return show(answers.get(q));
      asking?.abort();
      asking = new AbortController();
      try {
        const answer = await fetch(`${form.dataset.ideas}?q=${encodeURIComponent(q)}`, { signal: asking.signal, headers: { "HX-Request": "true" } });
        if (!answer.ok) return;
        const html = await answer.text();
        if (answers.size > 60) answers.clear();
        answers.set(q, html);
        // What was typed meanwhile has its own answer coming.
        if (input.value.trim() === q && document.activeElement === input) show(html);
      } catch { /* given up, or no network: the form still works */ }
    };
    const forget = (text) => {
      keep(recent().filter((it) => it !== text));
      show(answers.get("") || "");
    };

    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, TYPING_MS); });
    input.addEventListener("focus", ask);
    input.addEventListener("click", () => { if (!isOpen()) ask(); });
    input.addEventListener("keydown", (event) => {
      const all = options();
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!isOpen()) { ask(); return; }
        const step = event.key === "ArrowDown" ? 1 : -1;
        // One place beyond each end is the field itself.
        const next = active + step;
        mark(next >= all.length ? -1 : next < -1 ? all.length - 1 : next);
      } else if (event.key === "Enter" && isOpen() && all[active]) {
        event.preventDefault();
        all[active].click();
      } else if (event.key === "Escape" && isOpen()) {
        event.preventDefault();
        event.stopPropagation();
        close();
      } else if (event.key === "Delete" && isOpen() && all[active]?.dataset.recent) {
        event.preventDefault();
        forget(all[active].dataset.recent);
      } else if (event.key === "Tab") close();
    });
    popup.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the field
    popup.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (event.target.closest(".idea-forget")) { event.preventDefault(); forget(option.dataset.recent); return; }
      if (event.target.closest(".ideas-clear")) { keep([]); show(answers.get("") || ""); return; }
      if (option?.dataset.text) note(option.dataset.text);
    });
    form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) close(); });
    form.addEventListener("submit", close);
  };

  // -- own searches on the search page

  const fillRecent = () => {
    const section = document.querySelector("[data-recent-list]");
    const mine = recent();
    if (!section || !mine.length) return;
    const chips = section.querySelector(".chips");
    chips.replaceChildren(...mine.map((text) => {
      const chip = document.createElement("a");
      chip.className = "chip";
      chip.href = `?q=${encodeURIComponent(text)}`;
      chip.textContent = text;
      return chip;
    }));
    section.hidden = false;
    section.querySelector("[data-recent-clear]").addEventListener("click", () => { keep([]); section.hidden = true; });
  };

  // -- by voice

  const Listener = window.SpeechRecognition || window.webkitSpeechRecognition;
  const voice = (button) => {
    const input = button.closest("form").querySelector("input[type=search]");
    button.hidden = false;
    button.closest("form").classList.add("has-voice");
    let ear = null;
    button.addEventListener("click", () => {
      if (ear) { ear.stop(); return; }
      ear = new Listener();
      ear.lang = document.documentElement.lang === "hi" ? "hi-IN" : "en-IN";
      ear.interimResults = true;
      button.setAttribute("aria-pressed", "true");
      let sure = false;
      ear.onresult = (event) => {
        input.value = [...event.results].map((result) => result[0].transcript).join(" ").trim();
        sure = event.results[event.results.length - 1].isFinal;
      };
      ear.onerror = (event) => { if (event.error !== "aborted") window.toast?.(button.dataset.wordFailed, { kind: "error" }); };
      ear.onend = () => {
        ear = null;
        button.setAttribute("aria-pressed", "false");
        if (sure && input.value) input.form.requestSubmit();
      };
      ear.start();
    });
  };

  const ready = () => {
    document.querySelectorAll("form[data-ideas]").forEach(combobox);
    if (Listener) document.querySelectorAll("[data-voice]").forEach(voice);
    fillRecent();
    document.addEventListener("htmx:afterSwap", fillRecent);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
