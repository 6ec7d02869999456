//! `mkt login` while somebody is away in a browser, and what it takes for an answer from there.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::json;
use url::Url;

use crate::support::{Browser, Database, Home, Provider, Server, on_both};

/// Makes a provider that people may sign in with.
pub async fn add_provider(server: &Server, name: &str) {
    let provider = json!({
        "name": name, "issuer": format!("https://{name}.example.org"), "client_id": "mkt", "client_secret": "hush",
    });
    let provider = server.create("/identity_providers", provider).await;
    let path = format!("/identity_providers/{}/enable", provider["id"].as_str().unwrap());
    assert_eq!(server.request(Method::POST, &path).send().await.unwrap().status(), StatusCode::OK);
}

/// A login that waits for somebody.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What the browser is to open.
    address: Url,
}

impl Waiting {
    fn start(home: &Home, server: &Server, way: &str) -> Self {
        let mut command = home.command(&["login", way, "--server", &server.url("")], &[]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.trim().starts_with("http") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended without an address");
        }
        let address = line.trim().parse().unwrap();
        Self { child, stderr, address }
    }

    /// The line after the address.
    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Where the browser comes back to, with this in place of a parameter or beside the others.
    fn callback(&self, more: &[(&str, &str)]) -> Url {
        let return_to = self.address.query_pairs().find(|(name, _)| name == "return_to").unwrap().1;
        let mut url: Url = return_to.parse().unwrap();
        let given: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let kept = given.iter().filter(|(name, _)| more.iter().all(|(other, _)| name != other));
        let kept: Vec<_> = kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(more);
        url
    }

    /// Its exit code, and the rest of what it said.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

on_both! {
    async fn whoever_signs_in_with_the_browser_is_signed_in_here(database: Database) {
        let server = Server::start(&database).await;
        let provider = Provider::start(&[&server]);
        provider.register(&server, "ES256").await;
        let home = Home::new();
        let waiting = Waiting::start(&home, &server, "--no-browser");
        let callback = waiting.callback(&[("state", "")]);
        let until = callback.as_str().split('?').next().unwrap();
        let back = Browser::new().sign_in(waiting.address.as_str(), "alice", until).await;
        let page = reqwest::get(back).await.unwrap();
        assert!(page.text().await.unwrap().contains("You are signed in."));
        let (code, said) = waiting.ended();
        assert!(code == Some(0) && said.contains("as alice Example until 20"), "{said}");
        let me = home.mkt(&["whoami"], &[]).await.ok();
        for part in ["alice Example", "ES256", "mkt login", "products: read", "ends"] {
            assert!(me.contains(part), "{part}: {me}");
        }
        let me = home.mkt(&["whoami", "--json"], &[]).await.json();
        assert_eq!(me["identity"]["user"]["name"], "alice Example");
        // A copy of the token ends with the session.
        let kept = std::fs::read_to_string(home.file("credentials.toml")).unwrap();
        assert!(kept.contains(me["jwt"]["expires_at"].as_str().unwrap()), "when it ends is kept");
        let copy = kept.lines().find_map(|line| line.strip_prefix("token = ")).unwrap().trim_matches('"');
        assert!(!said.contains(copy) && !me.to_string().contains(copy));
        let with_copy = [("MKT_TOKEN", copy)];
        home.mkt(&["whoami"], &with_copy).await.ok();
        home.mkt(&["logout"], &[]).await.ok();
        assert_eq!(home.mkt(&["whoami"], &with_copy).await.code, 4);
    }
}

#[tokio::test]
async fn only_the_answer_that_is_waited_for_counts() {
    let server = Server::start(&Database::sqlite()).await;
    add_provider(&server, "Hospital").await;
    let home = Home::new();
    let waiting = Waiting::start(&home, &server, "--no-browser");
    assert!(waiting.address.as_str().starts_with(&server.url("/identity_providers/")), "{}", waiting.address);
    let asked: Vec<_> = waiting.address.query_pairs().into_owned().collect();
    assert_eq!(asked[2], ("code_challenge_method".into(), "S256".into()));
    assert_eq!(asked[1].1.len(), 43, "a SHA-256 in base 64 for URLs");
    let message = "<b>The provider</b> said no.";
    for (brought, status) in [
        (&[("state", "another"), ("code", "evil")][..], StatusCode::BAD_REQUEST),
        (&[("state", ""), ("error", "evil")], StatusCode::BAD_REQUEST),
        (&[("error", "access_denied"), ("message", message)], StatusCode::OK),
    ] {
        let page = reqwest::get(waiting.callback(brought)).await.unwrap();
        assert_eq!(page.status(), status, "{brought:?}");
        assert_eq!(page.headers()["content-security-policy"], "default-src 'none'");
        assert!(!page.text().await.unwrap().contains("provider"));
    }
    let (code, said) = waiting.ended();
    assert!(code == Some(4) && said.contains(message), "{said}");
    // A code that is none gets nobody in.
    let waiting = Waiting::start(&home, &server, "--no-browser");
    let page = reqwest::get(waiting.callback(&[("code", "made-up")])).await.unwrap();
    assert!(page.text().await.unwrap().contains("You can close this window."));
    let (code, said) = waiting.ended();
    assert!(code == Some(4) && said.contains("This code is unknown"), "{said}");
    assert!(!home.file("credentials.toml").exists());
}

#[tokio::test]
async fn whoever_waits_can_be_interrupted() {
    let server = Server::start(&Database::sqlite()).await;
    add_provider(&server, "Hospital").await;
    let waiting = Waiting::start(&Home::new(), &server, "--no-browser");
    // It listens for Ctrl-C a moment after it has printed the address.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(Command::new("kill").args(["-INT", &waiting.child.id().to_string()]).status().unwrap().success());
    assert_eq!(waiting.ended().0, Some(130));
}

#[tokio::test]
async fn a_device_is_signed_in_by_whoever_approves_its_code() {
    let server = Server::start(&Database::sqlite()).await;
    let homes = [Home::new(), Home::new()];
    let mut devices = homes.each_ref().map(|home| Waiting::start(home, &server, "--device"));
    for (device, approve) in devices.iter_mut().zip([true, false]) {
        assert_eq!(device.address.as_str(), server.url("/device"));
        let decision = json!({ "user_code": device.next_line(), "approve": approve });
        assert_eq!(server.send(Method::POST, "/device", decision).await.0, StatusCode::OK);
    }
    let [approved, refused] = devices.map(Waiting::ended);
    assert!(approved.0 == Some(0) && approved.1.contains("as administrator"), "{}", approved.1);
    assert!(homes[0].mkt(&["whoami"], &[]).await.ok().contains("administrator"));
    homes[0].mkt(&["logout"], &[]).await.ok();
    assert!(refused.0 == Some(4) && refused.1.contains("refused on the other device"), "{}", refused.1);
    assert!(!homes[1].file("credentials.toml").exists());
}
