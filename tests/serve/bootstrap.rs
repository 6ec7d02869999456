//! Coming up: databases made, migrated and seeded; what is refused, and what is waited for.

use std::process::Command;
use std::time::Duration;

use mkt::core::db::{Db, Wait};
use reqwest::Method;
use serde_json::Value;

use crate::support::{Case, Database, Server, mkt, on_both};

on_both! {
    async fn an_empty_database_is_made_and_seeded_once(database: Database) {
        let server = Server::start(&database).await;
        assert_eq!(names(&server, "/roles").await, ["Administrator", "Auditor", "Editor", "Standard"]);
        assert!(names(&server, "/licenses").await.contains(&"MIT License".to_owned()));
        assert!(names(&server, "/interfaces").await.contains(&"FHIR R4".to_owned()));
        assert_eq!(server.get("/products").await["total_entries"], 0);
        let mit = server.get("/licenses?name=MIT").await["results"][0]["path"].as_str().unwrap().to_owned();
        assert!(server.request(Method::DELETE, &mit).send().await.unwrap().status().is_success());
        server.terminate();
        assert_eq!(server.ended().await, Some(0));

        let again = Server::start_with(&database, &["--demo"], &[]).await;

        assert_eq!(names(&again, "/roles").await.len(), 4);
        assert_eq!(again.get("/products").await["total_entries"], 10);
    }

    async fn of_servers_that_start_together_one_migrates_and_all_come_up(database: Database) {
        let servers: Vec<_> = (0..4).map(|_| Server::spawn(&database, &["--demo"], &[])).collect();
        for server in &servers {
            server.logs("listening on").await;
        }
        let filled = servers.iter().filter(|server| server.log().contains("demonstration")).count();
        assert_eq!(filled, 1);
        drop(servers);
        let server = Server::start(&database).await;
        assert_eq!(names(&server, "/roles").await.len(), 4);
        assert_eq!(server.get("/products").await["total_entries"], 10);
    }

    async fn a_newer_schema_is_refused(database: Database) {
        drop(Server::start(&database).await);
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.execute(mkt::sql!(
            "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
             values ($1, $2, $3, $4, $5, $6)",
            9999,
            "of the future",
            mkt::core::clock::now(),
            true,
            vec![0u8],
            0
        ))
        .await
        .unwrap();
        tx.commit().await.unwrap();

        let server = Server::spawn(&database, &[], &[]);
        let log = server.log_at_end().await;
        assert!(log.contains("9999") && log.contains("newer mkt"), "{log}");
        let check = mkt(&["migrate", "check", "--database-url", &database.url], &[]).await;
        assert_eq!(check.code, 6, "{}", check.stderr);
    }

    async fn the_token_of_the_first_administrator_is_printed_and_stays(database: Database) {
        let own_token = [("MKT_ADMIN_TOKEN", "")];
        let token = |server: &Server| server.log().split_once("MKT_TOKEN=").unwrap().1.lines().next().unwrap().to_owned();
        let server = Server::start_with(&database, &[], &own_token).await;
        let first = token(&server);
        drop(server);
        let server = Server::start_with(&database, &[], &own_token).await;
        assert_eq!(token(&server), first);
        let status = server.anonymous(Method::GET, "/status").bearer_auth(&first).send().await.unwrap();
        assert_eq!(status.json::<Value>().await.unwrap()["permissions"]["everything"]["manage"], true);
        let wrong = server.anonymous(Method::GET, "/status").bearer_auth("wrong").send().await.unwrap();
        assert_eq!(wrong.status(), 401);
    }
}

#[tokio::test]
async fn who_may_not_create_the_database_is_told_what_to_grant() {
    let server = Database::postgres_server();
    let role = format!("role_{}", uuid::Uuid::new_v4().simple());
    let made = Command::new("psql").args([&server, "-qc", &format!("create role {role} login")]).status().unwrap();
    assert!(made.success());
    let url = server.replace("mkt@", &format!("{role}@")).replace("/postgres", "/missing");
    let migrate = mkt(&["migrate", "--database-url", &url], &[]).await;
    assert_eq!(migrate.code, 4, "{}", migrate.stderr);
    assert!(migrate.stderr.contains("create database \"missing\" owner"), "{}", migrate.stderr);
    assert!(migrate.stderr.contains("createdb"), "{}", migrate.stderr);
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for() {
    let database = Database::postgres();
    let real = reqwest::Url::parse(&database.url).unwrap();
    let gate = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let behind_gate =
        Database::at(database.url.replace(&format!(":{}", real.port().unwrap()), &format!(":{}", gate.port())));
    let waiting = Server::spawn(&behind_gate, &[], &[]);
    waiting.logs("the database is away; trying again").await;

    let listener = tokio::net::TcpListener::bind(gate).await.unwrap();
    let target = format!("127.0.0.1:{}", real.port().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut inbound, _) = listener.accept().await.unwrap();
            let mut outbound = tokio::net::TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut inbound, &mut outbound).await });
        }
    });
    waiting.logs("listening on").await;
}

#[tokio::test]
async fn waiting_for_a_database_ends_when_asked_to() {
    let server = Server::spawn(&Database::at("postgres://mkt@127.0.0.1:1/none".into()), &[], &[]);
    server.logs("the database is away").await;
    server.terminate();
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), server.ended()).await.unwrap(), Some(0));
}

#[tokio::test]
async fn bad_settings_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("mkt.db").display());
    let cases: [Case; 13] = [
        (&["--database-url", "mysql://x/y"], &[], 2, "neither sqlite: nor postgres:"),
        (&["--database-url", "sqlite::memory:"], &[], 2, "path of a file"),
        (&["--database-url", "postgres://x@127.0.0.1/y"], &[], 2, "MKT_SECRET_KEY"),
        (&["--database-url", &file], &[("MKT_SECRET_KEY", "short")], 2, "shorter than"),
        (&["--database-url", "sqlite:/proc/none/mkt.db"], &[], 1, "/proc/none"),
        (&["--database-url", &file, "--listen", "nowhere"], &[], 2, "--listen"),
        (&["--database-url", &file], &[("PORT", "many")], 2, "PORT"),
        (&["--database-url", &file, "--cors-origins", "*"], &[], 2, "no web origin"),
        (&["--database-url", &file], &[("MKT_ADMIN_TOKEN", "short")], 2, "shorter than"),
        (&["--database-url", &file, "--log", "a=b=c"], &[], 2, "log filter"),
        (&["--database-url", &file, "--storage-url", "ftp://x/y"], &[], 2, "neither file: nor s3:"),
        (&["--database-url", &file, "--storage-url", "file:///proc/none"], &[], 1, "/proc/none"),
        (&["--database-url", &file, "--max-asset-size", "many"], &[], 2, "--max-asset-size"),
    ];
    for (arguments, variables, code, message) in cases {
        let serve = [&["serve"], arguments].concat();
        let ran = mkt(&serve, variables).await;
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
    let misspelt = mkt(&["migrate", "--database-url", &file], &[("MKT_DATABASE_ULR", "x")]).await;
    assert!(misspelt.stderr.contains("Did you mean MKT_DATABASE_URL?"), "{}", misspelt.stderr);
}

async fn names(server: &Server, path: &str) -> Vec<String> {
    let page = server.get(&format!("{path}?per_page=100&sort=name")).await;
    page["results"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}
