//! Parameters of indexes that make no sense, or were made to do harm.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::listing::with_products;
use super::{Answer, text};
use crate::support::{Database, on_both};

on_both! {
    async fn parameters_that_do_not_parse_are_named(database: Database) {
        let server = with_products(&database).await;
        let refused = [
            ("/products?page=0", "page"), ("/products?page=-1", "page"), ("/products?page=two", "page"),
            ("/products?page=1.5", "page"), ("/products?page=99999999999999999999", "page"),
            ("/products?per_page=0", "per_page"), ("/products?per_page=1001", "per_page"),
            ("/products?per_page=", "per_page"), ("/products?sort=nonsense", "sort"),
            ("/products?sort=latest_build", "sort"), ("/products?sort=name;drop", "sort"),
            ("/roles?sort=permissions", "sort"), ("/products?order=up", "order"), ("/products?id=1", "id"),
            ("/products?user_id=me", "user_id"), ("/products?license_id=1", "license_id"),
            ("/products?published=maybe", "published"), ("/products?created_at=soon", "created_at"),
            ("/roles?default=maybe", "default"), ("/licenses?seats=many", "seats"),
            ("/licenses?seats=1,many", "seats"), ("/licenses?expiry=never", "expiry"),
            ("/products?cursor=x", "cursor"), ("/products?cursor=e30", "cursor"),
            ("/products?cursor=x&page=1", "cursor"),
        ];
        for (path, parameter) in refused {
            let answer = Answer::to(server.request(Method::GET, path)).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.body);
            assert!(text(&answer.json(), "message").contains(&format!(" {parameter} ")), "{path}: {}", answer.body);
        }
    }

    async fn hostile_parameters_do_no_harm(database: Database) {
        let server = with_products(&database).await;
        let total = server.get("/products").await["total_entries"].clone();
        let long = "x".repeat(10_000);
        let commas = "x,".repeat(5_000);
        let values = [
            "💥", "'", "\"", "'; drop table products; --", "') or 1=1 --", "\0", "a\0b", "\u{7f}\u{202e}", "%", "\\",
            "$1", "?", "{}", "[]", "-1", "1e999", "9223372036854775808", "0001-01-01", "262143-01-01T00:00:00Z",
            "null", &long, &commas,
        ];
        let parameters = [
            "text", "name", "description", "mime_type", "id", "user_id", "license_id", "published", "created_at",
            "page", "per_page", "cursor", "sort", "order", "software", "product[name]",
        ];
        for value in values {
            for name in parameters {
                let shown: String = value.chars().take(40).collect();
                let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
                let get = Answer::to(server.request(Method::GET, &format!("/products?{query}"))).await;
                let (found, page) = server.send(Method::POST, "/products/search", json!({ name: value })).await;
                for (status, body) in [(get.status, get.json()), (found.as_u16(), page)] {
                    assert!(matches!(status, 200 | 400), "{name}={shown}: {status} {body}");
                }
            }
        }
        let (many, umlauts) = ("name=x&".repeat(2_000), format!("name={}", "äöüäö,".repeat(50)));
        let odd = ["%ff%fe", "text=%ff%fe", "name=%c0%80", "=", "&&&", "page", "a[b]=c", "text=%", "sort=%00"];
        for query in odd.into_iter().chain([many.as_str(), &umlauts]) {
            let answer = Answer::to(server.request(Method::GET, &format!("/products?{query}"))).await;
            assert!(matches!(answer.status, 200 | 400), "{query:.80}: {} {}", answer.status, answer.body);
        }
        for name in ["id", "license_id", "unknown"] {
            let body = json!({ name: vec![Uuid::new_v4(); 40_000] });
            let (status, answer) = server.send(Method::POST, "/products/search", body).await;
            assert!(matches!(status.as_u16(), 200 | 400), "40,000 times {name}: {status} {answer}");
        }
        assert_eq!(server.get("/products").await["total_entries"], total);
    }
}
