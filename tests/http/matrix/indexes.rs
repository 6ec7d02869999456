//! What indexes leave out, in whatever order, by whatever filter or search, and what answers embed.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::Answer;
use super::assert_no_faults;
use super::deeds::Deed;
use super::oracle::{KINDS, Outcome, Thing};
use super::people::Person;
use super::world::World;

/// Ids, as an index should have them.
type Ids<'a> = BTreeSet<&'a str>;

/// What is asked for, with what should come of it; nothing where the place itself is hidden.
struct Look<'a> {
    person: &'a Person,
    deed: Deed,
    expected: Option<Ids<'a>>,
}

/// Fields that are no filters, or change by themselves.
const NO_FILTERS: &[&str] =
    &["path", "url", "asset_available", "given_name", "family_name", "redirect_url", "token", "last_used_at"];
/// The fields of identity providers that everybody sees.
const SAFE: &[&str] = &["id", "name", "issuer"];

/// Looks at all indexes as everybody.
pub async fn tries(world: &World) -> usize {
    let (mut looks, collections) = (Vec::new(), collections(world));
    for (turn, person) in world.people.iter().enumerate() {
        for (path, things) in &collections {
            if things.iter().any(|thing| world.concerns(person, thing)) {
                looks.extend(of_collection(world, person, path, things, turn));
            }
        }
        looks.extend(texts(world, person));
        for product in things(world, "product") {
            looks.extend(relations(world, person, product));
        }
    }
    let embedded: Vec<_> =
        world.people.iter().flat_map(|person| things(world, "product").map(move |thing| (person, thing))).collect();
    let looks: Vec<_> = looks.into_iter().step_by(world.share).collect();
    let count = looks.len() + embedded.len();
    assert_no_faults(looks.into_iter().map(|look| fault(world, look))).await;
    assert_no_faults(embedded.into_iter().map(|(person, product)| embeds(world, person, product))).await;
    count
}

fn things<'a>(world: &'a World, kind: &'a str) -> impl Iterator<Item = &'a Thing> {
    world.things.0.iter().filter(move |thing| thing.kind.name == kind)
}

/// Every collection with what is in it.
fn collections(world: &World) -> Vec<(String, Vec<&Thing>)> {
    let mut collections: Vec<(String, Vec<&Thing>)> = Vec::new();
    for thing in &world.things.0 {
        for path in [thing.collection(), thing.kind.flat].into_iter().filter(|path| !path.is_empty()) {
            match collections.iter_mut().find(|(known, _)| known == path) {
                Some((_, things)) => things.push(thing),
                None => collections.push((path.to_owned(), vec![thing])),
            }
        }
    }
    collections
}

/// All of an index in one page, with these parameters.
fn index(path: &str, pairs: &[(&str, &str)]) -> Deed {
    let pairs =
        form_urlencoded::Serializer::new(String::new()).append_pair("per_page", "1000").extend_pairs(pairs).finish();
    Deed::new(Method::GET, format!("{path}?{pairs}"), "read", 200)
}

/// Looks at one collection: as it is, by each field at once filtered and sorted, searched for what may not be found.
fn of_collection<'a>(
    world: &'a World,
    person: &'a Person,
    path: &str,
    there: &[&'a Thing],
    turn: usize,
) -> Vec<Look<'a>> {
    let kind = there[0].kind;
    let nested = !kind.under.is_empty() && path != kind.flat;
    let parent = there[0].above.first().filter(|_| nested).map(|place| &world.things.0[*place]);
    let open = parent.is_none_or(|parent| world.things.opens(person, "read", kind, parent));
    let visible: Vec<_> = there.iter().copied().filter(|thing| world.things.may(person, "read", thing)).collect();
    let all = || open.then(|| visible.iter().map(|thing| thing.id.as_str()).collect());
    let mut looks = vec![Look { person, deed: index(path, &[]), expected: all() }];
    let known: Vec<_> = there.iter().take(100).map(|thing| thing.id.as_str()).collect();
    let expected = all().map(|all: Ids| all.into_iter().filter(|id| known.contains(id)).collect());
    if !matches!(kind.name, "audit_event" | "review") {
        let search = Deed::new(Method::POST, format!("{path}/search"), "read", 200);
        looks.push(Look { person, deed: search.with(json!({ "per_page": 1000, "id": known })), expected });
    }
    // Of what is not open there is no more to look at. Nested collections of a kind are many, and share the work.
    let due = |index: usize| open && (!nested || (index + turn).is_multiple_of(4));
    let fields = there[0].value.as_object().unwrap().keys().filter(|field| !NO_FILTERS.contains(&field.as_str()));
    let shown = |field: &&String| {
        kind.name != "identity_provider"
            || SAFE.contains(&field.as_str())
            || person.permits(kind.resource, "update") && person.covers(kind.resource, "update")
    };
    // How far a build is follows from other fields.
    let fields = fields.filter(|field| (kind.name, field.as_str()) != ("build", "state"));
    for (_, field) in fields.enumerate().filter(|(index, _)| due(*index)).filter(|(_, field)| shown(field)) {
        let values = values(there, field);
        if values.is_empty() {
            continue;
        }
        let deed = index(path, &[("sort", field), ("order", "desc"), (field, &values.join(","))]);
        let found = visible.iter().filter(|thing| matches(&thing.value[field], &values));
        let expected = Some(found.map(|thing| thing.id.as_str()).collect());
        looks.push(Look { person, deed, expected });
    }
    looks
}

/// Some of the values that a field has anywhere, hidden or not.
fn values(there: &[&Thing], field: &str) -> Vec<String> {
    let scalars = there.iter().filter_map(|thing| match &thing.value[field] {
        Value::String(text) if text.contains(',') || text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(thing.value[field].to_string()),
        _ => None,
    });
    let distinct: BTreeSet<_> = scalars.collect();
    distinct.into_iter().take(100).collect()
}

fn matches(value: &Value, wanted: &[String]) -> bool {
    match value {
        Value::String(text) => wanted.iter().any(|wanted| text.to_lowercase().contains(&wanted.to_lowercase())),
        Value::Null => false,
        other => wanted.contains(&other.to_string()),
    }
}

/// Searches by words that what is hidden has, too.
fn texts<'a>(world: &'a World, person: &'a Person) -> Vec<Look<'a>> {
    let searches = [("product", "/products", "common"), ("product", "/products", "draft"), ("user", "/users", "keep")];
    let look = |(kind, path, word): (&'a str, &str, &str)| {
        let has = |field: &str, thing: &Thing| thing.value[field].as_str().is_some_and(|text| text.contains(word));
        let found = things(world, kind).filter(|thing| has("name", thing) || has("description", thing));
        let found = found.filter(|thing| world.things.may(person, "read", thing));
        let expected = Some(found.map(|thing| thing.id.as_str()).collect());
        Look { person, deed: index(path, &[("text", word)]), expected }
    };
    searches.into_iter().map(look).collect()
}

/// Looks at what is related to a product, by the product's own indexes and by filters.
fn relations<'a>(world: &'a World, person: &'a Person, product: &'a Thing) -> Vec<Look<'a>> {
    let may_read = |thing: &Thing| world.things.may(person, "read", thing);
    let relatives = |own: &str, other: &str| -> Ids<'a> {
        let links =
            things(world, "sub_product").filter(|link| may_read(link) && link.value[other] == json!(product.id));
        let ids: Vec<_> = links.map(|link| link.value[own].clone()).collect();
        things(world, "product")
            .filter(|thing| may_read(thing) && ids.contains(&json!(thing.id)))
            .map(|thing| thing.id.as_str())
            .collect()
    };
    let parts: Vec<_> = things(world, "dependency")
        .chain(things(world, "exposure"))
        .filter(|part| part.path.starts_with(&product.path) && may_read(part))
        .collect();
    let touches = !parts.is_empty();
    let surrogates: Ids = things(world, "surrogate").filter(|_| touches).map(|thing| thing.id.as_str()).collect();
    let substitute = things(world, "surrogate").next().unwrap();
    let mut looks = Vec::new();
    for (name, place, filter, expected) in [
        ("children", "/products", "child_of", relatives("child_id", "parent_id")),
        ("parents", "/products", "parent_of", relatives("parent_id", "child_id")),
        ("surrogates", substitute.collection(), "product_id", surrogates),
    ] {
        let own = may_read(product).then(|| expected.clone());
        looks.push(Look { person, deed: index(&format!("{}/{name}", product.path), &[]), expected: own });
        looks.push(Look { person, deed: index(place, &[(filter, &product.id)]), expected: Some(expected) });
    }
    let offer = things(world, "product_license").find(|offer| offer.path.starts_with(&product.path)).unwrap();
    let deed = index("/products", &[("license_id", offer.value["license_id"].as_str().unwrap())]);
    let expected = [product.id.as_str()].into_iter().filter(|_| may_read(product) && may_read(offer)).collect();
    looks.push(Look { person, deed, expected: Some(expected) });
    looks
}

/// What is wrong with an index, if anything.
async fn fault(world: &World, Look { person, deed, expected }: Look<'_>) -> Option<String> {
    let Some(expected) = expected else {
        return super::fault(world, person, &KINDS[0], &deed, Outcome::Hidden).await;
    };
    let answer = Answer::to(deed.request(&world.server, person)).await;
    let page: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let results = page["results"].as_array().cloned().unwrap_or_default();
    let found: Ids = results.iter().filter_map(|entry| entry["id"].as_str()).collect();
    let right = answer.status == 200 && found == expected && page["total_entries"] == expected.len();
    (!right).then(|| {
        let (more, less) = (found.difference(&expected), expected.difference(&found));
        let (more, less): (Vec<_>, Vec<_>) = (more.take(3).collect(), less.take(3).collect());
        let total = &page["total_entries"];
        format!(
            "{}: {}: {}, {total} of {}, more {more:?}, less {less:?}",
            person.name,
            deed.path,
            answer.status,
            expected.len()
        )
    })
}

/// What is wrong with what the answer of a product embeds.
async fn embeds(world: &World, person: &Person, product: &Thing) -> Option<String> {
    let may_read = |thing: &&Thing| world.things.may(person, "read", thing);
    if !may_read(&product) {
        return None;
    }
    let answer = Answer::to(person.request(&world.server, Method::GET, &product.path)).await.json();
    let below = |kind: &'static str| -> Vec<Value> {
        let below = things(world, kind).filter(|thing| thing.path.starts_with(&product.path));
        below.filter(may_read).map(|thing| thing.value.clone()).collect()
    };
    let newest = below("build").into_iter().find(|build| build["version"] == "published").unwrap_or_default();
    let right = answer["product_licenses"] == json!(below("product_license"))
        && answer["screenshots"] == json!(below("screenshot"))
        && answer["latest_build"]["id"] == newest["id"]
        && answer["name"] == product.value["name"];
    (!right).then(|| format!("{}: {} embeds {answer}", person.name, product.path))
}
