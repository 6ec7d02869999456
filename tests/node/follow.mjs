// Follows the catalogue with the ActionCable client of Rails: follow.mjs URL COUNT. Prints what happens, a line each.
import WebSocket from "ws";

globalThis.WebSocket = WebSocket;
globalThis.document = { visibilityState: "visible", createElement: () => ({}) };
globalThis.addEventListener = () => {};
globalThis.removeEventListener = () => {};

const { createConsumer, adapters } = await import("@rails/actioncable");
adapters.WebSocket = WebSocket;

const [url, count] = process.argv.slice(2);
const consumer = createConsumer(url);
let left = Number(count);

consumer.subscriptions.create(
  { channel: "CatalogChannel" },
  {
    connected: () => console.log("connected"),
    disconnected: () => console.log("disconnected"),
    rejected: () => {
      console.log("rejected");
      process.exit(1);
    },
    received: (event) => {
      console.log(JSON.stringify(event));
      left -= 1;
      if (left === 0) {
        consumer.disconnect();
        process.exit(0);
      }
    },
  },
);
consumer.subscriptions.create({ channel: "NoSuchChannel" }, { rejected: () => console.log("unknown channel rejected") });
setTimeout(() => {
  console.log("timed out");
  process.exit(1);
}, 30_000);
