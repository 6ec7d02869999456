//! What there is: products of two sellers in every state with all below them, rights to them, and people's own things.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::forms::{Upload, multipart, pairs};
use super::super::{Answer, id_in, post, text};
use super::oracle::{KINDS, Kind, Thing, Things};
use super::people::{Person, Users, platform};
use super::{MOST, MadeUp, SHARE};
use crate::support::{Database, Server};

/// A marketplace with all that is in it and all who ask.
pub struct World {
    pub server: Server,
    pub people: Vec<Person>,
    pub things: Things,
    /// One in how many attempts is made.
    pub share: usize,
    /// How things are answered that are not there.
    pub made_up: MadeUp,
}

impl World {
    pub async fn make(database: &Database) -> Self {
        let server = Server::start_with(database, &["--rate-limit", "0"], &[]).await;
        let users = Users::make(&server).await;
        let maker = Maker { server: &server, users: &users };
        let (group, home) = (maker.groups().await, maker.shops().await);
        let mut people = users.sign_in(&server, &group).await;
        people.push(platform(database, &home).await);
        let administrator = people.iter().find(|person| person.name == "administrator").unwrap();
        let things = gather(&server, administrator).await;
        let share = if database.url.starts_with("sqlite") { 1 } else { SHARE };
        Self { server, people, things, share, made_up: MadeUp::default() }
    }

    /// Whether somebody tries a thing: all that is in the catalogue, all that is theirs, some of all else.
    pub fn concerns(&self, person: &Person, thing: &Thing) -> bool {
        let mut alike = self.things.0.iter().filter(|other| other.kind.name == thing.kind.name);
        thing.kind.kept_with_parents
            || thing.kind.name == "product"
            || person.user.is_some()
                && (person.user == thing.owner || thing.holders.iter().any(|id| Some(id) == person.user.as_ref()))
            || alike.position(|other| other.id == thing.id).is_some_and(|place| place < MOST)
    }
}

/// The states of a product with those of its builds.
const SHOPS: &[(&str, &str, &[&str])] = &[
    ("vendor", "public", &["published", "draft", "yanked"]),
    ("vendor", "draft", &["published", "draft"]),
    ("vendor", "future", &["published"]),
    ("rival", "public", &["published", "draft"]),
    ("rival", "draft", &["published"]),
];

/// Which product is part of which.
const FAMILIES: &[(&str, &str)] = &[
    ("vendor public", "rival public"),
    ("vendor public", "vendor draft"),
    ("vendor draft", "vendor public"),
    ("vendor draft", "vendor future"),
    ("rival draft", "vendor public"),
    ("rival public", "rival draft"),
];

struct Maker<'a> {
    server: &'a Server,
    users: &'a Users,
}

impl Maker<'_> {
    /// The path of a new record.
    async fn make(&self, path: &str, body: Value) -> String {
        text(&self.server.create(path, body).await, "path")
    }

    /// The path of a new record that has a picture.
    async fn picture(&self, path: &str, body: Value) -> String {
        let request = self.server.request(Method::POST, path);
        let answer = Answer::to(multipart(request, &pairs("", &body), &[Upload::png("image", [1, 2, 3])])).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
        text(&answer.json(), "path")
    }

    /// Three groups: one with a claim, one that gets a role, one of others. Answers the id of the second.
    async fn groups(&self) -> String {
        let mut ids = Vec::new();
        for (group, member) in [("ward", "friend"), ("desk", "deputy"), ("club", "rival")] {
            let path = self.make("/groups", json!({ "name": group })).await;
            self.make(&format!("{path}/members"), json!({ "user_id": self.users.id(member) })).await;
            ids.push(id_in(&path).to_owned());
        }
        ids.swap_remove(1)
    }

    /// All else. Answers the id of the buyer's platform.
    async fn shops(&self) -> String {
        let badge = self.make("/badges", json!({ "name": "Badge", "description": "Seen." })).await;
        let [wanted, offered] = ["wanted", "offered"]
            .map(|name| self.make("/interfaces", json!({ "name": name, "uri": name, "version": "1" })));
        let (wanted, offered) = (wanted.await, offered.await);
        let interfaces = [id_in(&wanted), id_in(&offered)];
        self.make(&format!("{wanted}/surrogates"), json!({ "substitute_id": interfaces[1] })).await;
        let mut products = Vec::new();
        let mut builds = Vec::new();
        for (seller, state, states) in SHOPS {
            let product = self.product(seller, state).await;
            for build in *states {
                builds.push(self.build(&product, build, interfaces).await);
            }
            post(self.server, &format!("{product}/badges/{}", id_in(&badge))).await;
            self.rights(&product).await;
            if *state != "draft" {
                post(self.server, &format!("{product}/publish")).await;
            }
            products.push((format!("{seller} {state}"), id_in(&product).to_owned()));
        }
        let product = |name: &str| &products.iter().find(|(known, _)| known == name).unwrap().1;
        for (parent, child) in FAMILIES {
            let body = json!({ "parent_id": product(parent), "child_id": product(child) });
            self.make("/sub_products", body).await;
        }
        self.own_things(&builds).await
    }

    async fn product(&self, seller: &str, state: &str) -> String {
        let visible_at = if state == "future" { json!("2100-01-01") } else { json!(null) };
        let name = format!("{seller} {state}");
        let body = json!({
            "name": name, "user_id": self.users.id(seller), "description": format!("common {state}"),
            "uri": format!("urn:{seller}:{state}"), "external_id": name, "visible_at": visible_at,
            "mime_type": format!("application/{state}.{seller}"), "locale": "en", "support_url": "tel:+1",
        });
        let product = self.make("/products", body).await;
        let license = json!({ "name": name, "url": format!("https://example.org/{seller}/{state}") });
        let license = self.make("/licenses", license).await;
        let offer = json!({ "license_id": id_in(&license), "external_id": name });
        self.make(&format!("{product}/licenses"), offer).await;
        self.picture(&format!("{product}/screenshots"), json!({ "caption": name })).await;
        self.picture(&format!("{product}/logos"), json!({})).await;
        product
    }

    /// A build in this state, vouched for, a draft submitted, with one of everything below it. Those that are published have an asset.
    async fn build(&self, product: &str, state: &str, [wanted, offered]: [&str; 2]) -> String {
        let ordinal = i32::from(state == "draft");
        let body = json!({ "version": state, "ordinal": ordinal, "container_tag": state, "release_notes": state });
        let build = self.make(&format!("{product}/builds"), body).await;
        let configuration = self.make(&format!("{build}/configurations"), json!({ "name": state })).await;
        self.make(&format!("{configuration}/tasks"), json!({ "name": state })).await;
        self.make(&format!("{build}/dependencies"), json!({ "interface_id": wanted })).await;
        let exposure = self.make(&format!("{build}/exposures"), json!({ "interface_id": offered })).await;
        self.make(&format!("{exposure}/parameters"), json!({ "name": state })).await;
        if state == "draft" {
            post(self.server, &format!("{build}/submit")).await;
        } else {
            let asset = self.server.request(Method::PUT, &format!("{build}/asset")).body(build.clone());
            assert_eq!(Answer::to(asset).await.status, 200);
        }
        post(self.server, &format!("{build}/validate")).await;
        if state != "draft" {
            post(self.server, &format!("{build}/publish")).await;
        }
        if state == "yanked" {
            post(self.server, &format!("{build}/yank")).await;
        }
        build
    }

    /// Rights of the buyer to a product, claimed by the buyer and a group, and a voucher.
    async fn rights(&self, product: &str) {
        let offer = self.server.get(&format!("{product}/licenses")).await["results"][0]["id"].clone();
        let group = self.server.get("/groups?name=ward").await["results"][0]["id"].clone();
        let right =
            json!({ "user_id": self.users.id("buyer"), "product_license_id": offer, "valid_from": "2026-01-01" });
        let right = self.make("/entitlements", right).await;
        let claims = format!("{right}/claims");
        self.make(&claims, json!({ "claimant_type": "User", "claimant_id": self.users.id("buyer") })).await;
        self.make(&claims, json!({ "claimant_type": "Group", "claimant_id": group })).await;
        self.make("/vouchers", json!({ "product_license_id": offer })).await;
        for (kind, id) in [("User", json!(self.users.id("buyer"))), ("Group", group)] {
            let product = id_in(product);
            let attempt =
                json!({ "product_id": product, "claimant_type": kind, "claimant_id": id, "outcome": "granted" });
            self.make("/attempts", attempt).await;
        }
    }

    /// Providers, identities, platforms, instances.
    async fn own_things(&self, builds: &[String]) -> String {
        let mut home = String::new();
        for (name, enabled) in [("Open", true), ("Shut", false)] {
            let body = json!({
                "name": name, "issuer": format!("https://{name}.example.org"), "client_id": name,
                "client_secret": "swordfish", "scopes": name, "alternate_client_id": name,
            });
            let provider = self.make("/identity_providers", body).await;
            for user in ["vendor", "buyer"] {
                let identity = json!({ "identity_provider_id": id_in(&provider), "sub": user, "hd": user });
                self.make(&format!("/users/{}/identities", self.users.id(user)), identity).await;
            }
            if enabled {
                post(self.server, &format!("{provider}/enable")).await;
            }
        }
        for (user, build) in [("buyer", &builds[0]), ("vendor", &builds[4])] {
            let platforms = format!("/users/{}/platforms", self.users.id(user));
            let platform = self.make(&platforms, json!({ "name": user, "public_key": PUBLIC_KEY })).await;
            self.make(&format!("{platform}/instances"), json!({ "build_id": id_in(build) })).await;
            let keys = format!("/users/{}/publisher_keys", self.users.id(user));
            self.make(&keys, json!({ "name": user, "public_key": PUBLIC_KEY })).await;
            if user == "buyer" {
                home = id_in(&platform).to_owned();
            }
        }
        home
    }
}

const PUBLIC_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// All things there are, as an administrator finds them.
async fn gather(server: &Server, administrator: &Person) -> Things {
    let mut things = Things(Vec::new());
    for kind in KINDS {
        let mut collections = vec![(format!("/{}", kind.path), None)];
        if !kind.under.is_empty() {
            let parents = things.0.iter().enumerate().filter(|(_, parent)| parent.kind.name == kind.under);
            collections =
                parents.map(|(place, parent)| (format!("{}/{}", parent.path, kind.path), Some(place))).collect();
        }
        for (collection, parent) in collections {
            let request = administrator.request(server, Method::GET, &format!("{collection}?per_page=1000"));
            let page = Answer::to(request).await.json();
            for value in page["results"].as_array().unwrap_or_else(|| panic!("{collection}: {page}")) {
                let thing = thing(&things, kind, parent, value);
                things.0.push(thing);
            }
        }
    }
    note_members(&mut things);
    things
}

fn thing(things: &Things, kind: &'static Kind, parent: Option<usize>, value: &Value) -> Thing {
    let id_of = |field: &str| value[field].as_str().map(str::to_owned);
    let place = |id: &str| things.0.iter().position(|thing| thing.id == id).unwrap();
    let part_of = kind.part_of.iter().map(|(field, _)| place(value[*field].as_str().unwrap()));
    let above: Vec<usize> = parent.into_iter().chain(part_of).collect();
    let own = match kind.name {
        "product" | "identity" | "token" | "platform" | "publisher_key" => id_of("user_id"),
        "user" => id_of("id"),
        // Who has a right decides who uses it.
        "claim" => things.0[above[0]].value["user_id"].as_str().map(str::to_owned),
        _ => None,
    };
    let holders = match kind.name {
        "entitlement" => id_of("user_id"),
        "voucher" => id_of("redeemed_by"),
        "claim" | "attempt" => id_of("claimant_id"),
        "platform" => id_of("id"),
        "instance" => id_of("platform_id"),
        _ => None,
    };
    let past = |field: &str| value[field].as_str().is_some_and(|instant| instant < "2100");
    let published = match kind.name {
        "product" => past("published_at") && past("visible_at"),
        "build" => past("published_at"),
        "identity_provider" => past("enabled_at"),
        _ => true,
    };
    let owner = own.or_else(|| above.first().and_then(|place| things.0[*place].owner.clone()));
    let (path, id) = (text(value, "path"), text(value, "id"));
    Thing { kind, path, id, value: value.clone(), above, published, owner, holders: Vec::from_iter(holders) }
}

/// What is for a group is for its members, unless it is an attempt: those are each one's own.
fn note_members(things: &mut Things) {
    let members = things.0.iter().filter(|thing| thing.kind.name == "member");
    let members: Vec<(Value, Value)> =
        members.map(|thing| (thing.value["group_id"].clone(), thing.value["user_id"].clone())).collect();
    for thing in things.0.iter_mut().filter(|thing| matches!(thing.kind.name, "group" | "claim")) {
        let group = if thing.kind.name == "group" { json!(thing.id) } else { thing.value["claimant_id"].clone() };
        let users = members.iter().filter(|(of, _)| *of == group).map(|(_, user)| user.as_str().unwrap().to_owned());
        thing.holders.extend(users);
    }
}
