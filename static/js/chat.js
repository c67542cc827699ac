// A chat shows its newest message, and goes on showing it as messages come, unless somebody reads further up.
(() => {
  "use strict";
  const thread = () => document.querySelector("[data-chat-thread]");
  let low = true;
  const down = () => { const list = thread(); if (list && low) list.scrollTop = list.scrollHeight; };
  document.addEventListener("scroll", (event) => { const list = thread(); if (event.target === list) low = list.scrollHeight - list.scrollTop - list.clientHeight < 40; }, true);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target?.id === "chat-panel") { low = true; document.querySelector("#chat-panel input[name=text]")?.focus({ preventScroll: true }); }
    down();
  });
  // A thread that is being flagged is not renewed under the finger.
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt?.id === "chat-now" && thread()?.querySelector("details[open]")) event.preventDefault(); });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", down); else down();
})();
