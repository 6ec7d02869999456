// How fast the application is in a browser, on the marketplace at MKT_SERVER: what its first view takes, and what a search does.

import { journey, SERVER } from "./browser.mjs";

const KEYS = "heart monitor";

/** The middle and the greatest of some numbers. */
function spread(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  return `${Math.round(sorted[Math.floor(sorted.length / 2)])} ms in the middle, ${Math.round(sorted.at(-1))} ms at most`;
}

await journey(async (arrive) => {
  const { page } = await arrive();
  await page.addInitScript(() => {
    globalThis.shifts = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shifts += entry.value))).observe({
      type: "layout-shift",
      buffered: true,
    });
  });
  for (const visit of ["first", "second"]) {
    await page.goto(`${SERVER}/ui/`);
    await page.locator(".product.card").first().waitFor();
    const usable = await page.evaluate(() => performance.now());
    await page.waitForTimeout(1500);
    const { bytes, requests, painted, shifts } = await page.evaluate(() => {
      const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
      const own = all.filter(({ name }) => new URL(name).pathname.startsWith("/ui/"));
      return {
        bytes: own.reduce((sum, { transferSize }) => sum + transferSize, 0),
        requests: own.length,
        painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
        shifts: globalThis.shifts,
      };
    });
    console.log(
      `${visit} visit: ${Math.round(bytes / 1000)} kB in ${requests} files, painted after ${Math.round(painted)} ms, usable after ${Math.round(usable)} ms, layout shift ${shifts.toFixed(3)}`,
    );
  }
  const times = [];
  const search = page.getByLabel("Search products");
  for (let length = 1; length <= KEYS.length; length += 1) {
    const before = await page.evaluate(() => performance.now());
    const answer = page.waitForResponse((response) => new URL(response.url()).pathname === "/products");
    await search.fill(KEYS.slice(0, length));
    await answer;
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
    times.push((await page.evaluate(() => performance.now())) - before);
  }
  console.log(`from a key to what it finds, with the 120 ms that are waited for the next one: ${spread(times)}`);
});
