// What a reader has folded out stays open when prices are read again.
(() => {
  "use strict";
  const keep = () => { window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.nodeName === "DETAILS"); };
  if (window.Idiomorph) keep();
  else document.addEventListener("DOMContentLoaded", () => window.Idiomorph && keep());
})();
