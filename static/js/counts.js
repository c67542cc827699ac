// Counting on the floor. Without it the forms are typed and posted.
//   form[data-count]       each scan of one of data-codes adds one to the lot that was chosen last; another code is refused
//   [data-scan-here]       on pages without a sheet, a scan is typed here and sent
//   [data-stepper]         − and + around a number field
(() => {
  "use strict";
  const BURST_MS = 60; // faster than people type
  const LEAST_CODE = 4;
  const BARCODE = 8; // nobody counts that far
  const PAUSE_MS = 500;
  const $ = (selector, root = document) => root.querySelector(selector);
  const form = $("form[data-count]");
  const codes = form ? form.dataset.codes.trim().toLowerCase().split(/\s+/) : [];
  let chosen = form && $("input[type=number]", form);

  const add = (field, step) => {
    const most = Number(field.max || 99999);
    field.value = Math.max(Number(field.min || 0), Math.min(most, Number(field.value || 0) + step));
  };
  const mark = () => form?.querySelectorAll(".count-lot").forEach((lot) => lot.toggleAttribute("data-chosen", lot.contains(chosen)));
  const scanned = (code) => {
    if (form) {
      const right = codes.includes(code.toLowerCase());
      if (right) add(chosen, 1);
      navigator.vibrate?.(right ? 60 : [180, 80, 180]);
      const said = $("[data-said]", form);
      said.textContent = right ? `+1 → ${chosen.value}` : `${form.dataset.wrong}: ${code}`;
      said.dataset.kind = right ? "right" : "wrong";
      return;
    }
    const field = $("[data-scan-here]");
    if (!field) return;
    field.value = code;
    field.form.requestSubmit();
  };

  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    const field = $("input", step.closest("[data-stepper]"));
    add(field, Number(step.dataset.step));
    if (form?.contains(field)) { chosen = field; mark(); }
  });
  document.addEventListener("focusin", (event) => {
    if (form && event.target.matches("form[data-count] input[type=number]")) { chosen = event.target; mark(); }
  });

  // A scanner types quickly and ends with Enter. What is as long as a barcode is one however slow the tablet was.
  let typed = "";
  let startedAt = 0;
  let lastAt = 0;
  let into = null; // where the typing began, and what stood there: a scan is not typed into a figure
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("[data-scan-here]")) return;
    const at = event.timeStamp; // when it was pressed, not when a busy tablet got to it
    if (event.key === "Enter") {
      const code = typed;
      const quick = code.length >= LEAST_CODE && (at - startedAt) / code.length < BURST_MS;
      typed = "";
      if (!quick && code.length < BARCODE) return;
      event.preventDefault();
      const known = codes.find((one) => one && code.toLowerCase().endsWith(one)) || code;
      if (into) into.field.value = into.value + code.slice(0, code.length - known.length);
      scanned(known);
    } else if (event.key.length === 1) {
      if (!typed || at - lastAt > PAUSE_MS) {
        typed = "";
        startedAt = at;
        into = event.target.matches("input") ? { field: event.target, value: event.target.value } : null;
      }
      typed += event.key;
    }
    lastAt = at;
  }, true);
  mark();
})();
