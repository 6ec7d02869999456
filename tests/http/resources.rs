//! The conventions that every resource keeps: one walk over all of them, driven by the table in `cases`.

use mkt::core::access::administrator;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::{Case, World, cases};
use super::forms::{forms, searches};
use super::{Answer, Tree, id_in, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn every_form_of_body_creates_the_same(database: Database) {
        let server = Server::start(&database).await;
        let world = World::make(&server, "Here").await;
        for case in cases() {
            let (collection, mut body) = (world.path(case.path), world.body(&case.body));
            merge(&mut body, world.body(&case.change));
            let mut expected = world.body(&case.defaults);
            merge(&mut expected, world.body(&case.body));
            merge(&mut expected, world.body(&case.changed));
            for (form, request) in forms(&server, &collection, &case, &body) {
                let answer = Answer::to(request).await;
                assert_eq!(answer.status, 201, "{} as {form}: {}", case.name, answer.body);
                let created = answer.json();
                assert_holds(&created, &expected, &format!("{} as {form}", case.name));
                let path = format!("{collection}/{}", text(&created, "id"));
                assert_eq!(answer.header("location"), server.url(&path), "{}", case.name);
                assert_eq!(created["path"], path, "{}", case.name);
                // A licence's url is the address of its text.
                let url = if case.name == "license" { text(&body, "url") } else { server.url(&path) };
                assert_eq!(created["url"], url, "{}", case.name);
                server.send(Method::DELETE, &path, json!({})).await;
            }
        }
    }

    async fn every_verb_works_on_every_resource(database: Database) {
        let server = Server::start(&database).await;
        let world = World::make(&server, "Here").await;
        let described = server.get("/openapi.json").await;
        for case in cases() {
            let (name, collection) = (case.name, world.path(case.path));
            let before = server.get(&collection).await["total_entries"].as_i64().unwrap();
            let mut created = case.create(&server, &collection, &world.body(&case.body)).await;
            assert_holds(&created, &world.body(&case.defaults), name);
            hide_what_is_shown_once(&mut created);
            let (path, id) = (text(&created, "path"), text(&created, "id"));
            assert_eq!(id.parse::<Uuid>().unwrap().get_version_num(), 4, "{name}");
            assert_eq!(server.get(&path).await, created, "{name}");
            let schema = &described["components"]["schemas"][capitals(name)];
            assert_eq!(keys(&created), keys(&schema["properties"]), "{name} in /openapi.json");

            let index = server.get(&format!("{collection}?per_page=1000")).await;
            let members = "current_page next_cursor next_page per_page previous_page results total_entries total_pages";
            assert_eq!(keys(&index).join(" "), members, "{name}");
            assert_eq!(index["total_entries"], before + 1, "{name}");
            assert!(index["results"].as_array().unwrap().contains(&created), "{name}: {index}");
            for (form, request) in searches(&server, &format!("{collection}/search"), name, &json!({ "id": id })) {
                let found = Answer::to(request).await.json();
                assert_eq!([&found["results"], &found["total_entries"]], [&json!([created]), &json!(1)], "{name}: {form}");
            }

            let alias = match name {
                // In the singular there are the sizes of the one logo.
                "logo" => path.clone(),
                _ => format!("{}/{name}/{id}", collection.rsplit_once('/').unwrap().0),
            };
            assert_eq!(server.get(&alias).await, created, "{name}");
            let items = [(Method::PATCH, &path), (Method::PUT, &path), (Method::PATCH, &alias), (Method::PUT, &alias)];
            for (method, address) in items.into_iter().chain([(Method::PUT, &collection)]) {
                assert_updates(&server, method, address, &case, &world, &created).await;
            }

            let last = server.get(&path).await;
            let (status, deleted) = server.send(Method::DELETE, &path, json!({})).await;
            assert_eq!((status, deleted), (StatusCode::OK, last), "{name}");
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let (status, answer) = server.send(method, &path, json!({})).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{name}: {answer}");
            }
            assert_eq!(server.get(&collection).await["total_entries"], before, "{name}: nothing else is gone");
        }
    }

    async fn every_resource_refuses_what_breaks_its_rules(database: Database) {
        let server = Server::start(&database).await;
        let (here, elsewhere) = (World::make(&server, "Here").await, World::make(&server, "Elsewhere").await);
        for case in cases() {
            let Case { name, errors, .. } = case;
            let (collection, body, id) = (here.path(case.path), here.body(&case.body), Uuid::new_v4());
            let mut chosen = body.clone();
            chosen["id"] = json!(id);
            let mut created = case.create(&server, &collection, &chosen).await;
            assert_eq!(created["id"], json!(id), "{name}: clients may choose the id");
            hide_what_is_shown_once(&mut created);
            let path = text(&created, "path");
            assert_refused(&server, Method::POST, &collection, chosen.clone(), 409, &[]).await;
            chosen["id"] = json!("mine");
            // Every field at fault is told at once, taken ones too.
            let mut wrong: Vec<_> = case.unique.iter().map(|(field, _)| *field).chain(["id"]).collect();
            wrong.sort_unstable();
            let refused = Answer::to(case.creation(&server, &collection, &chosen)).await;
            assert_eq!(keys(&refused.json()["errors"]), wrong, "{name}: {}", refused.body);
            assert_refused(&server, Method::POST, &collection, here.body(&case.invalid), 422, errors).await;
            if case.change != json!({}) {
                assert_eq!(server.send(Method::PATCH, &path, here.body(&case.invalid)).await.0, 422, "{name}");
            }

            for (field, _) in case.unique {
                let mut other = body.clone();
                merge(&mut other, here.body(&case.unique.iter().copied().collect()));
                let other = case.create(&server, &collection, &other).await;
                let mut second = body.clone();
                for (other, value) in case.unique.iter().filter(|(other, _)| other != field) {
                    second[other] = json!(format!("{value}-third"));
                }
                let second = Answer::to(case.creation(&server, &collection, &second)).await;
                assert_eq!((second.status, keys(&second.json()["errors"])), (422, vec![field.to_string()]), "{name}");
                let change = json!({ (*field): body[field] });
                match server.send(Method::PATCH, &text(&other, "path"), change).await {
                    (StatusCode::OK, same) => assert_eq!(same[field], other[field], "{name}: {field} is fixed, so ignored"),
                    (status, answer) => assert_eq!((status.as_u16(), keys(&answer["errors"])), (422, vec![field.to_string()])),
                }
                server.send(Method::DELETE, &text(&other, "path"), json!({})).await;
            }

            let id = id_in(&path);
            let astray = here.astray(case.path, &elsewhere);
            for wrong in &astray {
                for method in [Method::GET, Method::PATCH, Method::DELETE] {
                    assert_refused(&server, method, &format!("{wrong}/{id}"), json!({}), 404, &[]).await;
                }
                // Two parents that don't belong together are no place at all.
                if astray.len() > 1 {
                    assert_refused(&server, Method::GET, wrong, json!({}), 404, &[]).await;
                    assert_refused(&server, Method::POST, wrong, body.clone(), 404, &[]).await;
                }
            }
            assert_eq!(server.get(&path).await, created, "{name}: nothing of this changed anything");
        }
    }

    async fn deleting_takes_along_what_is_below_and_nothing_above(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Doomed" })).await;
        let interface = text(&server.get(&tree.items[4]).await, "interface_id");
        let interface = format!("/interfaces/{interface}");
        assert_refused(&server, Method::DELETE, &interface, json!({}), 409, &[]).await;
        let owner = format!("/users/{}", administrator::ID);
        assert_refused(&server, Method::DELETE, &owner, json!({}), 409, &[]).await;

        // A licence takes its offers along, not their product.
        let license = format!("/licenses/{}", text(&server.get(&tree.items[1]).await, "license_id"));
        let (status, _) = server.send(Method::DELETE, &license, json!({})).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(server.get(&tree.product).await["product_licenses"], json!([]));
        assert_refused(&server, Method::GET, &tree.items[1], json!({}), 404, &[]).await;

        let (status, _) = server.send(Method::DELETE, &tree.product, json!({})).await;
        assert_eq!(status, StatusCode::OK);
        for path in &tree.items {
            assert_refused(&server, Method::GET, path, json!({}), 404, &[]).await;
        }
        // The same ids can be used again and the interface is free: the rows are gone, not only out of reach.
        assert_eq!(server.send(Method::DELETE, &interface, json!({})).await.0, StatusCode::OK);
        server.create("/products", json!({ "id": id_in(&tree.product), "name": "Doomed" })).await;
        let build = json!({ "id": id_in(&tree.build), "software_version": "1.0.0" });
        assert_eq!(server.create(&format!("{}/builds", tree.product), build).await["version"], "1.0.0");
        assert_eq!(server.get(&format!("{}/configurations", tree.build)).await["total_entries"], 0);
    }
}

/// A new token is answered with its secret, which is never seen again.
fn hide_what_is_shown_once(created: &mut Value) {
    if let Some(token) = created.get_mut("token") {
        assert!(token.take().as_str().is_some_and(|token| token.starts_with("mkt_") && token.len() > 32));
    }
}

/// Asserts a refusal with these fields at fault.
async fn assert_refused(server: &Server, method: Method, path: &str, body: Value, status: u16, fields: &[&str]) {
    let (answered, answer) = server.send(method.clone(), path, body).await;
    assert_eq!(answered.as_u16(), status, "{method} {path}: {answer}");
    assert_eq!(keys(&answer["errors"]), fields, "{method} {path}: {answer}");
}

/// Asserts that what is sent to this address changes the record as it should, and back.
async fn assert_updates(server: &Server, method: Method, address: &str, case: &Case, world: &World, created: &Value) {
    let context = format!("{method} {address}");
    // What is unknown or the server's own is ignored.
    let mut body = json!({
        "id": created["id"], "created_at": "1999-01-01", "updated_at": 7, "path": [], "published_at": "1999-01-01",
        "yanked_at": {}, "marketplace": 1, "nonsense": { "deep": [null] },
    });
    merge(&mut body, world.body(&case.change));
    let (status, changed) = server.send(method, address, json!({ case.name: body })).await;
    assert_eq!(status, StatusCode::OK, "{context}: {changed}");
    let mut expected = created.clone();
    merge(&mut expected, world.body(&case.changed));
    expected["updated_at"] = changed["updated_at"].clone();
    assert_holds(&changed, &expected, &context);
    assert!(text(&changed, "updated_at") >= text(created, "updated_at"), "{context}");
    // Clients post whole objects back.
    let path = text(created, "path");
    let (_, restored) = server.send(Method::PUT, &path, created.clone()).await;
    expected = created.clone();
    expected["updated_at"] = restored["updated_at"].clone();
    assert_eq!(restored, expected, "{context}");
    let (_, untouched) = server.send(Method::PATCH, &path, json!({})).await;
    assert_eq!(untouched, restored, "{context}: changing nothing is no change");
}

/// Asserts that an answer has these values; objects may have more.
fn assert_holds(actual: &Value, expected: &Value, context: &str) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (key, value) in expected {
                assert_holds(actual.get(key).unwrap_or(&json!("absent")), value, &format!("{context}: {key}"));
            }
        }
        _ => assert_eq!(actual, expected, "{context}"),
    }
}

fn merge(into: &mut Value, other: Value) {
    into.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
}

fn keys(value: &Value) -> Vec<String> {
    let mut keys: Vec<_> = value.as_object().into_iter().flat_map(|entries| entries.keys().cloned()).collect();
    keys.sort();
    keys
}

/// `product_license` as `ProductLicense`.
fn capitals(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
