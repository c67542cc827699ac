// Stripe's Payment Element on our page:
//   <form data-stripe="PUBLISHABLE KEY" data-secret data-return data-locale> with [data-stripe-element], [data-stripe-error], a button
// What was typed goes to Stripe from its own frame. After paying the browser goes to data-return, where the server asks Stripe itself.
(() => {
  "use strict";
  const form = document.querySelector("form[data-stripe]");
  if (!form) return;
  const button = form.querySelector("button");
  const error = form.querySelector("[data-stripe-error]");
  const place = form.querySelector("[data-stripe-element]");
  const say = (text) => { error.textContent = text || ""; error.hidden = !text; };
  if (!window.Stripe) { place.hidden = true; say(form.dataset.wordBlocked); return; }
  const stripe = window.Stripe(form.dataset.stripe, { locale: form.dataset.locale === "en" ? "en" : "auto" });
  const chosen = document.documentElement.dataset.theme;
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const elements = stripe.elements({ clientSecret: form.dataset.secret, appearance: { theme: dark ? "night" : "stripe" } });
  const element = elements.create("payment");
  element.on("ready", () => { button.disabled = false; });
  element.on("loaderror", () => say(form.dataset.wordBlocked));
  place.replaceChildren();
  element.mount(place);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    say("");
    // Comes back here only when it did not work; else the browser has left for data-return.
    try {
      const answer = await stripe.confirmPayment({ elements, confirmParams: { return_url: form.dataset.return } });
      say(answer.error?.message || form.dataset.wordFailed);
    } catch { say(form.dataset.wordFailed); }
    button.disabled = false;
    button.removeAttribute("aria-busy");
  });
})();
