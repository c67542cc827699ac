// Storefront: a tap on + or − shows at once, and the server's answer corrects it in place if stock or a limit says otherwise.
(() => {
  "use strict";
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest?.("[data-line]");
    if (!form) return;
    const wanted = Number(event.detail.requestConfig.parameters.get?.("qty") ?? event.detail.requestConfig.parameters.qty);
    const stepper = form.matches(".stepper") ? form : form.querySelector(".stepper");
    if (!stepper || !Number.isFinite(wanted) || wanted < 1) return;
    const [less, more] = stepper.querySelectorAll("button");
    stepper.querySelector("span:not(.sr-only)").textContent = wanted;
    // The next tap counts from what is shown, not from what the server last said.
    less.value = wanted - 1;
    more.value = wanted + 1;
  });
  // The pressed button is swapped away with its card: the keyboard goes on where it was, on the line's new button.
  let pressed = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const line = event.target.closest?.("[data-line]") && event.target.closest(".product-line");
    if (!line || !line.contains(document.activeElement)) return;
    const { x, y } = line.getBoundingClientRect();
    const name = [...line.classList].find((word) => word.startsWith("line-"));
    pressed = { name, x, y, less: document.activeElement.matches(".stepper button:first-of-type") };
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!pressed || document.activeElement !== document.body) return;
    const far = (el) => { const box = el.getBoundingClientRect(); return Math.hypot(box.x - pressed.x, box.y - pressed.y); };
    const line = [...document.querySelectorAll(`.${pressed.name}`)].sort((a, b) => far(a) - far(b))[0];
    const buttons = line ? [...line.querySelectorAll("button:not(:disabled)")] : [];
    (pressed.less ? buttons[0] : buttons.at(-1))?.focus({ preventScroll: true });
    pressed = null;
  });
  // The shelf that is open is in view, however far right its tab is.
  const tab = document.querySelector(".cat-tab[aria-current]");
  if (tab) { const row = tab.parentElement; row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.clientWidth) / 2; row.scrollTop = tab.offsetTop - row.clientHeight / 2; }
  // A form that must be sent once (placing an order): the button says so and waits.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-once]");
    if (!form) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    document.querySelectorAll(`[form="${form.id}"], #${form.id} [type="submit"], #${form.id} button:not([type="button"])`).forEach((b) => { b.setAttribute("aria-busy", "true"); b.style.opacity = 0.7; });
  });
  // Without a network: the orders as last seen, where this device kept them (sw.js).
  const kept = document.querySelector("[data-kept-orders]");
  if (kept && "caches" in window) caches.match("/orders/").then((page) => { kept.hidden = !page; });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
