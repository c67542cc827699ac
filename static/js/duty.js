// Going on duty: the phone says what it can and may do. Without JavaScript the form goes as it is.
(() => {
  "use strict";
  const WAIT_MS = 4000;
  const APP = "web-1";
  const permission = async (name) => {
    try { return (await navigator.permissions.query({ name })).state; } catch { return ""; }
  };
  const battery = async () => {
    try { return Math.round((await navigator.getBattery()).level * 100); } catch { return ""; }
  };
  const place = () => new Promise((done) => {
    if (!navigator.geolocation) { done({}); return; }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => done({ lat: coords.latitude, lng: coords.longitude, location: "granted" }),
      ({ code }) => done(code === 1 ? { location: "denied" } : {}),
      { enableHighAccuracy: true, maximumAge: 60000, timeout: WAIT_MS },
    );
  });
  const ask = async (form) => {
    const word = { granted: "granted", denied: "denied", default: "prompt" }[window.Notification?.permission] || "";
    const [pct, location, here] = await Promise.all([battery(), permission("geolocation"), form.dataset.duty === "demo" ? {} : place()]);
    return { app_version: APP, battery_pct: pct, notifications: word, ...(form.dataset.duty === "demo" ? {} : { location }), ...here };
  };
  let known = null;
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.target.closest?.("form[data-duty]");
    if (!form || form.elements.on?.value !== "1") return;
    event.preventDefault();
    const go = event.detail.issueRequest;
    ask(form).then((facts) => { known = facts; go(true); }, () => go(true));
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!known || !event.target.closest?.("form[data-duty]")) return;
    for (const [name, value] of Object.entries(known)) if (value !== "") event.detail.parameters[name] = value;
    known = null;
  });
})();
