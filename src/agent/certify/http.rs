//! A product asked over HTTP, by one who trusts nothing that it answers.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{HOST, LOCATION};
use reqwest::redirect;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::rule::{Findings, Rule, shown};
use crate::agent::runner::docker::Inspected;

/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(1);
/// How long an answer may take to begin, and then to end.
const ANSWERING: Duration = Duration::from_secs(10);
/// For how long one who takes connections may not answer yet.
const BEGINNING: Duration = Duration::from_secs(5);
/// The most bytes that are read of an answer.
const LARGEST: usize = 64 * 1024;
/// Names that the product can't know.
const NAMES: [&str; 2] = ["one.certify.example.org", "two.certify.example.org"];

/// What was answered, with the name that was asked for taken out.
#[derive(PartialEq)]
struct Answer {
    status: u16,
    location: String,
    body: String,
}

/// Where a port takes connections, if it does. The container itself is asked where it can be: what publishes ports may take
/// connections for those that do not listen.
pub(super) async fn listens(container: &Inspected, port: u16) -> Option<SocketAddr> {
    let [own, published] = container.addresses(port);
    if let Some(own) = own {
        match timeout(CONNECTING, TcpStream::connect(own)).await {
            Ok(Ok(_)) => return Some(own),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => return None,
            _ => {}
        }
    }
    let published = published?;
    timeout(CONNECTING, TcpStream::connect(published)).await.ok()?.ok().map(|_| published)
}

/// Whether plain HTTP is answered there, and whatever the product is called.
pub(super) async fn examine(address: SocketAddr, port: u16, findings: &mut Findings) {
    let first = ask_patiently(address, &address.to_string()).await;
    let first = match first {
        Ok(answer) => answer,
        Err(why) => {
            findings.failed(Rule::Http, format!("Port {port} takes connections, but {why}."));
            return findings.untried(&[Rule::Names], "it answers no HTTP.");
        }
    };
    let said = format!("GET / on port {port} was answered with {}.", first.status);
    match first.status {
        500.. => findings.failed(Rule::Http, said),
        300..400 if first.location.starts_with("https:") => findings
            .look(Rule::Http, format!("{said} It redirects to {}, but TLS is the platform's.", shown(&first.location))),
        _ => findings.ok(Rule::Http, said),
    }
    by_name(address, &first, findings).await;
}

/// Asks for other names than before.
async fn by_name(address: SocketAddr, first: &Answer, findings: &mut Findings) {
    let mut answers = Vec::new();
    for name in NAMES {
        match ask_patiently(address, name).await {
            Ok(answer) => answers.push(answer),
            Err(why) => return findings.failed(Rule::Names, format!("Asked for as {name}, {why}.")),
        }
    }
    let host = address.ip();
    if let Some((answer, name)) = answers.iter().zip(NAMES).find(|(answer, _)| answer.status != first.status) {
        let (status, other) = (first.status, answer.status);
        return findings.failed(Rule::Names, format!("It answers {status} as {host}, but {other} as {name}."));
    }
    let status = first.status;
    if matches!(status, 400 | 403 | 421) {
        return findings.look(Rule::Names, format!("It answers {status} to any name: does it wait for a certain one?"));
    }
    if answers.iter().all(|answer| answer == first) {
        return findings.ok(Rule::Names, format!("It answers {status} and the same as {host} and as {}.", NAMES[0]));
    }
    // What changes by itself tells nothing.
    match ask(address, NAMES[0]).await {
        Ok(again) if again == answers[0] => {
            findings.look(
                Rule::Names,
                format!("It answers {status} by any name, but not the same as {host} and as {}.", NAMES[0]),
            );
        }
        _ => findings
            .ok(Rule::Names, format!("It answers {status} as {host} and as {}, each time something else.", NAMES[0])),
    }
}

/// Asks again where the connection breaks, for a while.
async fn ask_patiently(address: SocketAddr, name: &str) -> Result<Answer, String> {
    let begun = Instant::now();
    loop {
        match ask(address, name).await {
            Err(_) if begun.elapsed() < BEGINNING => sleep(CONNECTING / 4).await,
            answer => return answer,
        }
    }
}

async fn ask(address: SocketAddr, name: &str) -> Result<Answer, String> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECTING)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("mkt/", env!("CARGO_PKG_VERSION")));
    let client = client.build().map_err(|error| error.to_string())?;
    let request = client.get(format!("http://{address}/")).header(HOST, name).send();
    let seconds = ANSWERING.as_secs();
    let mut response = match timeout(ANSWERING, request).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(format!("what it answers is no HTTP: {}", shown(&root(&error)))),
        Err(_) => return Err(format!("it did not answer within {seconds} s")),
    };
    let status = response.status().as_u16();
    let location =
        response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    let reading = async {
        // Of an answer that breaks off or never ends, the start counts.
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece[..piece.len().min(LARGEST - body.len())]);
            if body.len() == LARGEST {
                break;
            }
        }
    };
    let _ = timeout(ANSWERING, reading).await;
    let bare = |text: &str| text.replace(name, "").replace(&address.ip().to_string(), "");
    Ok(Answer { status, location: bare(&location), body: bare(&String::from_utf8_lossy(&body)) })
}

fn root(error: &reqwest::Error) -> String {
    let mut root: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}
