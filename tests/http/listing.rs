//! Indexes: pages, filters, order and search.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mkt::core::access::administrator;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Answer, column, post, text};
use crate::support::{Database, Server, on_both};

/// Name, description, media type and external id of the products listed. Each starts with a letter of its own.
const PRODUCTS: [(&str, &str, &str, &str); 6] = [
    ("Alpha 100% pure", "Growth charts.\nSecond line.", "application/smart.v1", "3"),
    ("beta_test", "No bridge here.", "application/hl7-cds-knowledge-artifact-1.3+xml", "5"),
    (r"Gamma\Delta", "It counts.", "text/html", "1"),
    ("O'Neill's \"HL7v2-bridge\"", "It counts alpha particles.", "text/plain", "4"),
    ("Übersicht für Ärzte", "", "", "2"),
    ("Привет Мир Доктор", "", "", "6"),
];

on_both! {
    async fn pages_tell_where_they_are(database: Database) {
        let server = with_products(&database).await;
        let pages = [
            ("", json!([1, 6, null, null, 1, 10]), 6),
            ("per_page=1000", json!([1, 6, null, null, 1, 1000]), 6),
            ("per_page=2", json!([3, 6, null, 2, 1, 2]), 2),
            ("per_page=2&page=2", json!([3, 6, 1, 3, 2, 2]), 2),
            ("per_page=2&page=3", json!([3, 6, 2, null, 3, 2]), 2),
            ("per_page=2&page=9", json!([3, 6, 3, null, 9, 2]), 0),
            ("per_page=5&page=2", json!([2, 6, 1, null, 2, 5]), 1),
            ("per_page=6&page=2147483647", json!([1, 6, 1, null, 2147483647, 6]), 0),
            ("name=nothing", json!([1, 0, null, null, 1, 10]), 0),
        ];
        for (query, members, results) in pages {
            let page = server.get(&format!("/products?{query}")).await;
            let names = ["total_pages", "total_entries", "previous_page", "next_page", "current_page", "per_page"];
            assert_eq!(Value::from_iter(names.map(|name| page[name].clone())), members, "{query}");
            assert_eq!(page["results"].as_array().unwrap().len(), results, "{query}");
        }
        let links = Answer::to(server.request(Method::GET, "/products?name=a&per_page=1&page=2&sort=name")).await;
        let address = server.url("/products?name=a&per_page=1&sort=name&page=");
        let link = |relation: &str, page: i64| format!("<{address}{page}>; rel=\"{relation}\"");
        let expected = [link("first", 1), link("prev", 1), link("next", 3), link("last", 3)];
        assert_eq!(links.header("link"), expected.join(", "));
    }

    async fn walking_all_pages_sees_each_row_once(database: Database) {
        let server = Server::start(&database).await;
        for number in 0..17 {
            server.create("/users", json!({ "name": "Twin", "salutation": (number % 2 == 0).then_some("Dr") })).await;
        }
        let orders = ["", "sort=name&order=descending", "sort=salutation", "sort=salutation&order=desc", "sort=email"];
        for query in orders.into_iter().chain(["sort=created_at", "text=twin"]) {
            let mut seen = Vec::new();
            let mut next = Some(server.url(&format!("/users?per_page=4&{query}")));
            while let Some(address) = next {
                let path = address.strip_prefix(&server.url("")).unwrap();
                let page = Answer::to(server.request(Method::GET, path)).await;
                seen.extend(column(&page.json(), "id"));
                let mut links = page.header("link").split(", ");
                next = links.find_map(|link| Some(link.strip_suffix(">; rel=\"next\"")?[1..].to_owned()));
            }
            let expected = if query == "text=twin" { 17 } else { 18 };
            assert_eq!((seen.len(), seen.iter().collect::<HashSet<_>>().len()), (expected, expected), "{query}");
        }
    }

    async fn a_walk_by_cursor_sees_each_row_once_while_others_write(database: Database) {
        let server = Server::start(&database).await;
        for number in 0..60 {
            let user = json!({ "name": format!("Twin {}", number / 2), "salutation": (number % 3 > 0).then_some("Dr") });
            server.create("/users", user).await;
        }
        let fields = ["name", "id", "created_at", "updated_at", "salutation", "email", "first_name"];
        let orders = fields.iter().flat_map(|field| [format!("sort={field}"), format!("sort={field}&order=desc")]);
        for query in orders.chain(["".into(), "text=twin".into(), "text=tw&order=desc".into(), "name=win&text=t".into()]) {
            let whole = column(&server.get(&format!("/users?per_page=1000&{query}")).await, "id");
            let (mut seen, mut pages) = (Vec::new(), 0);
            let mut next = Some(server.url(&format!("/users?per_page=9&cursor=&{query}")));
            while let Some(address) = next {
                let answer = Answer::to(server.request(Method::GET, &address[server.url("").len()..])).await;
                let page = answer.json();
                seen.extend(column(&page, "id"));
                pages += 1;
                let neighbours = [&page["current_page"], &page["next_page"], &page["total_pages"]];
                let more = (pages < 7).then_some(pages + 1);
                assert_eq!(neighbours, [&json!(pages), &json!(more), &json!(7)], "{query}");
                let mut links = answer.header("link").split(", ");
                next = links.find_map(|link| Some(link.strip_suffix(">; rel=\"next\"")?[1..].to_owned()));
                let told = next.as_ref().map(|next| next.rsplit_once("cursor=").unwrap().1.to_owned());
                assert_eq!(page["next_cursor"], json!(told), "{query}");
            }
            assert_eq!(seen, whole, "{query}");
        }

        // Others insert before and behind the walk, and delete the row that it stands on.
        let first = server.get("/users?per_page=20").await;
        let before = column(&server.get("/users?per_page=1000").await, "id");
        let (mut seen, mut cursor) = (column(&first, "id"), first["next_cursor"].clone());
        let gone = seen[19].as_str().unwrap().to_owned();
        server.send(Method::DELETE, &format!("/users/{gone}"), json!({})).await;
        let mut page_number = 1;
        while let Some(at) = cursor.as_str() {
            for name in ["Aaa", "Twin 15", "Zzz"] {
                server.create("/users", json!({ "name": name })).await;
            }
            let page = server.get(&format!("/users?per_page=20&cursor={at}")).await;
            page_number += 1;
            assert_eq!(page["current_page"], page_number);
            seen.extend(column(&page, "id"));
            cursor = page["next_cursor"].clone();
        }
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
        assert!(before.iter().all(|id| seen.contains(id)));
    }

    async fn a_cursor_holds_for_what_it_was_given_out_for(database: Database) {
        let server = with_products(&database).await;
        let page = server.get("/products?per_page=2&sort=name&name=a").await;
        let cursor = text(&page, "next_cursor");
        let status = async |query: &str| {
            let answer = Answer::to(server.request(Method::GET, query)).await;
            assert!(answer.status == 200 || text(&answer.json(), "message").contains(" cursor "), "{}", answer.body);
            answer.status
        };
        assert_eq!(status(&format!("/products?per_page=1&sort=name&name=a&cursor={cursor}")).await, 200);
        for other in [
            "/products?sort=name", "/products?name=a", "/products?name=a&sort=name&order=desc", "/products?sort=created_at&name=a",
            "/products?name=b&sort=name", "/products?name=a&sort=name&text=a", "/licenses?name=a&sort=name",
        ] {
            assert_eq!(status(&format!("{other}&cursor={cursor}")).await, 400, "{other}");
        }
        // What is put into a cursor stays a value.
        let decoded: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
        for (member, value, expected) in [
            ("key", json!("'; drop table products; --"), 200), ("key", json!("a\0b"), 400), ("key", json!(7), 400),
            ("key", json!(null), 400), ("key", json!(["a"]), 400), ("rank", json!(7), 400), ("rank", json!(-1), 400),
            ("page", json!(0), 400), ("page", json!(i64::MAX), 400), ("id", json!("1 or 1=1"), 400), ("of", json!(1), 400),
        ] {
            let mut forged = decoded.clone();
            forged[member] = value.clone();
            let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
            let path = format!("/products?sort=name&name=a&cursor={forged}");
            assert_eq!(status(&path).await, expected, "{member}: {value}");
        }
        for (sort, key) in [("visible_at", "262143-01-01T00:00:00Z"), ("created_at", "9999999"), ("id", "x")] {
            let page = server.get(&format!("/products?per_page=2&sort={sort}")).await;
            let mut forged: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text(&page, "next_cursor")).unwrap()).unwrap();
            forged["key"] = json!(key);
            let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
            assert_eq!(status(&format!("/products?sort={sort}&cursor={forged}")).await, 400, "{sort}: {key}");
        }
    }

    async fn filters_order_and_search_find_the_right_rows(database: Database) {
        let server = with_products(&database).await;
        let ids = async |path: &str| -> Vec<String> {
            server.get(path).await["results"].as_array().unwrap().iter().map(|entry| text(entry, "id")).collect()
        };
        let (ids, licenses) = (ids("/products?sort=name").await, ids("/licenses").await);
        for (product, license) in [(1, 0), (2, 0), (2, 1)] {
            let offers = format!("/products/{}/licenses", ids[product]);
            server.create(&offers, json!({ "license_id": licenses[license] })).await;
        }
        let visible_at = json!({ "visible_at": "2026-01-31T12:00:00Z" });
        server.send(Method::PATCH, &format!("/products/{}", ids[0]), visible_at).await;
        for product in [0, 3] {
            post(&server, &format!("/products/{}/publish", ids[product])).await;
        }
        let zed = json!({ "name": "Zed", "url": "https://a.org", "expiry": 2, "expires_at": "2030-01-01", "seats": 7 });
        server.create("/licenses", zed).await;
        let user = json!({ "name": "uma", "first_name": "Ursula", "last_name": "Le Guin" });
        let owner = server.create("/users", user).await;
        server.send(Method::PATCH, &format!("/products/{}", ids[2]), json!({ "user_id": owner["id"] })).await;
        let (owner, administrator) = (text(&owner, "id"), administrator::ID);

        let found = [
            // Text: a part of it, whatever the case, and nothing in it has a meaning but the comma.
            ("/products", "name=LPHA", "A"),
            ("/products", "name=100%25", "A"),
            ("/products", "name=%25", "A"),
            ("/products", "name=_", "b"),
            ("/products", "name=%5C", "G"),
            ("/products", "name='", "O"),
            ("/products", "name=%22", "O"),
            ("/products", "name=nothing", ""),
            ("/products", "name=alpha,BETA,nothing", "Ab"),
            ("/products", "name=^", ""),
            ("/products", "name=a^b", ""),
            ("/products", "name=ÜBERSICHT", "Ü"),
            ("/products", "name=für ärzte", "Ü"),
            ("/products", "name=Привет Мир Доктор", "П"),
            ("/products", "name=привет мир доктор", "П"),
            ("/products", "name=ДОКТОР", "П"),
            ("/products", "name=a&mime_type=html", "G"),
            ("/products", "description=COUNTS", "GO"),
            ("/products", "unknown=1&name=beta", "b"),
            ("/products", "mime_type=application/hl7-cds-knowledge-artifact-1.3+xml", "b"),
            ("/products", "mime_type=text/html,application/smart.v1", "AG"),
            // All else: exactly.
            ("/products", &format!("id={},{}", ids[0], ids[2]), "AG"),
            ("/products", &format!("user_id={administrator}"), "AbOÜП"),
            ("/products", &format!("user_id={owner}"), "G"),
            ("/products", &format!("license_id={}", licenses[0]), "bG"),
            ("/products", &format!("license_id={},{}", licenses[1], owner), "G"),
            ("/products", "published=true", "AO"),
            ("/products", "published=false", "bGÜП"),
            ("/products", "visible_at=2026-01-31T12:00:00Z", "A"),
            ("/products", "visible_at=2026-01-31T13:00:00.000%2B01:00", "A"),
            ("/products", "visible_at=2026-01-31T12:00:01Z", ""),
            ("/roles", "default=true", "S"),
            ("/roles", "default=0", "AAE"),
            ("/interfaces", "ordinal=4,15", "FP"),
            ("/interfaces", "ordinal=1500000000000", ""),
            ("/licenses", "expiry=absolute_date", "Z"),
            ("/licenses", "expiry=2", "Z"),
            ("/licenses", "expiry=indefinite,relative_date&name=MIT", "M"),
            ("/licenses", "seats=7", "Z"),
            ("/licenses", "expires_at=2030-01-01", "Z"),
            // Order: by name unless told otherwise.
            ("/products", "", "AbGOÜП"),
            ("/products", "order=descending", "ПÜOGbA"),
            ("/products", "sort=name&order=asc", "AbGOÜП"),
            ("/products", "sort=external_id", "GÜAObП"),
            ("/products", "sort=external_id&order=desc", "ПbOAÜG"),
            ("/interfaces", "sort=ordinal&order=descending&uri=fhir&name=r", "FFFS"),
            // Search: words by their beginnings, those in the name first.
            ("/products", "text=bridge", "Ob"),
            ("/products", "text=ALPH", "AO"),
            ("/products", "text=lpha", ""),
            ("/products", "text=formerly", ""),
            ("/products", "text=charts growth", "A"),
            ("/products", "text=growth bridge", ""),
            ("/products", "text=second", "A"),
            ("/products", "text=hl7v2-bridge", "O"),
            ("/products", "text=O'Neill", "O"),
            ("/products", "text=delta", "G"),
            ("/products", "text=100%25", "A"),
            ("/products", "text=übersicht ÄRZ", "Ü"),
            ("/products", "text=ПРИВЕТ док", "П"),
            ("/products", "text=counts&sort=name&order=desc", "OG"),
            ("/users", "text=gui", "u"),
            ("/users", "text=le ursula", "u"),
            ("/users", "text=uma", "u"),
            ("/users", "text=admin", "a"),
        ];
        for (path, query, expected) in found {
            assert_eq!(letters(&server.get(&format!("{path}?{query}")).await), expected, "{path}?{query}");
            let body: Map<String, Value> =
                form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), json!(value))).collect();
            let (status, page) = server.send(Method::POST, &format!("{path}/search"), json!(body)).await;
            assert_eq!((status, letters(&page).as_str()), (StatusCode::OK, expected), "{path}/search {query}");
        }
    }
}

/// A server with these products.
pub async fn with_products(database: &Database) -> Server {
    let server = Server::start(database).await;
    for (name, description, mime_type, external_id) in PRODUCTS {
        let before = server.create("/products", json!({ "name": format!("Formerly {name}") })).await;
        let body =
            json!({ "name": name, "description": description, "mime_type": mime_type, "external_id": external_id });
        server.send(Method::PATCH, &text(&before, "path"), body).await;
    }
    server
}

/// The first letters of the names on a page.
fn letters(page: &Value) -> String {
    column(page, "name").iter().map(|name| name.as_str().unwrap().chars().next().unwrap()).collect()
}
