// Approves a device: signs its user in, shows which device it is, and tells the marketplace what the user decides.

const byId = (id) => document.getElementById(id);
const show = (id) => ["who", "enter", "decide"].forEach((part) => { byId(part).hidden = part !== id; });
const tell = (text) => { byId("told").textContent = text; };

/** The token, in this tab's memory only; the address is rid of it at once. */
let token = null;

async function call(method, path, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401) token = null;
  if (!response.ok) throw new Error(answer.message ?? `The server answered ${response.status}.`);
  return answer;
}

async function askWho(code) {
  const { results } = await call("GET", "/identity_providers?per_page=100");
  const back = `${location.origin}/device?user_code=${encodeURIComponent(code)}`;
  byId("providers").replaceChildren(...results.map((provider) => {
    const [item, link] = [document.createElement("li"), document.createElement("a")];
    link.href = `/identity_providers/${provider.id}/redirect?return_to=${encodeURIComponent(back)}`;
    link.textContent = `Sign in with ${provider.name}`;
    item.append(link);
    return item;
  }));
  show("who");
}

async function find(code) {
  if (!token) return askWho(code);
  if (!code) return show("enter");
  const device = await call("POST", "/device", { user_code: code });
  byId("client").textContent = device.client;
  show("decide");
  byId("approve").focus();
}

async function decide(approve) {
  const { message } = await call("POST", "/device", { user_code: byId("code").value, approve });
  show("none");
  tell(`${message} You can close this page.`);
}

/** Runs what the user asked for; what fails is told, and the user starts again where it failed. */
async function attempt(action) {
  tell("");
  try {
    await action();
  } catch (error) {
    tell(error.message);
    if (!token) await askWho(byId("code").value).catch(() => {});
    else show("enter");
  }
}

const given = new URLSearchParams(location.search);
token = given.get("jwt");
byId("code").value = given.get("user_code") ?? "";
history.replaceState(null, "", "/device");

byId("by-token").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  attempt(() => find(byId("code").value));
});
byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => find(byId("code").value));
});
byId("approve").addEventListener("click", () => attempt(() => decide(true)));
byId("refuse").addEventListener("click", () => attempt(() => decide(false)));

attempt(() => find(byId("code").value)).then(() => {
  if (given.get("error")) tell(given.get("message") ?? "The sign-in was refused.");
});
