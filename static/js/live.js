// One socket per page, so that a screen moves by itself. The socket only says "look again" (and carries rider positions):
//   <main data-live="/ws/stores/BLR-IND/">                opens it
//   hx-trigger="live from:body, every 20s"                re-read a fragment on every message, and slowly without one
//   document.body.addEventListener("live:position", e)    e.detail is the message's data
//   <span class="live-dot" data-live-dot></span>          says whether it is live
// A lost message does no harm: after a reconnect, and after a gap in the numbers, everything re-reads.
(() => {
  "use strict";
  const body = () => document.body;
  const say = (name, detail) => body().dispatchEvent(new CustomEvent(name, { detail }));
  const words = { live: "Live", wait: "Connecting", lost: "Reconnecting" };
  let shown = "wait";
  const mark = (state) => { shown = state; draw(); };
  const draw = () => document.querySelectorAll("[data-live-dot]").forEach((dot) => {
    dot.dataset.state = shown;
    dot.textContent = dot.dataset[`word${shown[0].toUpperCase()}${shown.slice(1)}`] || words[shown];
  });

  const open = (path) => {
    let tries = 0;
    let last = null;
    let socket = null;
    let timer = 0;
    let first = true;
    let heardAt = 0;
    let askedAt = 0;
    const later = () => {
      clearTimeout(timer);
      // Thousands lose their socket in the same moment: each waits for as long as chance says, and ever longer.
      const wait = Math.min(20000, 1500 * 2 ** Math.min(tries++, 4)) * (0.2 + 0.8 * Math.random());
      timer = setTimeout(connect, wait);
    };
    const connect = () => {
      mark(first ? "wait" : "lost");
      const url = new URL(path, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      socket = new WebSocket(url);
      socket.onopen = () => { askedAt = 0; mark("live"); };
      socket.onmessage = (event) => {
        heardAt = Date.now();
        tries = 0; // not when it opens: who is told "try later" was let in before
        let message;
        try { message = JSON.parse(event.data); } catch { return; }
        if (last !== null && message.seq > last + 1) say("live", { type: "gap" });
        last = message.seq ?? last;
        say(`live:${message.type}`, message.data);
        // The page was drawn a moment ago: the very first snapshot tells nothing new.
        if (message.type === "snapshot" && !first) say("live", message);
        first = false;
      };
      socket.onclose = (event) => {
        last = null;
        if (event.code === 4401) { mark("lost"); return; }
        mark("lost");
        later();
      };
    };
    // A network that went away says nothing: whoever does not answer within ten seconds is not there.
    setInterval(() => {
      if (socket?.readyState !== 1) return;
      if (askedAt && heardAt < askedAt && Date.now() - askedAt > 10000) {
        socket.onclose = socket.onmessage = null;
        socket.close();
        last = null;
        mark("lost");
        later();
        return;
      }
      askedAt = Date.now();
      socket.send('{"type":"ping"}');
    }, 15000);
    document.addEventListener("htmx:afterSettle", draw); // a fragment that came anew carries a dot that knows nothing yet
    window.liveSend = (message) => socket?.readyState === 1 && socket.send(JSON.stringify(message));
    addEventListener("online", () => { tries = 0; if (socket?.readyState !== 1) { clearTimeout(timer); connect(); } });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && socket?.readyState > 1) { tries = 0; clearTimeout(timer); connect(); } });
    connect();
  };
  const ready = () => {
    const el = document.querySelector("[data-live]");
    if (el && "WebSocket" in window) open(el.dataset.live);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
