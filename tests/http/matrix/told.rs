//! What is told of things by other ways: events, refusals of references to them, plans of a publication.

use futures_util::future::join_all;
use mkt::client::Client;
use mkt::client::cable::{Followed, Position, Seen};
use mkt::core::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Answer, text};
use super::assert_no_faults;
use super::deeds::Deed;
use super::oracle::{Outcome, Thing};
use super::people::Person;
use super::world::World;
use crate::support::Manifest;

/// The fields that refer to others: of what, and to what.
const REFERENCES: &[(&str, &str, &str)] = &[
    ("product", "user_id", "user"),
    ("sub_product", "parent_id", "product"),
    ("sub_product", "child_id", "product"),
    ("instance", "build_id", "build"),
    ("instance", "configuration_id", "configuration"),
    ("identity", "identity_provider_id", "identity_provider"),
    ("member", "user_id", "user"),
    ("appointment", "entity_id", "user"),
    ("appointment", "entity_id", "group"),
    ("entitlement", "user_id", "user"),
    ("entitlement", "product_license_id", "product_license"),
    ("voucher", "product_license_id", "product_license"),
    ("claim", "claimant_id", "user"),
    ("claim", "claimant_id", "group"),
];

pub async fn tries(world: &World) -> usize {
    let mut references = Vec::new();
    for person in &world.people {
        for (kind, field, target) in REFERENCES {
            references.extend(to_hidden(world, person, kind, field, target));
        }
    }
    let awards = world.people.iter().flat_map(|person| things(world, "product").map(move |product| (person, product)));
    let awards: Vec<_> = awards.map(|(person, product)| award(world, person, product)).collect();
    let count = references.len() + awards.len() + 2 * world.people.len();
    assert_no_faults(awards).await;
    assert_no_faults(references).await;
    assert_no_faults(world.people.iter().map(|person| events(world, person))).await;
    assert_no_faults(world.people.iter().map(|person| plan(world, person))).await;
    count
}

fn things<'a>(world: &'a World, kind: &'a str) -> impl Iterator<Item = &'a Thing> {
    world.things.0.iter().filter(move |thing| thing.kind.name == kind)
}

/// Refers to something hidden, and to something made up: in a creation, and in a change of what the person may change.
fn to_hidden<'a>(
    world: &'a World,
    person: &'a Person,
    kind: &'a str,
    field: &'static str,
    target: &'a str,
) -> Vec<impl Future<Output = Option<String>> + 'a> {
    let may = |verb: &str, thing: &Thing| world.things.may(person, verb, thing);
    let Some(hidden) = things(world, target).find(|thing| !may("read", thing)) else { return Vec::new() };
    let first = things(world, kind).next().unwrap();
    let model = things(world, kind).find(|thing| may("create", thing)).unwrap_or(first);
    let mut body = model.value.clone();
    body["id"] = json!("mine");
    for (party, word) in [("user", "User"), ("group", "Group")] {
        for field in ["entity_type", "claimant_type"].iter().filter(|_| party == target) {
            body[*field] = json!(word);
        }
    }
    let changed = things(world, kind).find(|thing| may("update", thing));
    let change = changed
        .map(|thing| (Method::PATCH, thing.path.clone(), json!({ "name": [], "entity_type": body["entity_type"] })));
    let attempts = [(Method::POST, model.collection().to_owned(), body)].into_iter().chain(change);
    attempts
        .map(|(method, path, body)| async move {
            let answer = async |id: &str| {
                let mut body = body.clone();
                body[field] = json!(id);
                Answer::to(person.request(&world.server, method.clone(), &path).json(&body)).await
            };
            let (hidden, absent) = (answer(&hidden.id).await, answer(&Uuid::new_v4().to_string()).await);
            let same = (hidden.status, &hidden.body) == (absent.status, &absent.body);
            (!same).then(|| {
                format!("{}: {method} {path} with a hidden {field}: {} not {}", person.name, hidden.body, absent.body)
            })
        })
        .collect()
}

/// Gives a product the badge that it has.
async fn award(world: &World, person: &Person, product: &Thing) -> Option<String> {
    let badge = things(world, "badge").next()?;
    let deed = Deed::new(Method::POST, format!("{}/badges/{}", product.path, badge.id), "update", 200);
    let expected = match world.things.outcome(person, "read", product) {
        Outcome::Hidden if person.token.is_some() => Outcome::Hidden,
        _ => world.things.outcome(person, "update", badge),
    };
    super::fault(world, person, badge.kind, &deed, expected).await
}

/// Whether somebody may hear of a thing of the catalogue: whoever may read it, if their token is for all of the catalogue.
fn may_hear(world: &World, person: &Person, thing: &Thing) -> bool {
    let covered = ["products", "builds"].iter().all(|resource| person.covers(resource, "read"));
    let stranger = Person::default();
    let hearer = if covered { person } else { &stranger };
    let above = thing.above.iter().map(|place| &world.things.0[*place]);
    above.chain([thing]).all(|thing| world.things.may(hearer, "read", thing))
}

/// Looks at the events there were.
async fn events(world: &World, person: &Person) -> Option<String> {
    let request = person.request(&world.server, Method::GET, "/events?limit=1000");
    let told = Answer::to(request).await.json();
    let mut told: Vec<_> = told["results"].as_array()?.iter().map(about).collect();
    let catalogue = things(world, "product").chain(things(world, "build"));
    let heard = catalogue.filter(|thing| !thing.value["published_at"].is_null() && may_hear(world, person, thing));
    let mut expected: Vec<_> = heard.map(|thing| thing.id.clone()).collect();
    // What was yanked was published before.
    told.sort();
    told.dedup();
    expected.sort();
    (told != expected).then(|| format!("{}: hears of {told:?} instead of {expected:?}", person.name))
}

/// What an event is about.
fn about(event: &Value) -> String {
    text(&event["model"][text(event, "resource_type")], "id")
}

/// Plans to publish a hidden product, and one that is made up.
async fn plan(world: &World, person: &Person) -> Option<String> {
    let hidden = things(world, "product").find(|thing| !world.things.may(person, "read", thing))?;
    let build = things(world, "build")
        .filter(|build| build.path.starts_with(&hidden.path))
        .find(|build| !world.things.may(person, "read", build))?;
    let mut manifest = Manifest::new("Planned", &text(&build.value, "version"));
    let mut plans = Vec::new();
    let made_up = [Uuid::new_v4().to_string(), Uuid::new_v4().to_string()];
    for [product, build] in [[&hidden.id, &build.id], [&made_up[0], &made_up[1]]] {
        manifest.0["product"]["uuid"] = json!(product);
        manifest.0["product"]["build"]["uuid"] = json!(build);
        let request = person.request(&world.server, Method::POST, "/packages?dry_run=true").json(&manifest.0);
        let answer = Answer::to(request).await;
        let mut plan = answer.json();
        for step in plan["steps"].as_array_mut().into_iter().flatten() {
            // What would be made has another id each time.
            step["id"] = json!(null);
        }
        plans.push((answer.status, plan.to_string().replace(product, "product").replace(build, "build")));
    }
    (plans[0] != plans[1]).then(|| format!("{}: plans {plans:#?}", person.name))
}

/// Has everybody listen while a build is published that not all may see, and then one that all may see.
pub async fn live(world: &World) {
    let [hidden, open] = ["vendor future", "vendor public"]
        .map(|name| things(world, "product").find(|product| product.value["name"] == name).unwrap());
    let mut watches = Vec::new();
    for person in world.people.iter().filter(|person| person.platform.is_none()) {
        let token = person.token.as_deref().map(Secret::new);
        let mut watch = Client::new(world.server.url("").parse().unwrap(), token)
            .unwrap()
            .watch(Followed::Catalog, Position::default());
        assert!(matches!(watch.next().await.unwrap(), Seen::Resumed), "{}", person.name);
        watches.push((person, watch));
    }
    let administrator = world.people.iter().find(|person| person.name == "administrator").unwrap();
    let mut published = Vec::new();
    for product in [hidden, open] {
        let post = |path: String| administrator.request(&world.server, Method::POST, &path);
        let build =
            Answer::to(post(format!("{}/builds", product.path)).json(&json!({ "version": "live" }))).await.json();
        assert_eq!(Answer::to(post(format!("{}/publish", text(&build, "path")))).await.status, 200);
        published.push(text(&build, "id"));
    }
    join_all(watches.into_iter().map(|(person, mut watch)| {
        let published = &published;
        async move {
            let mut heard = Vec::new();
            while heard.last() != published.last() {
                if let Seen::Event { json, .. } = watch.next().await.unwrap() {
                    heard.push(about(&serde_json::from_str(&json).unwrap()));
                }
            }
            let expected = if may_hear(world, person, hidden) { &published[..] } else { &published[1..] };
            assert_eq!(heard, expected, "{}", person.name);
        }
    }))
    .await;
}
