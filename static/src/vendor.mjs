// Copies the browser files we ship from node_modules into static/vendor (with their licences) and draws the icon
// sprite from the names in static/icons/names.txt. Run with `npm run vendor` after changing a version or a name.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";

const modules = "node_modules";
const out = "static/vendor";
const version = (name) => JSON.parse(readFileSync(`${modules}/${name}/package.json`)).version;

const shelf = [
  ["htmx", "htmx.org", ["dist/htmx.min.js"]],
  ["htmx-ext-ws", "htmx-ext-ws", ["dist/ws.min.js"]],
  ["idiomorph", "idiomorph", ["dist/idiomorph-ext.min.js"]],
  ["alpine", "@alpinejs/csp", ["dist/cdn.min.js"]],
  ["leaflet", "leaflet", ["dist/leaflet.js", "dist/leaflet.css"]],
  ["uplot", "uplot", ["dist/uPlot.iife.min.js", "dist/uPlot.min.css"]],
];
const rename = { "cdn.min.js": "alpine-csp.min.js" };
const mit = (who) => `MIT License

Copyright (c) ${who}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

const lines = [];
for (const [folder, name, files] of shelf) {
  mkdirSync(`${out}/${folder}`, { recursive: true });
  for (const file of files) {
    const base = file.split("/").pop();
    const target = `${out}/${folder}/${rename[base] ?? base}`;
    // Source maps are not shipped: drop the pointer, or a manifest of hashed files refuses to build.
    writeFileSync(target, readFileSync(`${modules}/${name}/${file}`, "utf8").replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
  }
  const licence = readdirSync(`${modules}/${name}`).find((f) => /^licen[cs]e/i.test(f));
  if (licence) copyFileSync(`${modules}/${name}/${licence}`, `${out}/${folder}/LICENSE`);
  else writeFileSync(`${out}/${folder}/LICENSE`, mit("2019-2025 Caleb Porzio and contributors"));
  lines.push(`${folder}: ${name} ${version(name)}`);
}
// Leaflet's style sheet points at marker pictures; ship them, so that a manifest of hashed files builds.
mkdirSync(`${out}/leaflet/images`, { recursive: true });
for (const f of readdirSync(`${modules}/leaflet/dist/images`)) copyFileSync(`${modules}/leaflet/dist/images/${f}`, `${out}/leaflet/images/${f}`);

const names = readFileSync("static/icons/names.txt", "utf8").split("\n").filter(Boolean);
const symbols = names.map((name) => {
  const path = `${modules}/lucide-static/icons/${name}.svg`;
  if (!existsSync(path)) throw new Error(`Lucide has no icon "${name}"`);
  const inside = readFileSync(path, "utf8").replace(/<!--.*?-->/s, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${inside.replace(/\s*\n\s*/g, "").trim()}</symbol>`;
});
writeFileSync("static/icons/lucide.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
copyFileSync(`${modules}/lucide-static/LICENSE`, "static/icons/LICENSE");
lines.push(`icons: lucide-static ${version("lucide-static")} (${names.length} icons)`);
writeFileSync(`${out}/VERSIONS.txt`, lines.join("\n") + "\n");
console.log(lines.join("\n"));
