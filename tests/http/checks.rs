//! The operator's check of submissions: a command and a webhook, with their verdicts, their failures, and servers that die.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::column;
use crate::support::{Database, Manifest, Person, Server, mkt, on_both};

/// For how long a verdict may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script as the setting for it.
fn script(folder: &Path, text: &str) -> String {
    let path = folder.join("check.sh");
    std::fs::write(&path, text.replace("$FOLDER", folder.to_str().unwrap())).unwrap();
    format!("sh {}", path.display())
}

/// A server that has submissions checked by a script.
async fn checking(database: &Database, text: &str) -> Server {
    let command = script(database.folder(), text);
    Server::start_with(database, &["--check-timeout", "2", "--rate-limit", "0"], &[("MKT_CHECK_COMMAND", &command)])
        .await
}

fn path(manifest: &Manifest) -> String {
    format!("/products/{}/builds/{}", manifest.product(), manifest.build())
}

/// The build once this holds of it.
async fn once(server: &Server, manifest: &Manifest, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let build = server.get(&path(manifest)).await;
        if holds(&build) {
            return build;
        }
        assert!(begun.elapsed() < PATIENCE, "{build}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The build once it is in this state.
async fn in_state(server: &Server, manifest: &Manifest, state: &str) -> Value {
    once(server, manifest, |build| build["state"] == state).await
}

async fn publish(server: &Server, manifest: &Manifest) -> Value {
    let (status, outcome) = server.send(Method::POST, "/packages", manifest.0.clone()).await;
    assert_eq!(status, StatusCode::OK, "{outcome}");
    outcome
}

const SCRIPT: &str = r#"
    manifest=$(cat)
    case "$MKT_BUILD_VERSION" in
        well-*) echo "All is well."; exit 0 ;;
        bad-*) echo "Not $MKT_PRODUCT_NAME:"; echo "$manifest" | cut -c1-20; exit 3 ;;
        silent-*) exit 1 ;;
        hanging-*) sleep 600 & echo $! > "$FOLDER/child"; sleep 600 ;;
        left-*) sleep 600 & echo $! > "$FOLDER/child"; exit 0 ;;
        flooding-*) yes "$(printf 'over\033 and')" | head -c 3000000; yes | head -c 3000000 >&2; exit 1 ;;
        telling-*) env | cut -d= -f1 | sort | tr '\n' ' '; exit 1 ;;
    esac
"#;

/// Waits until the process whose number is in a file is gone.
async fn gone(file: &Path) {
    let number = std::fs::read_to_string(file).unwrap();
    let process = Path::new("/proc").join(number.trim());
    let begun = Instant::now();
    // What nobody has waited for is there as a zombie.
    let runs = || std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| !stat.contains(") Z"));
    while runs() {
        assert!(begun.elapsed() < PATIENCE, "{} still runs", process.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both! {
    async fn a_command_lets_builds_pass_or_rejects_them(database: Database) {
        let server = checking(&database, SCRIPT).await;
        let vendor = Person::new(&server, "vendor", &["products.create"]).await;
        let first = Manifest::new("Checked", "well-1");

        // What may be published is, once it has passed, and its product with it.
        let outcome = publish(&server, &first).await;
        assert_eq!(json!([outcome["submitted"], outcome["published"]]), json!([true, false]));
        in_state(&server, &first, "published").await;
        let product = format!("/products/{}", first.product());
        let begun = Instant::now();
        while server.get_anonymously(&product).await.0 != 200 {
            assert!(begun.elapsed() < PATIENCE);
        }
        let history = server.get(&format!("{}/reviews", path(&first))).await;
        assert_eq!(column(&history, "verdict"), ["submitted", "checked", "published"]);
        assert_eq!(column(&history, "remark"), [json!(null), json!("All is well."), json!(null)]);
        let [by_whom, by_check, published_by] = column(&history, "user_id").try_into().unwrap();
        assert!(by_check.is_null() && by_whom == published_by && by_whom.is_string(), "{history}");
        let told = column(&server.get("/events?stream=review").await, "event_type");
        assert_eq!(told, ["submitted", "checked", "published"]);
        let again = publish(&server, &first).await;
        assert_eq!(json!([again["unchanged"], again["published"]]), json!([true, true]));

        // What may not is left to others; nothing is published that has not passed.
        let second = Manifest::new("Also checked", "well-2");
        vendor.post(&server, "/packages", second.0.clone()).await;
        once(&server, &second, |build| build["checked_at"].is_string()).await;
        assert_eq!(server.get(&path(&second)).await["state"], "submitted");
        assert!(vendor.get(&server, "/reviews?waiting=true").await["results"][0]["build"]["checked_at"].is_string());
        let changed = vendor.ask(&server, Method::PATCH, &path(&second), json!({ "container_tag": "other" })).await.1;
        assert_eq!(json!([changed["state"], changed["checked_at"]]), json!(["draft", null]));
        let (status, refused) = server.send(Method::POST, &format!("{}/publish", path(&second)), json!({})).await;
        assert!(status == StatusCode::CONFLICT && refused["message"].as_str().unwrap().contains("submitted"), "{refused}");

        let rejected = async |version: &str| {
            let manifest = Manifest::new(&format!("Checked {version}"), version);
            publish(&server, &manifest).await;
            in_state(&server, &manifest, "rejected").await["rejection"].as_str().unwrap().to_owned()
        };
        assert!(rejected("bad-1").await.starts_with("Not Checked bad-1:\n{\""));
        assert!(rejected("silent-1").await.contains("does not say why"));
        let flood = rejected("flooding-1").await;
        assert!(flood.starts_with("over\u{fffd} and\nover") && flood.len() < 2100, "{flood}");
        let allowed = ["MKT_BUILD_ID", "MKT_BUILD_VERSION", "MKT_PRODUCT_ID", "MKT_PRODUCT_NAME", "MKT_SUBMITTER_ID", "PATH"];
        let shell = ["PWD", "OLDPWD", "SHLVL", "_"];
        let told = rejected("telling-1").await;
        assert!(told.split_whitespace().all(|name| allowed.contains(&name) || shell.contains(&name)), "{told}");
        assert!(allowed.iter().all(|name| told.contains(name)), "{told}");
        // With the program ends all that it has started.
        assert!(rejected("hanging-1").await.contains("2 s"));
        gone(&database.folder().join("child")).await;
        let left = Manifest::new("Left", "left-1");
        publish(&server, &left).await;
        in_state(&server, &left, "published").await;
        gone(&database.folder().join("child")).await;
    }

    async fn one_server_checks_and_after_its_death_another(database: Database) {
        let text = r#"
            echo "$MKT_BUILD_ID" >> "$FOLDER/log"
            case "$MKT_BUILD_VERSION" in
                fatal-*) test -e "$FOLDER/died" && exit 0; touch "$FOLDER/died"; sleep 2 ;;
            esac
        "#;
        let mut server = checking(&database, text).await;
        let fatal = Manifest::new("Fatal", "fatal-1");
        publish(&server, &fatal).await;
        let begun = Instant::now();
        while !database.folder().join("died").exists() {
            assert!(begun.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.kill();
        let server = checking(&database, text).await;
        let other = if database.url.starts_with("sqlite") { None } else { Some(checking(&database, text).await) };
        let manifests: Vec<_> = (0..6).map(|number| Manifest::new(&format!("Many {number}"), "1.0.0")).collect();
        for manifest in &manifests {
            publish(other.as_ref().unwrap_or(&server), manifest).await;
        }
        for manifest in manifests.iter().chain([&fatal]) {
            in_state(&server, manifest, "published").await;
        }
        let log = std::fs::read_to_string(database.folder().join("log")).unwrap();
        let times = |manifest: &Manifest| log.lines().filter(|line| *line == manifest.build()).count();
        assert_eq!(times(&fatal), 2, "{log}");
        assert!(manifests.iter().all(|manifest| times(manifest) == 1), "{log}");
    }

    async fn a_webhook_decides_and_is_asked_again_when_it_is_away(database: Database) {
        let hook = Hook::start().await;
        let secret = "a secret of the webhook";
        let variables = [("MKT_CHECK_URL", hook.url.as_str()), ("MKT_CHECK_SECRET", secret), ("MKT_CHECK_TIMEOUT", "2")];
        let server = Server::start_with(&database, &[], &variables).await;
        let [well, bad, later] = ["well-1", "bad-1", "later-1"].map(|version| Manifest::new(version, version));
        for manifest in [&later, &well, &bad] {
            publish(&server, manifest).await;
        }
        in_state(&server, &well, "published").await;
        assert_eq!(in_state(&server, &bad, "rejected").await["rejection"], "It is bad.");
        assert_eq!(server.get(&path(&later)).await["state"], "submitted");
        in_state(&server, &later, "published").await;
        let requests = hook.requests.lock().unwrap().clone();
        for (signature, body) in &requests {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let digits: String = hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(*signature, format!("sha256={digits}"));
        }
        let sent: Value = requests.iter().map(|(_, body)| serde_json::from_str(body).unwrap())
            .find(|body: &Value| body["build"]["version"] == "well-1").unwrap();
        assert_eq!(json!([sent["product"]["id"], sent["build"]["id"], sent["manifest"]]), json!([well.product(), well.build(), well.0]));
        assert!(sent["submitter"]["id"].is_string() && sent["submitted_at"].is_string(), "{sent}");
        let log = server.log();
        assert!(log.contains("is tried again") && !log.contains(secret) && !log.contains("token-in-the-address"), "{log}");
    }
}

/// A webhook that answers by the version of the build; to `later` only when it is asked for the third time.
struct Hook {
    url: String,
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Hook {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/check?key=token-in-the-address", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let kept = requests.clone();
        let answer = async move |headers: HeaderMap, body: String| {
            let sent: Value = serde_json::from_str(&body).unwrap();
            let version = sent["build"]["version"].as_str().unwrap().to_owned();
            let mut kept = kept.lock().unwrap();
            kept.push((headers["x-mkt-signature-256"].to_str().unwrap().to_owned(), body));
            let times = kept.iter().filter(|(_, body)| body.contains(&version)).count();
            Self::answer(&version, times)
        };
        tokio::spawn(async { axum::serve(listener, Router::new().route("/check", post(answer))).await.unwrap() });
        Self { url, requests }
    }

    fn answer(version: &str, times: usize) -> Response {
        match (version, times) {
            ("bad-1", _) => axum::Json(json!({ "verdict": "failed", "message": "It is bad." })).into_response(),
            ("later-1", 1) => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
            ("later-1", 2) => "x".repeat(100_000).into_response(),
            _ => axum::Json(json!({ "verdict": "passed" })).into_response(),
        }
    }
}

#[tokio::test]
async fn a_check_that_makes_no_sense_is_refused() {
    let url = ("MKT_CHECK_URL", "https://check.example.org/");
    for (variables, said) in [
        (&[url][..], "needs a secret"),
        (&[("MKT_CHECK_COMMAND", "true"), url], "cannot be used with"),
        (&[("MKT_CHECK_COMMAND", " ")], "blank"),
        (&[("MKT_CHECK_URL", "ftp://check.example.org")], "http or https"),
        (&[("MKT_CHECK_COMMAND", "true"), ("MKT_CHECK_TIMEOUT", "0")], "0"),
    ] {
        let ran = mkt(&["serve", "--database-url", "sqlite:/nonexistent/mkt.db"], variables).await;
        assert!(ran.code == 2 && ran.stderr.contains(said), "{variables:?}: {ran:?}");
    }
}
