// look.mjs PARTS CHROMIUM PAGE OUT: opens a page in headless Chromium, does what a person does with it, and prints what was seen as JSON. Screenshots go to OUT.
// PARTS is a folder with playwright-core and axe-core in its node_modules.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [parts, executablePath, file, out] = process.argv.slice(2);
const require = createRequire(join(parts, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const seen = { errors: [], requests: [], dialogs: 0, serious: [] };
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") seen.errors.push(message.text()); });
page.on("pageerror", (error) => seen.errors.push(String(error)));
page.on("dialog", (dialog) => { seen.dialogs++; return dialog.dismiss(); });
const url = pathToFileURL(file).href;
page.on("request", (request) => { if (request.url().split("#")[0] !== url) seen.requests.push(request.url()); });

const texts = (selector) => page.locator(selector).allInnerTexts();
const settled = () => page.waitForTimeout(250); // a search waits until nobody types
async function check(where) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => axe.run());
  for (const v of result.violations.filter((v) => ["serious", "critical"].includes(v.impact))) seen.serious.push(`${where}: ${v.id}: ${v.nodes[0].html}`);
}
const shot = (name) => page.screenshot({ path: join(out, name + ".png") });

const began = performance.now();
await page.goto(url);
await page.locator("main h1").waitFor();
seen.openedInMs = Math.round(performance.now() - began);
seen.title = await page.title();
seen.found = (await texts("[role=status]"))[0];
seen.rows = await page.locator("tbody tr").count();
await shot("list");
await check("list");

await page.keyboard.press("Tab");
seen.firstFocus = await page.evaluate(() => document.activeElement.textContent);

const search = await page.evaluate(() => document.querySelector("tbody th a").textContent);
const typed = performance.now();
await page.fill("#search", search);
await settled();
seen.searched = { for: search, found: (await texts("[role=status]"))[0], rows: await page.locator("tbody tr").count(), ms: Math.round(performance.now() - typed) - 250 };
await page.fill("#search", "");
await settled();
await page.selectOption("#group", "status");
seen.groups = await texts("h2");
await shot("grouped");
await page.selectOption("#group", "none");

const failed = page.locator("tbody tr", { has: page.locator(".Failed") }).first();
if (await failed.count()) {
  await failed.locator("a").click();
  await page.locator("h2", { hasText: "Run history" }).waitFor();
  seen.dataflow = {
    heading: (await texts("h1"))[0], sections: await texts("h2"), runs: await page.locator("tbody").first().locator("tr").count(),
    failed: (await page.locator("tr", { has: page.locator(".Failed") }).first().locator("td.text").first().innerText()), back: await texts("pre"), plots: await page.locator("svg[aria-label]").count(),
  };
  await shot("dataflow");
  await check("dataflow");
}

await page.emulateMedia({ colorScheme: "dark" });
seen.dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
await shot("dark");
await check("dark");
await page.setViewportSize({ width: 375, height: 740 });
seen.phone = await page.evaluate(() => document.documentElement.scrollWidth);
await shot("phone-dataflow");
await page.emulateMedia({ colorScheme: "light" });
await page.goto(url + "#/databases");
await page.locator("h1", { hasText: "Databases" }).waitFor();
seen.databases = (await texts("caption"))[0];
await shot("phone-databases");
await check("databases on a phone");
await page.goto(url + "#/");
await page.locator("h1", { hasText: "Dataflows" }).waitFor();
seen.phoneList = await page.evaluate(() => document.documentElement.scrollWidth);
await shot("phone-list");
await browser.close();
console.log(JSON.stringify(seen));
