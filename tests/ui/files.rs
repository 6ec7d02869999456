//! The application's files: kept for good under the version that they are of, and a page that may do nothing but run them.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use flate2::read::GzDecoder;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    IF_NONE_MATCH,
};
use reqwest::{Client, StatusCode, redirect};

use crate::support::{Database, Home, Server};

/// An answer: its status, headers and body.
async fn ask(
    client: &Client,
    url: &str,
    headers: &[(reqwest::header::HeaderName, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = headers.iter().fold(client.get(url), |request, (name, value)| request.header(name, *value));
    let response = request.send().await.unwrap();
    (response.status(), response.headers().clone(), response.bytes().await.unwrap().to_vec())
}

fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> &str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn it_is_served_beside_the_api() {
    let database = Database::sqlite();
    let server = Server::start_with(&database, &["--title", "Ward & <Friends>"], &[]).await;
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let (status, headers, _) = ask(&client, &server.url("/"), &[(reqwest::header::ACCEPT, "text/html")]).await;
    assert_eq!((status, header(&headers, reqwest::header::LOCATION)), (StatusCode::SEE_OTHER, "/ui/"));

    // One page at all addresses, which names the files of one version and may run nothing else.
    let (status, headers, page) = ask(&client, &server.url("/ui/products/x?y=1"), &[]).await;
    let text = String::from_utf8(page).unwrap();
    assert_eq!((status, header(&headers, CONTENT_TYPE)), (StatusCode::OK, "text/html; charset=utf-8"));
    assert!(text.contains("<title>Ward &amp; &lt;Friends&gt;</title>"), "{text}");
    let policy = header(&headers, CONTENT_SECURITY_POLICY);
    assert!(
        policy.contains("default-src 'none'; script-src 'self';")
            && policy.contains("require-trusted-types-for 'script'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let tag = header(&headers, ETAG).to_owned();
    assert_eq!(header(&headers, CACHE_CONTROL), "no-cache");
    // Browsers take what comes with "nothing new" for the page that they have.
    let (status, again, body) = ask(&client, &server.url("/ui/"), &[(IF_NONE_MATCH, &tag)]).await;
    assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(header(&again, CONTENT_SECURITY_POLICY), policy);

    // What a first view takes, compressed, is less than 100 kB.
    let files: Vec<&str> = text.split('"').filter(|part| part.starts_with("/ui/-/")).collect();
    let mut bytes = text.len();
    for file in &files {
        let (status, headers, body) = ask(&client, &server.url(file), &[(ACCEPT_ENCODING, "br, gzip")]).await;
        assert_eq!(
            (status, header(&headers, CACHE_CONTROL)),
            (StatusCode::OK, "public, max-age=31536000, immutable"),
            "{file}"
        );
        bytes += body.len();
        if header(&headers, CONTENT_ENCODING) == "gzip" {
            let (_, _, plain) = ask(&client, &server.url(file), &[]).await;
            let mut unpacked = Vec::new();
            GzDecoder::new(&*body).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == plain, "{file}");
        }
    }
    assert!(files.len() > 10 && bytes < 100_000, "{} files, {bytes} bytes", files.len());

    // Of another version, of none, of elsewhere: nothing.
    let version = files[0].split('/').nth(3).unwrap();
    for path in [
        "-/0/app.js",
        &format!("-/{version}/none.js"),
        &format!("-/{version}/..%2f..%2fCargo.toml"),
        &format!("-/{version}/index.html"),
    ] {
        let (status, headers, _) = ask(&client, &server.url(&format!("/ui/{path}")), &[]).await;
        assert_eq!(
            (status, header(&headers, CONTENT_TYPE)),
            (StatusCode::NOT_FOUND, "application/problem+json"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn it_is_served_alone() {
    let home = Home::new();
    let arguments = ["ui", "--server-url", "https://market.example.org/", "--listen", "127.0.0.1:0", "--title", "Ward"];
    let mut alone = home.command(&arguments, &[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(alone.stderr.take().unwrap()).lines().map_while(Result::ok);
    let address =
        lines.find_map(|line| Some(line.split_once("listening on ")?.1.split(' ').next()?.to_owned())).unwrap();
    let url = |path: &str| format!("{address}{path}");
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let (status, headers, _) = ask(&client, &url("/"), &[]).await;
    assert_eq!((status, header(&headers, reqwest::header::LOCATION)), (StatusCode::TEMPORARY_REDIRECT, "/ui/"));
    let (_, headers, page) = ask(&client, &url("/ui/"), &[]).await;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("<meta name=\"marketplace\" content=\"https://market.example.org\">"), "{page}");
    let policy = header(&headers, CONTENT_SECURITY_POLICY);
    assert!(policy.contains("connect-src 'self' https://market.example.org wss://market.example.org;"), "{policy}");
    assert_eq!(header(&headers, reqwest::header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    let (status, _, _) = ask(&client, &url("/products"), &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&client, &url("/livez"), &[]).await.0, StatusCode::OK);
    let process = rustix::process::Pid::from_child(&alone);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || alone.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(0), "{:?}", lines.collect::<Vec<_>>());

    for (bad, told) in [("ftp://market.example.org", "is no address"), ("market", "is no address")] {
        let ran = home.mkt(&["ui", "--server-url", bad], &[]).await;
        assert!(ran.code == 2 && ran.stderr.contains(told), "{ran:?}");
    }
    let mut command = home.command(&["ui"], &[]);
    assert_eq!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code(), Some(2));
}
