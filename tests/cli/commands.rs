//! The smaller commands, and what all have in common: streams, formats, exit codes.

use crate::support::{ADMIN_TOKEN, Case, Database, Server, mkt};

#[tokio::test]
async fn the_catalogue_can_be_searched_listed_and_shown() {
    let server = Server::start_with(&Database::sqlite(), &["--demo"], &[]).await;
    let found = server.mkt(&["search", "fhir", "--json"]).await.json();
    assert!(found["total_entries"].as_u64().unwrap() >= 2, "{found}");
    let list = server.mkt(&["product", "list", "--per-page", "3", "--sort", "name", "--descending"]).await;
    assert!(list.stderr.contains("Page 1 of 4"), "{}", list.stderr);
    assert_eq!(list.ok().lines().count(), 4);
    let filtered =
        server.mkt(&["product", "list", "--where", "mime_type=application/smart.v1", "--output", "id"]).await.ok();
    let id = filtered.lines().next().unwrap();
    let by_id = server.mkt(&["product", "show", id, "--json"]).await.json();
    let name = by_id["name"].as_str().unwrap();
    let by_name = server.mkt(&["product", "show", &name.to_lowercase(), "--output", "yaml"]).await.ok();
    assert!(by_name.contains(id), "{by_name}");
    assert!(server.mkt(&["product", "show", name]).await.ok().contains("registry.example.org"));
    let nearly = server.mkt(&["product", "show", &name[..4]]).await;
    assert!(nearly.code == 0 || nearly.stderr.contains("Did you mean"), "{}", nearly.stderr);
    assert_eq!(server.mkt(&["search", "nothing-like-this"]).await.ok().trim(), "No products.");
    let anonymous = mkt(&["search", "fhir", "--json"], &[("MKT_SERVER", &server.url(""))]).await.json();
    assert_eq!(anonymous["total_entries"], found["total_entries"]);
}

#[tokio::test]
async fn status_tells_who_i_am() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    assert!(server.mkt(&["status"]).await.ok().contains("everything.manage"));
    let address = server.url("");
    let anonymous = mkt(&["status"], &[("MKT_SERVER", &address)]).await.ok();
    assert!(anonymous.contains("nobody"), "{anonymous}");
    let file = database.folder().join("token");
    std::fs::write(&file, format!("{ADMIN_TOKEN}\n")).unwrap();
    let by_file =
        mkt(&["status", "--server", &address, "--token-file", file.to_str().unwrap(), "--json"], &[]).await.json();
    assert_eq!(by_file["identity"]["user"]["name"], "administrator");
}

#[tokio::test]
async fn exit_codes_tell_what_failed() {
    let server = Server::start(&Database::sqlite()).await;
    let address = server.url("");
    let wrong_token = [("MKT_SERVER", address.as_str()), ("MKT_TOKEN", "wrong")];
    let good = [("MKT_SERVER", address.as_str())];
    let none = [("MKT_SERVER", "http://127.0.0.1:1")];
    let cases: [Case; 9] = [
        (&["status"], &wrong_token, 4, "token"),
        (&["product", "show", "5ceded00-0000-4000-8000-00000000000f"], &good, 5, "no such product"),
        (&["product", "show", "Nothing"], &good, 5, "no product with the name"),
        (&["product", "list", "--sort", "colour"], &good, 1, "colour"),
        (&["status"], &none, 8, "can't be reached"),
        (&["status", "--server", "ftp://x"], &[], 2, "http or https"),
        (&["status", "--token-file", "/nonexistent/token"], &good, 1, "/nonexistent/token"),
        (&["frobnicate"], &[], 2, "unrecognized"),
        (&["publish", "/nonexistent"], &good, 5, "/nonexistent"),
    ];
    for (arguments, variables, code, message) in cases {
        let ran = mkt(arguments, variables).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains('\x1b'), "no colour in a pipe: {:?}", ran.stderr);
    }
}

#[tokio::test]
async fn what_needs_no_server_runs_without_one() {
    assert!(mkt(&["--help"], &[]).await.ok().contains("publish"));
    let serve = mkt(&["serve", "--help"], &[]).await.ok();
    for variable in [
        "MKT_LISTEN",
        "PORT",
        "MKT_DATABASE_URL",
        "DATABASE_URL",
        "MKT_PUBLIC_URL",
        "MKT_UI_URL",
        "MKT_TITLE",
        "MKT_SECRET_KEY",
        "MKT_ADMIN_TOKEN",
        "MKT_TRUSTED_PROXIES",
        "MKT_CORS_ORIGINS",
        "MKT_MAX_CONNECTIONS",
        "MKT_MAX_CONNECTIONS_PER_CLIENT",
        "MKT_HEAD_TIMEOUT",
        "MKT_IDLE_TIMEOUT",
        "MKT_RATE_LIMIT",
        "MKT_LOG_FORMAT",
        "RUST_LOG",
    ] {
        assert!(serve.contains(variable), "{variable} is not in mkt serve --help");
    }
    let document = mkt(&["openapi"], &[]).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(mkt(&["man"], &[]).await.ok().contains(".TH mkt"));
}
