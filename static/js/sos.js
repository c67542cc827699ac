// An SOS rings until somebody has pressed "I have seen it": a tone every few seconds while the strip holds one, also on a
// page that is in the background. A browser that wants a press first is silent until the first one; the strip is red all the same.
(() => {
  "use strict";
  const EVERY_MS = 2500;
  let audio = null;
  const tone = () => {
    try {
      audio = audio || new AudioContext();
      if (audio.state === "suspended") audio.resume();
      for (const [hertz, after] of [[880, 0], [660, 0.25], [880, 0.5]]) {
        const sound = audio.createOscillator();
        const loud = audio.createGain();
        sound.type = "square";
        sound.frequency.value = hertz;
        loud.gain.setValueAtTime(0.1, audio.currentTime + after);
        loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + after + 0.22);
        sound.connect(loud).connect(audio.destination);
        sound.start(audio.currentTime + after);
        sound.stop(audio.currentTime + after + 0.24);
      }
    } catch { /* no sound here */ }
  };
  const rings = () => document.querySelector("[data-sos] [data-sos-rings]");
  setInterval(() => { if (rings()) tone(); }, EVERY_MS);
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target?.id === "ops-sos" && rings()) tone(); });
  document.addEventListener("pointerdown", () => { try { audio = audio || new AudioContext(); audio.resume(); } catch { /* none */ } }, { once: true });
})();
