//! Large files go in parts, and after whatever broke off they go on from where they stand.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use mkt::core::clock;
use mkt::core::db::{Db, Wait};
use mkt::core::files::{Files, Limits, StorageUrl};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{Rich, Vendor};
use crate::http::Answer;
use crate::http::forms::picture;
use crate::support::{Database, Proxy, Ran, Server, on_both};

/// How many bytes the client sends in a part.
const PART: usize = 8 * 1024 * 1024;
const LARGE: usize = 30_000_000;

on_both! {
    async fn a_large_file_outlasts_the_network_and_servers(database: Database) {
        let (one, two) = (Server::start(&database).await, Server::start(&database).await);
        let package = Rich::new("Whale", LARGE, &database.folder().join("whale"));
        let proxy = Proxy::to(vec![one.address(), two.address()]).await;
        proxy.cut_after([3_000_000, 4_000_000, 14_000_000]);
        let ran = tokio::spawn(publish(&two, &proxy, &package));
        reaches(&proxy, 20_000_000).await;
        one.kill_now();
        ran.await.unwrap().ok();
        let asset = two.anonymous(Method::GET, &format!("{}/asset", package.build())).send().await.unwrap();
        assert!(asset.bytes().await.unwrap() == content(&package));
        assert!(proxy.sent() < LARGE * 3 / 2, "{} bytes were sent", proxy.sent());
        assert_eq!(parts(&database), [] as [PathBuf; 0]);
    }

    async fn whoever_was_killed_goes_on_where_they_were(database: Database) {
        let server = Server::start(&database).await;
        let package = Rich::new("Tuna", LARGE, &database.folder().join("tuna"));
        let proxy = Proxy::to(vec![server.address()]).await;
        proxy.cut_after([20_000_000]);
        let mut command = server.command(&["publish", "--yes", "--quiet", package.path()]);
        let command = command.env("MKT_SERVER", format!("http://{}", proxy.address));
        let mut victim = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        reaches(&proxy, 20_000_000).await;
        victim.kill().unwrap();
        victim.wait().unwrap();

        let file = File::of(&server, "asset", &content(&package));
        assert_eq!(file.place().await, ("16777216".to_owned(), "?0".to_owned()));
        let before = proxy.sent();
        publish(&server, &proxy, &package).await.ok();
        let sent = proxy.sent() - before;
        assert!((LARGE - 2 * PART..LARGE - PART).contains(&sent), "{sent} bytes were sent");
        assert_eq!(file.place().await, (LARGE.to_string(), "?1".to_owned()));
    }

    async fn who_send_the_same_at_once_do_no_harm(database: Database) {
        let server = Server::start(&database).await;
        let packages = ["Left", "Right", "Middle"].map(|name| Rich::new(name, LARGE, &database.folder().join(name)));
        let proxy = Proxy::to(vec![server.address()]).await;
        let runs = packages.iter().map(|package| publish(&server, &proxy, package));
        for ran in futures_util::future::join_all(runs).await {
            ran.ok();
        }
        for package in &packages {
            assert_eq!(server.get(&package.build()).await["asset_size"], LARGE);
        }
    }

    async fn what_a_manifest_names_twice_goes_once(database: Database) {
        let server = Server::start(&database).await;
        let package = Rich::new("Twins", 10, &database.folder().join("twins"));
        let mut large = picture(9, 9, [1, 2, 3]);
        large.resize(400_000, 0);
        for name in ["one.png", "two.png"] {
            std::fs::write(package.folder.join(name), &large).unwrap();
        }
        let proxy = Proxy::to(vec![server.address()]).await;
        publish(&server, &proxy, &package).await.ok();
        assert!((400_000..600_000).contains(&proxy.sent()), "{} bytes were sent", proxy.sent());
    }

    async fn parts_are_taken_one_after_the_other(database: Database) {
        let server = Server::start_with(&database, &["--max-asset-size", "9 MiB"], &[]).await;
        let file = File::of(&server, "asset", b"hello world");
        assert_eq!(file.place().await, ("0".to_owned(), "?0".to_owned()));
        file.append("5", "?0", " world").await.is(409, "0", "?0");
        file.append("0", "?0", "hello").await.is(204, "5", "?0");
        for (offset, complete, body, status) in [
            ("0", "?0", "hello".to_owned(), 409),
            ("6", "?1", "world".to_owned(), 409),
            ("", "?1", " world".to_owned(), 400),
            ("-5", "?1", " world".to_owned(), 400),
            ("+5", "?1", " world".to_owned(), 400),
            ("99999999999999999999", "?1", " world".to_owned(), 400),
            ("5", "true", " world".to_owned(), 400),
            ("5", "?0", String::new(), 422),
            ("5", "?1", "x".repeat(PART + 1), 413),
        ] {
            let answer = file.append(offset, complete, body).await;
            assert_eq!(answer.0.status, status, "{offset} {complete}: {}", answer.0.body);
            assert_eq!(file.place().await, ("5".to_owned(), "?0".to_owned()), "{offset} {complete}");
        }
        let untyped = file.request(Method::PATCH).header("upload-offset", "5").header("upload-complete", "?1");
        assert_eq!(Answer::to(untyped.body(" world")).await.status, 415);

        let whole = file.append("5", "?1", " world").await;
        whole.is(200, "11", "?1");
        assert_eq!(whole.0.json(), json!({ "digest": file.digest, "size": 11, "media_type": "text/plain" }));
        assert_eq!(file.place().await, ("11".to_owned(), "?1".to_owned()));
        for (offset, body) in [("11", ""), ("0", "hello"), ("5", " world")] {
            file.append(offset, "?1", body).await.is(409, "11", "?1");
        }

        // The last may be empty, and the first may be the last.
        let file = File::of(&server, "asset", b"short");
        file.append("0", "?0", "short").await.is(204, "5", "?0");
        file.append("5", "?1", "").await.is(200, "5", "?1");
        File::of(&server, "asset", b"").append("0", "?1", "").await.is(200, "0", "?1");
        let bytes = picture(30, 20, [7, 7, 7]);
        let file = File::of(&server, "image", &bytes);
        file.append("0", "?0", bytes[..20].to_vec()).await.is(204, "20", "?0");
        file.append("20", "?1", bytes[20..].to_vec()).await.is(200, &bytes.len().to_string(), "?1");
        assert_eq!(parts(&database), [] as [PathBuf; 0]);

        // What is not what it was said to be goes, all of it.
        for (kind, said) in [("asset", "right"), ("image", "wrong")] {
            let file = File::of(&server, kind, said.as_bytes());
            file.append("0", "?0", "wro").await.is(204, "3", "?0");
            assert_eq!(file.append("3", "?1", "ng").await.0.status, 422);
            assert_eq!(file.place().await, ("0".to_owned(), "?0".to_owned()));
            assert_eq!(parts(&database), [] as [PathBuf; 0]);
        }
        let file = File::of(&server, "asset", b"too much");
        file.append("0", "?0", "x".repeat(PART)).await.is(204, &PART.to_string(), "?0");
        assert_eq!(file.append(&PART.to_string(), "?1", "x".repeat(PART / 4)).await.0.status, 413);
        assert_eq!(file.place().await, (PART.to_string(), "?0".to_owned()));
    }

    async fn parts_are_nobody_elses(database: Database) {
        let server = Server::start(&database).await;
        let file = File::of(&server, "asset", b"mine");
        file.append("0", "?0", "mi").await.is(204, "2", "?0");
        let vendor = Vendor::new(&server, "vendor").await;
        let stranger = |method: Method| server.anonymous(method, &file.path);
        let nobody = |method: Method| vendor.request(&server, method, &file.path);
        for (request, status) in [
            (stranger(Method::HEAD), 401),
            (typed(stranger(Method::PATCH), "2", "?1").body("ne"), 401),
            (nobody(Method::HEAD), 403),
            (typed(nobody(Method::PATCH), "2", "?1").body("ne"), 403),
        ] {
            assert_eq!(Answer::to(request).await.status, status);
        }
        server.create("/products", json!({ "name": "Theirs", "user_id": vendor.id })).await;
        let theirs = Appended(Answer::to(nobody(Method::HEAD)).await);
        theirs.is(204, "0", "?0");
        Appended(Answer::to(typed(nobody(Method::PATCH), "2", "?1").body("ne")).await).is(409, "0", "?0");
        Appended(Answer::to(typed(nobody(Method::PATCH), "0", "?1").body("mine")).await).is(200, "4", "?1");
        assert_eq!(file.place().await, ("2".to_owned(), "?0".to_owned()));
        // As an asset it is not there as a picture.
        assert_eq!(File::of(&server, "image", b"mine").place().await, ("0".to_owned(), "?0".to_owned()));
        file.append("2", "?1", "ne").await.is(200, "4", "?1");
    }

    async fn parts_that_nobody_completes_go_after_a_day(database: Database) {
        let server = Server::start(&database).await;
        let [slow, given_up] = ["slow", "given up"].map(|text| File::of(&server, "asset", text.as_bytes()));
        given_up.append("0", "?0", "given").await.is(204, "5", "?0");
        slow.append("0", "?0", "sl").await.is(204, "2", "?0");
        // These have come long ago, and of the one only now the next.
        for part in parts(&database) {
            let long_ago = SystemTime::now() - Duration::from_secs(30 * 3600);
            std::fs::File::options().write(true).open(part).unwrap().set_modified(long_ago).unwrap();
        }
        slow.append("2", "?0", "o").await.is(204, "3", "?0");
        let folder = StorageUrl::Folder(database.folder().join("files"));
        let files = Files::open(folder, Limits { image: 1 << 20, asset: 1 << 20 }).unwrap();
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap();
        assert_eq!(files.collect(&db, clock::now()).await.unwrap(), 1);
        assert_eq!(given_up.place().await, ("0".to_owned(), "?0".to_owned()));
        assert_eq!(slow.place().await, ("3".to_owned(), "?0".to_owned()));
        let later = (clock::now().datetime() + chrono::Duration::hours(25)).into();
        assert_eq!(files.collect(&db, later).await.unwrap(), 2);
        assert_eq!(parts(&database), [] as [PathBuf; 0]);
    }
}

/// A file that is sent by hand.
struct File<'a> {
    server: &'a Server,
    digest: String,
    path: String,
}

impl<'a> File<'a> {
    fn of(server: &'a Server, kind: &str, bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = format!("sha256:{digest}");
        Self { server, path: format!("/packages/files/{digest}?kind={kind}&media_type=text/plain"), digest }
    }

    fn request(&self, method: Method) -> RequestBuilder {
        self.server.request(method, &self.path)
    }

    /// How far it has come.
    async fn place(&self) -> (String, String) {
        let answer = Answer::to(self.request(Method::HEAD)).await;
        assert_eq!(answer.status, 204);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        (header("upload-offset"), header("upload-complete"))
    }

    async fn append(&self, offset: &str, complete: &str, part: impl Into<reqwest::Body>) -> Appended {
        Appended(Answer::to(typed(self.request(Method::PATCH), offset, complete).body(part)).await)
    }
}

/// A request with the headers of a part.
fn typed(request: RequestBuilder, offset: &str, complete: &str) -> RequestBuilder {
    let request = request.header("content-type", "application/partial-upload");
    request.header("upload-offset", offset).header("upload-complete", complete)
}

/// The answer to a part.
struct Appended(Answer);

impl Appended {
    #[track_caller]
    fn is(&self, status: u16, offset: &str, complete: &str) {
        let Self(answer) = self;
        assert_eq!(answer.status, status, "{}", answer.body);
        let header = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!((header("upload-offset"), header("upload-complete")), (offset, complete), "{}", answer.body);
    }
}

/// Publishes a package through a bad network.
fn publish(server: &Server, proxy: &Proxy, package: &Rich) -> impl Future<Output = Ran> + use<> {
    let mut command = server.command(&["publish", "--yes", "--quiet", package.path()]);
    command.env("MKT_SERVER", format!("http://{}", proxy.address));
    async move { tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap() }
}

/// Waits until clients have sent so many bytes.
async fn reaches(proxy: &Proxy, bytes: usize) {
    let begun = std::time::Instant::now();
    while proxy.sent() < bytes {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} bytes were sent", proxy.sent());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn content(package: &Rich) -> Vec<u8> {
    std::fs::read(package.folder.join("files/guide.pdf")).unwrap()
}

/// The parts that are kept.
fn parts(database: &Database) -> Vec<PathBuf> {
    let inside = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    inside(database.folder().join("files/parts")).flat_map(inside).collect()
}
