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
  // A form that must be sent once (placing an order): the button says so and waits.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-once]");
    if (!form) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    document.querySelectorAll(`[form="${form.id}"], #${form.id} [type="submit"], #${form.id} button:not([type="button"])`).forEach((b) => { b.setAttribute("aria-busy", "true"); b.style.opacity = 0.7; });
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
