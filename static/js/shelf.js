// The live shelf: a price or the stock of what is on the page changes while somebody looks at it.
//   <body data-shelf="/ws/shelf/BLR-KOR/" data-shelf-now="/shelf-now/BLR-KOR/">   where to listen, where to read again
//   data-sku="…" on a card, a product page or a cart line                         what is patched in place
// A message says what is true now, so a repeated one does no harm; after a gap or a reconnect the page's products are read
// again, and without a socket they are read slowly. Only changes in the cart are said aloud.
(() => {
  "use strict";
  const SLOW_POLL_MS = 45000;
  const HIDDEN_MS = 60000; // a tab nobody looks at lets go of its socket after so long
  const MOST = 200;
  const words = () => document.getElementById("shelf-words");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const rupees = (paise) => "₹" + (paise / 100).toLocaleString("en-IN", { minimumFractionDigits: paise % 100 ? 2 : 0, maximumFractionDigits: 2 });
  const write = (el, text) => { if (el && el.textContent !== text) { el.textContent = text; return true; } return false; };
  const known = new Map(); // what was said last of each product

  // -- one product on the page

  const putPrice = (el, item) => {
    all(".price", el).forEach((price) => {
      if (price.closest("[data-sku]") !== el) return;
      const bold = price.querySelector("b");
      if (write(bold, rupees(item.price_paise))) { bold.classList.remove("is-fresh"); void bold.offsetWidth; bold.classList.add("is-fresh"); }
      let struck = price.querySelector("s");
      if (item.mrp_paise > item.price_paise) {
        if (!struck) {
          struck = document.createElement("s");
          struck.innerHTML = '<span class="sr-only"></span>';
          struck.firstChild.textContent = `${words().dataset.mrp} `;
          struck.append("");
          price.append(" ", struck);
        }
        const text = rupees(item.mrp_paise);
        if (struck.lastChild.textContent !== text) struck.lastChild.textContent = text;
      } else struck?.remove();
    });
    const unit = el.querySelector("[data-unit]");
    if (unit && item.unit) write(unit, `${rupees(item.unit.paise)}/${item.unit.per}`);
  };
  const putFlag = (card, item) => {
    const percent = Math.floor(((item.mrp_paise - item.price_paise) * 100) / item.mrp_paise);
    let flag = card.querySelector(".flag");
    if (percent < 5 || !item.available) { flag?.remove(); return; }
    if (!flag) { flag = document.createElement("span"); flag.className = "flag"; card.prepend(flag); }
    write(flag, words().dataset.off.replace("#", percent));
  };
  const leftWords = (item) => (item.left ? words().dataset.left.split("|")[item.left - 1] : "");
  const putForm = (card, name, kind) => {
    const line = card.querySelector(".product-line");
    const form = line?.querySelector("form");
    // A stepper stays: what is in the cart is taken out of it by the customer, not by us.
    if (!line || form?.querySelector(".stepper") || (form?.querySelector(".btn-tell") !== null) === (kind === "tell")) return;
    const fresh = words().content.querySelector(`[data-form="${kind}"]`).cloneNode(true);
    fresh.querySelector("[name=sku]").value = card.dataset.sku;
    const button = fresh.querySelector("button");
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace("%name%", name));
    const had = line.contains(document.activeElement);
    form?.remove();
    line.append(fresh);
    window.htmx?.process(fresh);
    if (had) button.focus({ preventScroll: true });
  };
  const putStock = (card, item) => {
    card.toggleAttribute("data-gone", !item.available);
    const foot = card.querySelector(".product-foot");
    if (foot) {
      let said = foot.querySelector(":scope > .low, :scope > .hint");
      const text = item.available ? leftWords(item) : words().dataset.gone;
      if (!text) said?.remove();
      else {
        if (!said) { said = document.createElement("span"); foot.prepend(said); }
        said.className = item.available ? "low" : "hint";
        write(said, text);
      }
    }
    const pill = card.querySelector("[data-stock]");
    if (pill) {
      pill.hidden = item.available && !item.left;
      pill.className = `pill ${item.available ? "pill-warn" : "pill-stop"}`;
      write(pill, item.available ? leftWords(item) : words().dataset.gone);
    }
    const name = (card.querySelector(".product-name, h1")?.textContent || "").trim();
    putForm(card, name, item.available ? "add" : "tell");
    const more = card.querySelector(".product-line .stepper button:last-of-type");
    if (more && item.left) more.disabled = Number(more.value) > item.left;
  };
  const putCartLine = (line, item, before) => {
    const name = (line.querySelector("[data-name]") || line.querySelector(".cart-name"))?.textContent.trim() || "";
    const price = Number(line.dataset.price);
    let changed = false;
    let said = "";
    if (item.available && price && price !== item.price_paise) {
      const qty = Number(line.querySelector(".stepper span:not(.sr-only)")?.textContent) || 1;
      all("[data-line-price], .cart-line-end .price b", line).forEach((el) => write(el, rupees(item.price_paise * qty)));
      all("[data-one-price]", line).forEach((el) => write(el, rupees(item.price_paise)));
      line.dataset.price = item.price_paise;
      said = words().dataset.cartPrice.replace("%name%", name).replace("%price%", rupees(item.price_paise));
      changed = true;
    }
    if (before ? before.available !== item.available : !item.available) {
      line.toggleAttribute("data-gone", !item.available);
      if (!item.available) said = words().dataset.cartGone.replace("%name%", name);
      changed = true;
    } else if (item.left && item.left !== before?.left) {
      const qty = Number(line.querySelector(".stepper span:not(.sr-only)")?.textContent) || 1;
      if (qty > item.left) said = words().dataset.cartLeft.replace("%name%", name).replace("%left%", leftWords(item));
      changed = true;
    }
    return { changed, said };
  };

  // -- what came

  const apply = (items) => {
    if (!words()) return;
    let cart = false;
    const aloud = new Set();
    for (const item of items) {
      const before = known.get(item.sku);
      known.set(item.sku, item);
      for (const el of all(`[data-sku="${CSS.escape(item.sku)}"]`)) {
        if (el.matches(".cart-line")) {
          const { changed, said } = putCartLine(el, item, before);
          cart ||= changed;
          if (said) aloud.add(said);
          continue;
        }
        putPrice(el, item);
        if (el.matches(".product")) putFlag(el, item);
        putStock(el, item);
      }
    }
    aloud.forEach((said) => window.toast?.(said)); // #toasts is a polite status
    if (cart) rereadCart();
    if (items.length) document.body.dispatchEvent(new CustomEvent("shelf:changed", { detail: items }));
  };
  let cartTimer = 0;
  const rereadCart = () => {
    clearTimeout(cartTimer);
    // The line shows the change already; the bill follows, not from everybody at once.
    cartTimer = setTimeout(() => {
      if (document.querySelector("#cart .cart-line")) window.htmx?.ajax("GET", location.pathname, { target: "#cart", swap: "morph:innerHTML" });
      else if (document.getElementById("cart-aside")) window.htmx?.ajax("GET", "/cart/aside/", { target: document.body, swap: "none" });
    }, 300 + Math.random() * 1500);
  };
  const shown = () => [...new Set(all("[data-sku]").map((el) => el.dataset.sku))].slice(0, MOST);
  const reread = async () => {
    const skus = shown();
    if (!skus.length) return;
    try {
      const answer = await fetch(`${document.body.dataset.shelfNow}?skus=${encodeURIComponent(skus.join(","))}`, { headers: { Accept: "application/json" } });
      if (answer.ok) apply((await answer.json()).items);
    } catch { /* no network: the next poll or the socket tells */ }
  };

  // -- the socket

  const start = () => {
    const path = document.body.dataset.shelf;
    if (!path || !document.querySelector("[data-sku]")) return;
    let socket = null;
    let tries = 0;
    let last = null;
    let first = true;
    let timer = 0;
    let hiddenTimer = 0;
    const connect = () => {
      clearTimeout(timer);
      if (!("WebSocket" in window) || (socket && socket.readyState < 2)) return;
      const url = new URL(path, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      socket = new WebSocket(url);
      socket.onmessage = (event) => {
        let message;
        try { message = JSON.parse(event.data); } catch { return; }
        if (typeof message.seq !== "number") return;
        const gap = last !== null && message.seq > last + 1;
        last = message.seq;
        if (message.type === "snapshot") {
          tries = 0;
          document.body.dataset.shelfLive = "1";
          apply(message.data.items);
          // Listened to for shorter than this page is old, or away meanwhile: something may have been missed.
          if (!first || message.data.since_s < performance.now() / 1000) reread();
          first = false;
        } else if (message.type === "shelf") {
          apply(message.data);
          if (gap) reread();
        } else if (message.type === "stale") setTimeout(reread, Math.random() * 5000);
      };
      socket.onclose = () => {
        last = null;
        delete document.body.dataset.shelfLive;
        if (document.hidden) return;
        timer = setTimeout(connect, Math.min(30000, 1000 * 2 ** Math.min(tries++, 5)) * (0.6 + Math.random() * 0.8));
      };
    };
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hiddenTimer);
      if (document.hidden) hiddenTimer = setTimeout(() => socket?.close(), HIDDEN_MS);
      else { tries = 0; connect(); }
    });
    addEventListener("online", () => { tries = 0; connect(); });
    addEventListener("pagehide", () => socket?.close());
    setInterval(() => { if (!document.hidden && socket?.readyState !== 1) reread(); }, SLOW_POLL_MS);
    connect();
  };
  // After the page is there: nothing of this is needed to see it.
  const soon = () => ("requestIdleCallback" in window ? requestIdleCallback(start, { timeout: 2000 }) : setTimeout(start, 200));
  if (document.readyState === "complete") soon();
  else addEventListener("load", soon);
})();
