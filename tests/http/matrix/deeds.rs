//! What is tried with each thing. Nothing of it changes anything, even where it is permitted: what is sent is the same as
//! before, or stale, or breaks a rule that is looked at after the right to send it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::oracle::Thing;
use super::people::Person;
use crate::support::Server;

/// Something to try.
pub struct Deed {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    /// What it takes.
    pub verb: &'static str,
    /// How it is answered where it is permitted.
    pub done: u16,
}

impl Deed {
    pub fn new(method: Method, path: String, verb: &'static str, done: u16) -> Self {
        Self { method, path, body: None, verb, done }
    }

    pub fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The same with ids that nothing has.
    pub fn elsewhere(&self) -> Self {
        let mut body = self.body.clone();
        if let Some(id) = body.as_mut().and_then(|body| body.get_mut("id")) {
            *id = json!(id.as_str().map(elsewhere));
        }
        Self { path: elsewhere(&self.path), body, method: self.method.clone(), ..*self }
    }

    pub fn request(&self, server: &Server, person: &Person) -> RequestBuilder {
        let request = person.request(server, self.method.clone(), &self.path);
        let request = if self.method == Method::DELETE { request.header("if-match", "\"stale\"") } else { request };
        match &self.body {
            None => request,
            Some(Value::String(bare)) => request.body(bare.clone()),
            Some(body) => request.json(body),
        }
    }
}

/// A path or an id with ids that nothing has.
pub fn elsewhere(path: &str) -> String {
    let nothing = Uuid::from_u128(0x4000_8000_0000_0000_0001).to_string();
    let segments = path.split('/').map(|segment| if segment.parse::<Uuid>().is_ok() { &nothing } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// All that is tried with a thing. Of the addresses that a verb has, the turn decides.
pub fn deeds(thing: &Thing, turn: usize) -> Vec<Deed> {
    let Thing { kind, id, value, .. } = thing;
    let addresses = addresses(thing);
    let address = |turn: usize| addresses[turn % addresses.len()].clone();
    let mut deeds = vec![Deed::new(Method::GET, address(turn), "read", 200)];
    if matches!(kind.name, "audit_event" | "review") {
        return deeds;
    }
    let collection = thing.collection().to_owned();
    let mut wrong = value.clone();
    wrong["id"] = json!("mine");
    deeds.extend([
        match turn % 3 {
            0 => Deed::new(Method::PATCH, address(turn / 3), "update", 200).with(json!({})),
            1 => Deed::new(Method::PUT, address(turn / 3), "update", 200).with(json!({})),
            _ => Deed::new(Method::PUT, collection.clone(), "update", 200).with(json!({ "id": id })),
        },
        Deed::new(Method::DELETE, address(turn + 1), "delete", 412),
        Deed::new(Method::POST, collection, "create", 422).with(wrong),
    ]);
    deeds.extend(particular(thing));
    deeds
}

/// The paths of a thing: its own, that in the singular, that whatever it is nested in. A logo has none in the singular,
/// where its sizes are.
fn addresses(thing: &Thing) -> Vec<String> {
    let Thing { kind, path, id, .. } = thing;
    let above = thing.collection().rsplit_once('/').unwrap().0;
    let singular =
        (!matches!(kind.name, "logo" | "audit_event" | "review")).then(|| format!("{above}/{}/{id}", kind.name));
    let flat = (!kind.flat.is_empty()).then(|| format!("{}/{id}", kind.flat));
    [Some(path.clone()), singular, flat].into_iter().flatten().collect()
}

/// What can be done with a kind of thing beyond the common verbs.
fn particular(thing: &Thing) -> Vec<Deed> {
    let at = |method: Method, end: &str, verb, done| Deed::new(method, format!("{}/{end}", thing.path), verb, done);
    let is_set = |field: &str| !thing.value[field].is_null();
    let (get, post) = (Method::GET, Method::POST);
    let picture = |path: &str| at(Method::PUT, path, "update", 422).with(json!("no picture"));
    match thing.kind.name {
        "product" => {
            let step = if is_set("published_at") { "publish" } else { "unpublish" };
            let indexes = ["children", "parents", "surrogates", "logo", "logo/small"];
            let mut deeds: Vec<_> = indexes.iter().map(|index| at(get.clone(), index, "read", 200)).collect();
            deeds.push(at(post, step, "publish", 200));
            deeds
        }
        "build" => {
            let fixed = is_set("published_at");
            let mut deeds = vec![
                at(post.clone(), "validate", "validate", 200),
                at(get.clone(), "reviews", "read", 200),
                at(post.clone(), "submit", "update", if fixed { 409 } else { 200 }),
                at(Method::DELETE, "asset", "update", if fixed { 409 } else { 200 }),
                at(get, "asset", "read", if fixed { 200 } else { 404 }),
            ];
            if fixed {
                let reason = json!({ "reason": "It is not good enough." });
                deeds.push(at(post.clone(), "reject", "reject", 409).with(reason));
                let step = if is_set("yanked_at") { "yank" } else { "publish" };
                deeds.push(at(post, step, "publish", 200));
                deeds.push(at(Method::PUT, "asset", "update", 409).with(json!("other")));
            }
            deeds
        }
        "screenshot" => {
            vec![at(get.clone(), "image", "read", 200), at(get, "small", "read", 200), picture("image")]
        }
        "identity_provider" => {
            let step = if is_set("enabled_at") { "enable" } else { "disable" };
            vec![at(post, step, "update", 200)]
        }
        _ => Vec::new(),
    }
}
