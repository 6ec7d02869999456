// Follows the chat with the client of AnyCable: anycable.mjs URL COUNT. Prints what happens, a line each.
import WebSocket from "ws";
import { createCable } from "@anycable/core";

const [url, count] = process.argv.slice(2);
let left = Number(count);
const cable = createCable(url, {
  protocol: "actioncable-v1-ext-json",
  websocketImplementation: WebSocket,
  reconnectStrategy: () => 300,
  logLevel: "error",
});
const channel = cable.subscribeTo("ChatChannel");
cable.on("connect", ({ reconnect, restored }) => console.log(`connected${reconnect ? " again" : ""}${restored ? ", restored" : ""}`));
channel.on("info", ({ type }) => console.log(type));
cable.on("close", (why) => {
  console.log(`closed ${why?.message}`);
  process.exit(1);
});
channel.on("message", (message, meta) => {
  console.log(JSON.stringify({ ...message, offset: meta.offset }));
  left -= 1;
  if (left === 0) process.exit(0);
});
setTimeout(() => {
  console.log("timed out");
  process.exit(1);
}, 60_000);
