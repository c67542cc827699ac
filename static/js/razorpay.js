// Opens Razorpay Checkout over our page and carries what it says back to us, where it is checked.
//   <section data-razorpay='{"key": …, "order_id": …}' data-shop="…">   public values only
//   data-wait on it: only the button opens it (something went wrong before)
//   <button data-open>, <form> with the three fields, <p data-say="ready|closed|trouble" hidden>
(() => {
  "use strict";
  const page = document.querySelector("[data-razorpay]");
  const form = page && page.querySelector("form");
  if (!form) return;
  const say = (which) => page.querySelectorAll("[data-say]").forEach((line) => { line.hidden = line.dataset.say !== which; });
  const open = () => {
    if (typeof window.Razorpay !== "function") return say("trouble");
    say("ready");
    const checkout = new window.Razorpay({
      ...JSON.parse(page.dataset.razorpay),
      name: page.dataset.shop,
      retry: { enabled: true },
      modal: { ondismiss: () => say("closed"), confirm_close: true },
      handler: (told) => {
        for (const name of ["razorpay_order_id", "razorpay_payment_id", "razorpay_signature"]) form.elements[name].value = told[name] || "";
        form.requestSubmit();
      },
    });
    checkout.open();
  };
  page.querySelector("[data-open]").addEventListener("click", open);
  if (!("wait" in page.dataset)) open();
})();
