// Behaviour every screen shares, driven by data attributes so that pages carry no script of their own (CSP: 'self').
//   data-open="#sheet"  data-close        open and close a <dialog class="sheet">
//   data-theme-set="dark|light|auto"      choose the theme, remembered in a cookie the server reads
//   data-focus-lost                       takes the focus after a swap that took its element away
//   data-autosubmit                       a form that sends itself when something in it changes
//   data-copy="text"                      copy, and say so
//   data-share="url" data-share-title     the device's share sheet; where there is none, data-copy
//   <time data-until="ISO">, data-ago     a running "4:32" or "3 min ago"
//   HX-Trigger: {"toast": {"text": ..., "kind": "success|error|info", "undo": {"url": ..., "label": ...}}}
(() => {
  "use strict";
  const doc = document.documentElement;
  const word = (name, fallback) => document.body?.dataset[name] || fallback;

  const shelf = () => {
    let el = document.getElementById("toasts");
    if (!el) {
      el = document.createElement("div");
      el.id = "toasts";
      el.className = "toasts";
      el.setAttribute("role", "status");
      document.body.append(el);
    }
    return el;
  };
  const fade = (el) => setTimeout(() => el.remove(), el.dataset.kind === "error" || el.dataset.undo ? 8000 : 4500);
  const toast = (text, { kind = "info", undo } = {}) => {
    if (!text) return;
    const el = document.createElement("div");
    el.className = "toast";
    el.dataset.kind = kind;
    const words = document.createElement("span");
    words.textContent = text;
    el.append(words);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = undo.label || word("wordUndo", "Undo");
      button.addEventListener("click", () => {
        el.remove();
        window.htmx?.ajax("POST", undo.url, { swap: "none", values: undo.values || {} });
      });
      el.append(button);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", word("wordClose", "Close"));
    close.textContent = "✕";
    close.addEventListener("click", () => el.remove());
    el.append(close);
    if (undo) el.dataset.undo = "1";
    shelf().append(el);
  };
  window.toast = toast;

  const setTheme = (theme) => {
    if (theme === "auto") {
      delete doc.dataset.theme;
      document.cookie = "theme=; path=/; max-age=0; samesite=lax";
    } else {
      doc.dataset.theme = theme;
      document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    }
    markTheme();
  };
  const markTheme = () => {
    const now = doc.dataset.theme || "auto";
    document.querySelectorAll("[data-theme-set]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.themeSet === now)));
  };

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    const opener = hit("[data-open]");
    if (opener) {
      const sheet = document.querySelector(opener.dataset.open);
      if (sheet?.showModal) { event.preventDefault(); sheet.showModal(); }
    }
    if (hit("[data-close]")) hit("dialog")?.close();
    if (event.target.matches?.("dialog.sheet")) event.target.close();
    const theme = hit("[data-theme-set]");
    if (theme) setTheme(theme.dataset.themeSet);
    const share = navigator.share && hit("[data-share]");
    if (share) navigator.share({ title: share.dataset.shareTitle || document.title, url: share.dataset.share }).catch(() => {});
    const copy = !share && hit("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => toast(word("wordCopied", "Copied.")));
    const dismiss = hit(".toast button");
    if (dismiss) dismiss.closest(".toast").remove();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    // "/" goes to the search field, as people who type all day expect.
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "")) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select?.(); }
    }
  });
  // What had the focus went with the old answer: it goes on where the new one begins, not at the top of the page.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (document.activeElement === document.body) event.detail.target?.querySelector("[data-focus-lost]")?.focus({ preventScroll: true });
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-autosubmit]");
    if (form) form.requestSubmit();
  });

  const offline = () => doc.classList.toggle("offline", !navigator.onLine);
  addEventListener("online", offline);
  addEventListener("offline", offline);

  // A refusal on an htmx request: the server names where its sentence goes (HX-Retarget: #toasts, or a form with errors);
  // what was typed stays. Anything else gets a toast of our own.
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Signed out meanwhile: the answer is the sign-in page, which belongs into the window and not into a fragment.
    if (/\/sign-in\//.test(event.detail.xhr.responseURL || "") && !location.pathname.includes("/sign-in/")) {
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
    if (event.detail.xhr.status >= 400 && event.detail.xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const xhr = event.detail.xhr;
    if (xhr.getResponseHeader("HX-Retarget") || xhr.getResponseHeader("HX-Trigger")?.includes('"toast"')) return;
    let text = "";
    try { text = JSON.parse(xhr.responseText).detail; } catch { /* not a problem document */ }
    toast(text || word("wordError", "That did not work. Please try again."), { kind: "error" });
  });
  document.addEventListener("htmx:sendError", () => toast(word("wordOffline", "No connection. Nothing was lost: try again in a moment."), { kind: "error" }));
  document.addEventListener("toast", (event) => {
    const said = event.detail?.value ?? event.detail;
    if (typeof said === "string") toast(said);
    else if (said) toast(said.text, said);
  });

  // A sheet that a page asked for: it opens once the answer is in it.
  document.addEventListener("htmx:afterSwap", (event) => {
    const sheet = event.detail.target?.closest?.("dialog[data-show-when-filled]");
    if (sheet && !sheet.open && sheet.firstElementChild) sheet.showModal();
  });

  // A fragment that knows better what the page is about says so: <span data-title="…">. The tab follows.
  document.addEventListener("htmx:afterSettle", () => {
    const title = document.querySelector("[data-title]")?.dataset.title;
    if (title && document.title !== title) document.title = title;
  });

  const clock = () => {
    const now = Date.now();
    document.querySelectorAll("time[data-until]").forEach((el) => {
      const left = Math.max(0, Math.round((Date.parse(el.dataset.until) - now) / 1000));
      // In words where the page gives them ("14 min left"); 14:57 alone reads as a time of the day.
      const words = left < 60 && el.dataset.wordsLast ? el.dataset.wordsLast : el.dataset.words?.replace("#", Math.floor(left / 60));
      const text = words || `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (el.textContent !== text) el.textContent = text;
      if (!left && el.dataset.done !== "1") { el.dataset.done = "1"; el.dispatchEvent(new CustomEvent("until", { bubbles: true })); }
    });
    document.querySelectorAll("time[data-ago]").forEach((el) => {
      const gone = Math.max(0, Math.floor((now - Date.parse(el.dataset.ago)) / 60000));
      const text = `${gone} ${el.dataset.unit || "min"}`;
      if (el.textContent !== text) el.textContent = text;
    });
  };

  // A bar of tabs that is wider than its room begins where one is.
  const showTab = () => document.querySelectorAll(":is(.tabs, .topbar nav) > [aria-current]").forEach((tab) => {
    const bar = tab.parentElement;
    if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft += tab.getBoundingClientRect().left - bar.getBoundingClientRect().left - (bar.clientWidth - tab.offsetWidth) / 2;
  });

  const ready = () => {
    offline();
    showTab();
    markTheme();
    const all = shelf();
    [...all.children].forEach(fade);
    new MutationObserver((changes) => {
      for (const change of changes) change.addedNodes.forEach((el) => el.dataset && fade(el));
      while (all.children.length > 3) all.firstElementChild.remove();
    }).observe(all, { childList: true });
    setInterval(clock, 1000);
    clock();
    if (document.body.dataset.sw && "serviceWorker" in navigator) navigator.serviceWorker.register(document.body.dataset.sw).catch(() => {});
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
