// Packing and handing over. Everything here only makes the forms of the page quicker; without it they post and redirect.
//   [data-bag-stepper]    − and + around a number field, which then says that it changed
//   [data-weight]         a scale that types its digits and Enter: on to the next bag, after the last one the form goes
//   form[data-bag-scan]   a wedge scanner types from anywhere on the page; the camera reads where the browser can
//   [data-bag-print]      prints; [data-bag-print-now] does so when the page opens
(() => {
  "use strict";
  const BURST_MS = 60; // faster than people type
  const LEAST_CODE = 4;
  const SAME_CODE_MS = 2500;
  const $ = (selector, root = document) => root.querySelector(selector);

  // -- eyes, ears, hands
  let audio = null;
  const tone = (kind) => {
    try {
      audio = audio || new AudioContext();
      for (const [hertz, after, length] of kind === "right" ? [[880, 0, 0.09], [1320, 0.09, 0.12]] : [[220, 0, 0.22], [165, 0.24, 0.3]]) {
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
  const react = (kind, text) => {
    tone(kind);
    const flood = $("#flood");
    if (!flood) return;
    flood.removeAttribute("data-kind");
    void flood.offsetWidth; // starts the animation again
    flood.textContent = text;
    flood.dataset.kind = kind;
  };

  // -- counts
  document.addEventListener("click", (event) => {
    const step = event.target.closest?.("[data-bag-step]");
    if (step) {
      const field = $("input", step.closest("[data-bag-stepper]"));
      field.value = Math.min(Number(field.max), Math.max(Number(field.min), Number(field.value) + Number(step.dataset.bagStep)));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (event.target.closest?.("[data-bag-print]")) print();
  });

  // -- the scale
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.("[data-weight]")) return;
    event.preventDefault();
    const fields = [...document.querySelectorAll("[data-weight]")];
    const next = fields.slice(fields.indexOf(event.target) + 1).find((field) => !field.value);
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); } else event.target.form.requestSubmit();
  });

  // -- scans
  const form = () => $("form[data-bag-scan]");
  const scanned = (code) => {
    const to = form();
    if (!to || !code || to.dataset.busy) return;
    $('[name="code"]', to).value = code;
    to.requestSubmit();
  };
  const fresh = () => { const nonce = $('[name="nonce"]', form() || document); if (nonce) nonce.value = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`; };
  document.addEventListener("submit", (event) => { if (event.target === form()) fresh(); }, true);
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt === form()) event.detail.elt.dataset.busy = "1"; });
  // Half a code typed by hand stays while the shelf re-reads itself.
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt?.id === "shelf" && $('[name="code"]', form() || document.createElement("form"))?.value) event.preventDefault(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.elt?.matches?.("[data-bag-scan]")) return;
    delete event.detail.elt.dataset.busy;
    const to = form();
    const field = to && $('[name="code"]', to);
    if (field && event.detail.xhr?.status) { field.value = ""; field.focus(); }
    if (!event.detail.successful) { react("wrong", ""); return; }
    const said = $("[data-feedback]");
    react(said?.dataset.feedback || "right", said?.textContent.trim() || "");
  });

  let burst = "";
  let lastKey = 0;
  document.addEventListener("keydown", (event) => {
    if (!form() || event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.('[name="code"]')) return;
    const quick = performance.now() - lastKey < BURST_MS;
    lastKey = performance.now();
    if (event.key === "Enter") {
      const code = burst;
      burst = "";
      if (quick && code.length >= LEAST_CODE) { event.preventDefault(); event.stopPropagation(); scanned(code); }
    } else if (event.key.length === 1) burst = quick ? burst + event.key : event.key;
  }, true);

  // -- the camera
  let stream = null;
  let lastCode = "";
  let lastCodeAt = 0;
  const look = async (reader) => {
    const video = $("[data-bag-video]");
    if (!stream) return;
    if (!video) { stream.getTracks().forEach((track) => track.stop()); stream = null; return; }
    if (video.srcObject !== stream) { video.hidden = false; video.srcObject = stream; await video.play(); } // the part was renewed
    try {
      const [found] = await reader.detect(video);
      if (found && (found.rawValue !== lastCode || Date.now() - lastCodeAt > SAME_CODE_MS)) {
        lastCode = found.rawValue;
        lastCodeAt = Date.now();
        scanned(found.rawValue);
      }
    } catch { /* not ready yet */ }
    setTimeout(() => look(reader), 200);
  };
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("[data-bag-camera]")) return;
    if (stream) { stream.getTracks().forEach((track) => track.stop()); stream = null; const video = $("[data-bag-video]"); if (video) video.hidden = true; return; }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      look(new window.BarcodeDetector({ formats: ["qr_code"] }));
    } catch { event.target.closest("[data-bag-camera]").hidden = true; }
  });
  const ready = () => {
    const camera = $("[data-bag-camera]");
    if (camera) camera.hidden = !("BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia);
  };
  document.addEventListener("htmx:afterSettle", ready);
  ready();
  ($('[data-weight][aria-invalid]') || $("[data-weight]"))?.focus({ preventScroll: true });
  const refused = document.querySelector(".bag-plan[data-off]");
  if (refused) tone("wrong");
  if ($("[data-bag-print-now]")) addEventListener("load", () => print());
})();
