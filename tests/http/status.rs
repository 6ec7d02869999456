//! The addresses that belong to no resource.

use mkt::core::access::administrator;
use reqwest::Method;
use serde_json::json;

use super::{Answer, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn the_marketplace_tells_about_itself(database: Database) {
        let server = Server::start(&database).await;
        let get = async |path: &str, accept: &str| {
            Answer::to(server.anonymous(Method::GET, path).header("accept", accept)).await
        };

        let root = get("/", "*/*").await.json();
        assert!(text(&root, "message").contains("API"), "{root}");
        for member in ["openapi", "docs", "status", "ui"] {
            let address = text(&root, member);
            let path = address.strip_prefix(&server.url("")).unwrap();
            assert_eq!(get(path, "*/*").await.status, 200, "{address}");
        }
        let device = get("/device?user_code=AB-CD", "text/html").await;
        assert_eq!((device.status, device.header("location")), (303, "/ui/device?user_code=AB-CD"));
        let redirect = get("/", "text/html,application/xhtml+xml,*/*;q=0.8").await;
        assert!(
            (300..400).contains(&redirect.status) && redirect.header("location") == "/ui/",
            "{} {}",
            redirect.status,
            redirect.body
        );
        for path in ["/livez", "/readyz"] {
            assert_eq!(get(path, "*/*").await.status, 200, "{path}");
        }
        let docs = get("/docs", "text/html").await;
        assert!(docs.status == 200 && docs.header("content-type").starts_with("text/html"), "{}", docs.body);
        assert!(docs.header("content-security-policy").contains("default-src 'none'"));
        let openapi = get("/openapi.json", "application/json").await.json();
        assert!(text(&openapi, "openapi").starts_with("3.1"));
        for path in [
            "/products/{product_id}/builds/{build_id}/configurations/{configuration_id}/tasks/{task_id}",
            "/packages",
            "/events",
        ] {
            assert!(openapi["paths"][path].is_object(), "{path}");
        }
    }

    async fn status_tells_who_asks(database: Database) {
        let server = Server::start(&database).await;
        let (status, nobody) = server.get_anonymously("/status").await;
        assert!(status == 200 && nobody["message"].is_string(), "{nobody}");
        for clock in ["product", "database"] {
            let instant: mkt::core::clock::Timestamp = text(&nobody[clock], "datetime").parse().unwrap();
            assert!((mkt::core::clock::now().unix_seconds() - instant.unix_seconds()).abs() < 30, "{clock}: {instant}");
        }
        let rules = json!({ "self_publishing": false, "review": false, "check": false, "strict": false });
        assert_eq!((&nobody["version"], &nobody["rules"]), (&json!(env!("CARGO_PKG_VERSION")), &rules));
        assert!(nobody.get("identity").is_none() && nobody.get("permissions").is_none(), "{nobody}");
        let known = server.get("/status").await;
        let identity = &known["identity"];
        assert_eq!(
            (&identity["user_id"], &identity["user"]["name"]),
            (&json!(administrator::ID), &json!("administrator"))
        );
        assert_eq!(known["permissions"]["everything"]["manage"], true);
        assert_eq!(known["permissions"]["products"]["publish"], false, "in full, as the roles have it");
    }
}
