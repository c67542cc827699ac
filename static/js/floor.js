// The store's floor. Everything here only makes the forms of the page quicker; without it they post and redirect.
//   <form data-floor>          sent in order, one at a time, kept and re-sent when there is no connection (a nonce makes
//                              a re-sent one harmless); the answer replaces the panel in #pick
//   wedge scanners             a burst of keys that ends with Enter, from anywhere on the page
//   [data-camera]              the camera reads codes where the browser can (BarcodeDetector)
//   [data-stepper]             − and + around a number field;  [data-print] prints
//   window.floor               the same eyes, ears and hands for pick.js: floor.onCode = (text) => …, floor.flood(kind, text)
(() => {
  "use strict";
  const BURST_MS = 60; // faster than people type
  const LEAST_CODE = 4;
  const SAME_CODE_MS = 1500;
  const RETRY_MS = 3000;
  const $ = (selector, root = document) => root.querySelector(selector);
  const pick = $("#pick");

  // -- eyes, ears, hands
  let audio = null;
  const tone = (kind) => {
    try {
      audio = audio || new AudioContext();
      const notes = kind === "right" ? [[880, 0, 0.09], [1320, 0.09, 0.12]] : [[220, 0, 0.22], [165, 0.24, 0.3]];
      for (const [hertz, after, length] of notes) {
        const sound = audio.createOscillator();
        const loud = audio.createGain();
        sound.type = kind === "right" ? "sine" : "square";
        sound.frequency.value = hertz;
        loud.gain.setValueAtTime(0.12, audio.currentTime + after);
        loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + after + length);
        sound.connect(loud).connect(audio.destination);
        sound.start(audio.currentTime + after);
        sound.stop(audio.currentTime + after + length);
      }
    } catch { /* no sound here */ }
    navigator.vibrate?.(kind === "right" ? 60 : [180, 80, 180]);
  };
  const flood = (kind, text) => {
    const el = $("#flood");
    if (!el) return;
    el.removeAttribute("data-kind");
    void el.offsetWidth; // starts the animation again
    el.textContent = text;
    el.dataset.kind = kind;
    tone(kind);
  };
  const react = () => {
    const panel = $(".pick", pick);
    if (!panel) return;
    const kind = panel.dataset.kind;
    if (kind === "right") flood("right", panel.dataset.text);
    if (kind === "wrong" || kind === "refused") flood("wrong", panel.dataset.text);
    if (panel.dataset.go) setTimeout(() => location.assign(panel.dataset.go), kind ? 650 : 0);
  };

  // -- actions, in order, never lost
  const place = `floor:${location.pathname}`;
  let waiting = [];
  try { waiting = JSON.parse(localStorage.getItem(place) || "[]"); } catch { /* private window */ }
  let busy = false;
  let offline = false;
  const keep = () => {
    try { waiting.length ? localStorage.setItem(place, JSON.stringify(waiting)) : localStorage.removeItem(place); } catch { /* private window */ }
    const note = $("#saved");
    if (!note) return;
    note.hidden = !offline || !waiting.length;
    note.textContent = waiting.length === 1 ? note.dataset.one : note.dataset.many.replace("#", waiting.length);
  };
  const send = async () => {
    if (busy || !waiting.length) return;
    busy = true;
    const { url, body } = waiting[0];
    const said = new URLSearchParams(body);
    said.set("csrfmiddlewaretoken", $("[name=csrfmiddlewaretoken]")?.value || "");
    try {
      const answer = await fetch(url, { method: "POST", body: said, headers: { "HX-Request": "true" }, credentials: "same-origin" });
      offline = false;
      if (answer.status >= 500 || answer.status === 429) throw new Error("later");
      if (answer.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) { // kept until somebody is signed in again
        location.assign(`/sign-in/?next=${encodeURIComponent(location.pathname)}`);
        return;
      }
      waiting.shift();
      const html = await answer.text();
      if (answer.redirected) { keep(); location.assign(answer.url); return; }
      if (answer.ok) {
        pick.innerHTML = html;
        window.htmx?.process(pick);
        ready();
        if (!waiting.length) react();
      } else {
        window.toast?.(new DOMParser().parseFromString(html, "text/html").body.textContent.trim(), { kind: "error" });
      }
    } catch {
      offline = true;
      setTimeout(send, RETRY_MS);
    } finally {
      busy = false;
      keep();
    }
    if (!offline) send();
  };
  const add = (form, extra = {}) => {
    const body = new FormData(form);
    for (const [name, value] of Object.entries(extra)) body.set(name, value);
    body.set("nonce", crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`);
    body.delete("csrfmiddlewaretoken");
    waiting.push({ url: form.action, body: new URLSearchParams(body).toString() });
    keep();
    send();
  };
  const scanForm = () => $(".scan-form");
  const floor = (window.floor = { flood, onCode: null });
  const scanned = (code) => {
    if (floor.onCode && code) { floor.onCode(code); return; }
    const form = scanForm();
    if (form && code) add(form, { code });
  };

  let sentAt = 0;
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-floor]");
    if (!form || !pick) return;
    event.preventDefault();
    if (Date.now() - sentAt < 250 && form !== scanForm()) return; // a double tap
    sentAt = Date.now();
    const button = event.submitter;
    $("dialog[open]")?.close();
    add(form, button?.name ? { [button.name]: button.value } : {});
    form.reset();
  });

  // -- wedge scanners: they type, quickly, wherever the focus is
  let burst = "";
  let lastKey = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "]" && burst) { burst += "\x1d"; lastKey = performance.now(); return; } // FNC1 of a GS1 code
    if (!(pick || floor.onCode) || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = performance.now();
    const quick = now - lastKey < BURST_MS;
    lastKey = now;
    if (event.key === "Enter") {
      const code = burst;
      burst = "";
      if (quick && code.length >= LEAST_CODE && event.target !== $("[data-scan-field]")) {
        event.preventDefault(); // Enter would press the focused button
        event.stopPropagation();
        scanned(code);
      }
      return;
    }
    if (event.key.length === 1) burst = quick ? burst + event.key : event.key;
  }, true);

  // -- the camera
  let stream = null;
  let lastCode = "";
  let lastCodeAt = 0;
  const watch = async () => {
    const reader = new window.BarcodeDetector();
    const video = $(".scan-video");
    if (!video) return;
    video.hidden = false;
    video.srcObject = stream;
    await video.play();
    const look = async () => {
      if (!stream || !video.isConnected) { if (stream) watch(); return; } // the panel was replaced: go on in the new one
      try {
        const [found] = await reader.detect(video);
        const now = Date.now();
        if (found && (found.rawValue !== lastCode || now - lastCodeAt > SAME_CODE_MS)) {
          lastCode = found.rawValue;
          lastCodeAt = now;
          scanned(found.rawValue);
        }
      } catch { /* not ready yet */ }
      setTimeout(look, 200);
    };
    look();
  };
  document.addEventListener("click", async (event) => {
    if (event.target.closest("[data-camera]")) {
      if (stream) { stream.getTracks().forEach((track) => track.stop()); stream = null; $(".scan-video").hidden = true; return; }
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        watch();
      } catch { window.toast?.(floor.noCamera || "No camera here. Use the scanner or the last four digits.", { kind: "error" }); }
    }
    if (event.target.closest("[data-print]")) window.print();
    const step = event.target.closest("[data-step]");
    if (step) {
      const field = $("input", step.closest("[data-stepper]"));
      field.value = Math.min(Number(field.max), Math.max(Number(field.min), Number(field.value) + Number(step.dataset.step)));
    }
  });

  // A menu somebody has open stays open while the queue re-reads itself.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "now" && $("#now details[open], dialog[open]")) event.preventDefault();
  });

  const ready = () => {
    const camera = $("[data-camera]");
    if (camera) camera.hidden = !("BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia);
    $('.pick-lines li[data-state="now"]')?.scrollIntoView({ block: "nearest" });
  };
  ready();
  if (pick) {
    keep();
    send();
    addEventListener("online", send);
  }
})();
