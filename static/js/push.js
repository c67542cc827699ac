// Messages to this browser (Web Push), where it has them:
//   <section data-push="PUBLIC KEY" data-push-url data-push-stop hidden> with [data-push-on], [data-push-off], [data-push-no]
// Without script, without a push service or on a page that is not https nothing of it is shown.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const post = (url, values = {}) => {
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers") || "{}"), Accept: "application/json" };
    return fetch(url, { method: "POST", headers, body: new URLSearchParams(values) });
  };
  const tell = async (place, subscription) => {
    const answer = await post(place.dataset.pushUrl, { endpoint: subscription.endpoint, p256dh: text(subscription.getKey("p256dh")), auth: text(subscription.getKey("auth")) });
    if (!answer.ok) { await subscription.unsubscribe(); throw new Error(String(answer.status)); }
  };
  const ready = async () => {
    const place = document.querySelector("[data-push]");
    const supported = place?.dataset.push && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
    if (supported) {
      const worker = await navigator.serviceWorker.ready;
      const key = bytes(place.dataset.push);
      let subscription = await worker.pushManager.getSubscription();
      // Made for a key we no longer have: nothing sent to it arrives.
      if (subscription && text(subscription.options.applicationServerKey || new ArrayBuffer(0)) !== place.dataset.push) { await subscription.unsubscribe(); subscription = null; }
      const draw = () => {
        const denied = Notification.permission === "denied";
        place.querySelector("[data-push-on]").hidden = denied || !!subscription;
        place.querySelector("[data-push-off]").hidden = !subscription;
        place.querySelector("[data-push-no]").hidden = !denied;
        // On an order's page it is an offer: made once, not repeated to who has it or has said no.
        place.hidden = place.hasAttribute("data-push-offer") && (denied || (!!subscription && !place.dataset.asked));
      };
      place.querySelector("[data-push-on]").addEventListener("click", async (event) => {
        const button = event.currentTarget;
        button.setAttribute("aria-busy", "true");
        place.dataset.asked = "1";
        try {
          if ((await Notification.requestPermission()) === "granted") {
            subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
            await tell(place, subscription);
            window.toast?.(place.dataset.wordOn, { kind: "success" });
          }
        } catch { subscription = null; window.toast?.(place.dataset.wordFailed, { kind: "error" }); }
        button.removeAttribute("aria-busy");
        draw();
      });
      place.querySelector("[data-push-off]").addEventListener("click", async () => {
        await post(place.dataset.pushStop);
        await subscription?.unsubscribe();
        subscription = null;
        draw();
      });
      draw();
      // Whoever is signed in here now gets this browser's messages, and nobody else.
      if (subscription) tell(place, subscription).catch(() => { subscription = null; draw(); });
    }
  };
  document.addEventListener("submit", (event) => {
    if (event.target.action?.endsWith("/sign-out/")) navigator.serviceWorker?.ready.then((worker) => worker.pushManager?.getSubscription()).then((it) => it?.unsubscribe());
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
