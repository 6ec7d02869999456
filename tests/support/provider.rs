//! A real OpenID provider, and a browser in which somebody signs in there.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::Server;

/// A provider with a client for each algorithm, whose id is the algorithm's name. Dropping it ends it.
pub struct Provider {
    pub issuer: String,
    child: Child,
    output: Mutex<BufReader<ChildStdout>>,
}

impl Provider {
    /// Starts a provider that sends people back to these servers.
    pub fn start(servers: &[&Server]) -> Self {
        let callbacks: Vec<_> = servers.iter().map(|server| server.url("/sessions")).collect();
        let mut node = Command::new("node");
        node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/provider.mjs")).arg(callbacks.join(","));
        let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = Mutex::new(BufReader::new(child.stdout.take().unwrap()));
        let mut provider = Self { issuer: String::new(), child, output };
        provider.issuer = provider.read();
        provider
    }

    fn read(&self) -> String {
        let mut line = String::new();
        self.output.lock().unwrap().read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Has it change: `rotate`, or `rename NAME`.
    pub fn tell(&mut self, command: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{command}").unwrap();
        assert_eq!(self.read(), command.split(' ').next().unwrap());
    }

    /// Makes it known to a server, enabled, and answers its path there.
    pub async fn register(&self, server: &Server, algorithm: &str) -> String {
        let secret = format!("secret of {algorithm}: a+%/=");
        register(server, algorithm, &self.issuer, algorithm, &secret).await
    }
}

/// Makes a provider known to a server, enabled, and answers its path there.
pub async fn register(server: &Server, name: &str, issuer: &str, client_id: &str, client_secret: &str) -> String {
    let body = json!({ "name": name, "issuer": issuer, "client_id": client_id, "client_secret": client_secret });
    let path = server.create("/identity_providers", body).await["path"].as_str().unwrap().to_owned();
    assert_eq!(server.send(Method::POST, &format!("{path}/enable"), json!({})).await.0, StatusCode::OK);
    path
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser: it keeps cookies, follows redirects and fills in forms.
pub struct Browser {
    http: reqwest::Client,
    cookies: Mutex<HashMap<(String, String), String>>,
}

impl Browser {
    pub fn new() -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, cookies: Mutex::default() }
    }

    /// One request, as browsers send it.
    pub async fn send(&self, url: &str, form: Option<&[(&str, &str)]>) -> Response {
        let host = |url: &str| Url::parse(url).unwrap().authority().to_owned();
        let mut request = self.http.request(if form.is_some() { Method::POST } else { Method::GET }, url);
        request = request.header("accept", "text/html,application/xhtml+xml;q=0.9");
        let cookies: Vec<_> = {
            let cookies = self.cookies.lock().unwrap();
            cookies
                .iter()
                .filter(|((at, _), _)| *at == host(url))
                .map(|((_, name), value)| format!("{name}={value}"))
                .collect()
        };
        request = request.header("cookie", cookies.join("; "));
        if let Some(form) = form {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.lock().unwrap().insert((host(url), name.to_owned()), value.to_owned());
        }
        response
    }

    /// Goes where a page leads, signing in as somebody and consenting on the way, until an address that starts with this.
    pub async fn sign_in(&self, from: &str, somebody: &str, until: &str) -> String {
        let mut url = from.to_owned();
        let mut response = self.send(&url, None).await;
        for _ in 0..20 {
            if let Some(to) = response.headers().get("location") {
                url = Url::parse(&url).unwrap().join(to.to_str().unwrap()).unwrap().to_string();
                if url.starts_with(until) {
                    return url;
                }
                response = self.send(&url, None).await;
                continue;
            }
            let (status, page) = (response.status(), response.text().await.unwrap());
            assert_eq!(status, StatusCode::OK, "{url}: {page}");
            let action =
                page.split("action=\"").nth(1).unwrap_or_else(|| panic!("no form: {page}")).split('"').next().unwrap();
            let prompt = if page.contains("value=\"login\"") { "login" } else { "consent" };
            url = Url::parse(&url).unwrap().join(action).unwrap().to_string();
            let form = [("prompt", prompt), ("login", somebody), ("password", "any")];
            response = self.send(&url, Some(&form)).await;
        }
        panic!("{from} does not lead to {until}, but to {url}");
    }
}

/// What an address has in its query.
pub fn query(url: &str) -> Value {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
