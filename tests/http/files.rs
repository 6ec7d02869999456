//! Logos, screenshots and assets: sent, shown, fetched, replaced, refused, collected.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use image::GenericImageView;
use mkt::core::clock;
use mkt::core::db::{Db, Wait};
use mkt::core::files::{Files, Limits, StorageUrl};
use reqwest::{Body, Method, RequestBuilder};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::forms::{Upload, multipart, picture};
use super::{Answer, Tree, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn assets_come_back_as_they_were_sent(database: Database) {
        let server = start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Loaded" })).await;
        let (path, content) = (format!("{}/asset", tree.build), noise(3_000_000));
        assert_eq!(get(&server, &path, &[]).await.status, 404);
        let put = server.request(Method::PUT, &path).header("content-type", "application/zip");
        let put = put.header("content-disposition", "attachment; filename=\"../etc/kit \u{e9}.zip\"").body(content.clone());
        let build = Answer::to(put).await.json();
        assert_eq!(
            [&build["asset_available"], &build["asset_size"], &build["asset_sha256"], &build["asset_media_type"]],
            [&json!(true), &json!(3_000_000), &json!(sha256(&content)), &json!("application/zip")]
        );
        assert_eq!(server.get(&tree.build).await, build);

        let whole = get(&server, &path, &[("accept", "application/zip")]).await;
        assert!(whole.status == 200 && whole.bytes == content);
        for (name, value) in [
            ("content-type", "application/zip"),
            ("content-length", "3000000"),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", "attachment; filename*=UTF-8''kit%20%C3%A9%2Ezip"),
            ("etag", &format!("\"{}\"", sha256(&content))),
        ] {
            assert_eq!(whole.header(name), value, "{name}");
        }
        let head = server.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "3000000"));
        let etag = whole.header("etag").to_owned();
        assert_eq!(get(&server, &path, &[("if-none-match", &etag)]).await.status, 304);

        for (range, status, part) in [
            ("bytes=0-9", 206, 0..10),
            ("bytes=2999990-", 206, 2_999_990..3_000_000),
            ("bytes=-5", 206, 2_999_995..3_000_000),
            ("bytes=2999999-9999999", 206, 2_999_999..3_000_000),
            ("bytes=-9999999", 200, 0..3_000_000),
            ("bytes=3000000-", 416, 0..0),
            ("bytes=0-1,5-6", 200, 0..3_000_000),
            ("pages=1-2", 200, 0..3_000_000),
        ] {
            let found = get(&server, &path, &[("range", range)]).await;
            assert_eq!(found.status, status, "{range}");
            match status {
                206 => {
                    let expected = format!("bytes {}-{}/3000000", part.start, part.end - 1);
                    assert_eq!((found.header("content-range"), &found.bytes[..]), (&expected[..], &content[part]), "{range}");
                }
                416 => assert_eq!(found.header("content-range"), "bytes */3000000"),
                _ => assert_eq!(found.bytes.len(), part.len(), "{range}"),
            }
        }
        let unchanged = [("range", "bytes=0-0"), ("if-range", &etag)];
        assert_eq!(get(&server, &path, &unchanged).await.status, 206);
        assert_eq!(get(&server, &path, &[("range", "bytes=0-0"), ("if-range", "\"other\"")]).await.status, 200);

        // By form, and replaced; what is published stays.
        let form = Upload { field: "build[asset]".into(), name: "b.bin".into(), media_type: "text/html", bytes: b"<html>".into() };
        let changed = Answer::to(multipart(server.request(Method::PATCH, &tree.build), &[], &[form])).await.json();
        assert_eq!((&changed["asset_name"], &changed["asset_size"]), (&json!("b.bin"), &json!(6)));
        let html = get(&server, &path, &[]).await;
        assert_eq!((html.bytes.as_slice(), html.header("content-security-policy")), (b"<html>".as_slice(), "default-src 'none'; sandbox"));
        let stale = server.request(Method::PUT, &path).header("if-match", "W/\"stale\"").body("x");
        assert_eq!(Answer::to(stale).await.status, 412);
        let bare = Answer::to(server.request(Method::DELETE, &path)).await.json();
        assert_eq!((&bare["asset_available"], &bare["asset_name"]), (&json!(false), &Value::Null));
        assert_eq!(get(&server, &path, &[]).await.status, 404);
        Answer::to(server.request(Method::PUT, &path).body("final")).await;
        tree.publish(&server).await;
        for request in [server.request(Method::PUT, &path).body("other"), server.request(Method::DELETE, &path)] {
            assert_eq!(Answer::to(request).await.status, 409);
        }
        let stranger = Answer::to(server.anonymous(Method::GET, &path)).await;
        assert_eq!((stranger.status, &stranger.body[..]), (200, "final"));
    }

    async fn pictures_are_shown_in_three_sizes(database: Database) {
        let server = start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Shown" })).await;
        let logo = format!("{}/logo", tree.product);
        for (size, side) in [("small", 100), ("medium", 200), ("large", 400)] {
            let neutral = get(&server, &format!("{logo}/{size}"), &[]).await;
            assert_eq!((neutral.header("content-type"), neutral.dimensions()), ("image/png", (side, side)), "{size}");
        }
        // Browsers show a drawing that tells products apart, and makes no markup of names.
        let browser = [("accept", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8")];
        let drawn = get(&server, &format!("{logo}/small"), &browser).await;
        assert_eq!((drawn.header("content-type"), drawn.header("vary")), ("image/svg+xml", "accept"));
        let body = String::from_utf8_lossy(&drawn.bytes);
        assert!(body.ends_with(">S</text></svg>"), "{body}");
        let known = [browser[0], ("if-none-match", drawn.header("etag"))];
        assert_eq!(get(&server, &format!("{logo}/small"), &known).await.status, 304);
        let none = get(&server, &format!("{logo}/small"), &[("accept", "image/svg+xml; q=0, image/*")]).await;
        assert_eq!(none.header("content-type"), "image/png");
        assert_eq!(get(&server, &format!("{logo}/huge"), &[]).await.status, 404);
        assert_eq!(Answer::to(server.anonymous(Method::GET, &format!("{logo}/small"))).await.status, 404, "a draft");

        // Bare, by its resource and by the product's own form, one in place of the other.
        let put = server.request(Method::PUT, &logo).body(picture(800, 200, [255, 0, 0]));
        let first = Answer::to(put).await.json();
        for (size, expected) in [("small", (100, 25)), ("medium", (200, 50)), ("large", (400, 100))] {
            let path = format!("{logo}/{size}");
            let made = get(&server, &path, &[]).await;
            assert_eq!(made.dimensions(), expected, "{size}");
            let again = get(&server, &path, &[]).await;
            assert_eq!((again.bytes == made.bytes, again.header("etag")), (true, made.header("etag")));
            assert_eq!(get(&server, &path, &[("if-none-match", made.header("etag"))]).await.status, 304);
        }
        let original = get(&server, &logo, &[]).await;
        assert_eq!((original.header("content-type"), original.dimensions()), ("image/png", (800, 200)));
        let logos = format!("{}/logos", tree.product);
        assert_eq!(server.get(&logos).await["results"], json!([first]));
        let form = [Upload::png("product[logo]", [0, 255, 0])];
        let texts = [("product[description]".to_owned(), "New.".to_owned())];
        let product = Answer::to(multipart(server.request(Method::PUT, &tree.product), &texts, &form)).await;
        assert_eq!((product.status, &product.json()["description"]), (200, &json!("New.")));
        let second = server.get(&logos).await;
        assert_eq!(second["total_entries"], 1);
        assert_ne!(second["results"][0]["image_sha256"], first["image_sha256"]);
        assert_eq!(get(&server, &format!("{logo}/large"), &[]).await.dimensions(), (20, 10), "never made larger");
        server.send(Method::DELETE, &text(&second["results"][0], "path"), json!({})).await;
        assert_eq!(get(&server, &logo, &[]).await.status, 404);

        let form = [Upload::png("screenshot[image]", [0, 0, 255])];
        let caption = [("screenshot[caption]".to_owned(), "Front".to_owned())];
        let screenshots = format!("{}/screenshots", tree.product);
        let shot = Answer::to(multipart(server.request(Method::POST, &screenshots), &caption, &form)).await;
        let (status, shot) = (shot.status, shot.json());
        assert_eq!(status, 201, "{shot}");
        assert_eq!(server.get(&tree.product).await["screenshots"], json!([shot]));
        let path = text(&shot, "path");
        assert_eq!(get(&server, &format!("{path}/small"), &[]).await.dimensions(), (20, 10));
        let put = server.request(Method::PUT, &format!("{path}/image")).body(picture(50, 500, [9, 9, 9]));
        let replaced = Answer::to(put).await.json();
        assert!(text(&replaced, "image_updated_at") >= text(&shot, "image_updated_at"));
        assert_eq!(get(&server, &format!("{path}/medium"), &[]).await.dimensions(), (20, 200));
        tree.publish(&server).await;
        assert_eq!(Answer::to(server.anonymous(Method::GET, &format!("{path}/small"))).await.status, 200);
        server.send(Method::DELETE, &tree.product, json!({})).await;
        assert_eq!(get(&server, &format!("{path}/small"), &[]).await.status, 404);
    }

    async fn what_is_no_picture_is_refused(database: Database) {
        let server = Server::start_with(&database, &["--max-image-size", "300 KiB", "--max-asset-size", "1 MB"], &[]).await;
        let tree = Tree::plant(&server, json!({ "name": "Strict" })).await;
        let whole = picture(64, 64, [1, 2, 3]);
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        // A picture that says it has four billion pixels.
        let mut bomb = whole.clone();
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        for (what, bytes, status) in [
            ("a page", b"<!doctype html><script>".to_vec(), 422),
            ("a drawing", svg.to_vec(), 422),
            ("nothing", Vec::new(), 422),
            ("half a picture", whole[..whole.len() / 2].to_vec(), 422),
            ("a bomb", bomb, 422),
            ("too large a file", noise(400 * 1024), 413),
            ("a picture", whole.clone(), 200),
        ] {
            let answer = Answer::to(server.request(Method::PUT, &format!("{}/logo", tree.product)).body(bytes.clone())).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.body);
            let upload = Upload { field: "image".into(), name: "x.png".into(), media_type: "image/png", bytes };
            let screenshots = server.request(Method::POST, &format!("{}/screenshots", tree.product));
            let answer = Answer::to(multipart(screenshots, &[("caption".into(), "x".into())], &[upload])).await;
            assert_eq!(answer.status, if status == 200 { 201 } else { status }, "{what}: {}", answer.body);
            if status == 422 {
                assert!(answer.json()["errors"]["image"][0].is_string(), "{what}: {}", answer.body);
            }
        }
        // What a JPEG is called does not matter; what it is does.
        let mut jpeg = std::io::Cursor::new(Vec::new());
        image::load_from_memory(&whole).unwrap().to_rgb8().write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
        let put = server.request(Method::PUT, &format!("{}/logo", tree.product)).header("content-type", "text/html");
        assert_eq!(Answer::to(put.body(jpeg.into_inner())).await.json()["image_media_type"], "image/jpeg");
        let asset = server.request(Method::PUT, &format!("{}/asset", tree.build)).body(noise(1_000_001));
        assert_eq!(Answer::to(asset).await.status, 413);
        let chosen_none = Upload { field: "product[logo]".into(), name: String::new(), media_type: "application/octet-stream", bytes: Vec::new() };
        let form = multipart(server.request(Method::PATCH, &tree.product), &[], &[chosen_none]);
        assert_eq!(Answer::to(form).await.status, 200, "browsers send an empty part where no file was chosen");
    }

    async fn whoever_may_not_is_refused_before_bytes_are_taken_in(database: Database) {
        let server = start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Guarded" })).await;
        tree.publish(&server).await;
        let nobody = "00000000-0000-4000-8000-000000000000";
        let draft = Tree::plant(&server, json!({ "name": "Hidden" })).await;
        let form = |request: RequestBuilder| request.header("content-type", "multipart/form-data; boundary=cut");
        let anonymous = |method: Method, path: String| server.anonymous(method, &path);
        for (request, status) in [
            (anonymous(Method::PUT, format!("{}/asset", tree.build)), 401),
            (anonymous(Method::PUT, format!("{}/logo", tree.product)), 401),
            (form(anonymous(Method::POST, format!("{}/screenshots", tree.product))), 401),
            (form(anonymous(Method::PATCH, tree.build.clone())), 401),
            (form(anonymous(Method::POST, "/products".into())), 401),
            (anonymous(Method::PUT, format!("{}/asset", draft.build)), 401),
            (server.request(Method::PUT, &format!("/products/{nobody}/logo")), 404),
            (form(server.request(Method::POST, &format!("/products/{nobody}/screenshots"))), 404),
        ] {
            // A body without an end: only an early answer ends this.
            let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1024])).then(async |chunk| {
                tokio::time::sleep(Duration::from_millis(20)).await;
                chunk
            });
            let sent = request.body(Body::wrap_stream(endless.boxed())).timeout(Duration::from_secs(20)).send().await;
            assert_eq!(sent.unwrap().status().as_u16(), status);
        }
        assert_eq!(files_in(&folder(&database)), [] as [PathBuf; 0]);
    }

    async fn nothing_half_sent_is_ever_there(database: Database) {
        let server = start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Broken off" })).await;
        let path = format!("{}/asset", tree.build);
        let started = Instant::now();
        for _ in 0..3 {
            let chunks = stream::iter((0..8).map(|_| Ok(noise(1024 * 1024))).chain([Err(std::io::Error::other("gone"))]));
            let put = server.request(Method::PUT, &path).body(Body::wrap_stream(chunks));
            assert!(put.send().await.is_err());
        }
        while !files_in(&folder(&database)).is_empty() {
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", files_in(&folder(&database)));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.get(&tree.build).await["asset_available"], false);
    }

    async fn a_killed_server_leaves_rows_and_files_in_step(database: Database) {
        let mut expected = Vec::new();
        for round in 0..4 {
            let mut server = start(&database).await;
            let product = server.create("/products", json!({ "name": format!("Killed {round}") })).await;
            let builds = format!("{}/builds", text(&product, "path"));
            let mut paths = Vec::new();
            for version in 0..12 {
                paths.push(text(&server.create(&builds, json!({ "version": version })).await, "path"));
            }
            let uploads = paths.iter().enumerate().map(|(index, path)| {
                server.request(Method::PUT, &format!("{path}/asset")).body(noise(200_000 + 50_000 * index)).send()
            });
            // Killed in the midst of it.
            let _ = tokio::time::timeout(Duration::from_millis(15 + 25 * round), futures_util::future::join_all(uploads)).await;
            server.kill();
            expected.extend(paths);
        }
        let server = start(&database).await;
        let mut whole = BTreeSet::new();
        for path in expected {
            let build = server.get(&path).await;
            if build["asset_available"] == true {
                let asset = get(&server, &format!("{path}/asset"), &[]).await;
                assert_eq!((json!(sha256(&asset.bytes)), json!(asset.bytes.len())), (build["asset_sha256"].clone(), build["asset_size"].clone()));
                whole.insert(sha256(&asset.bytes));
            }
        }
        // What was given up goes in time.
        let (files, db) = library(&database).await;
        let later = (clock::now().datetime() + chrono::Duration::hours(25)).into();
        files.collect(&db, later).await.unwrap();
        assert_eq!(files_in(&folder(&database)).len(), whole.len());
    }

    async fn the_collector_takes_what_nothing_refers_to(database: Database) {
        let (one, two) = (start(&database).await, start_in(&database, &folder(&database)).await);
        let tree = Tree::plant(&one, json!({ "name": "Collected" })).await;
        let builds = format!("{}/builds", tree.product);
        let mut paths = Vec::new();
        for version in 2..8 {
            paths.push(format!("{}/asset", text(&one.create(&builds, json!({ "version": version })).await, "path")));
        }
        let (files, db) = library(&database).await;
        let later = || (clock::now().datetime() + chrono::Duration::hours(2)).into();
        Answer::to(one.request(Method::PUT, &format!("{}/logo", tree.product)).body(picture(300, 300, [5, 5, 5]))).await;
        get(&one, &format!("{}/logo/small", tree.product), &[]).await;
        assert_eq!(files_in(&folder(&database)).len(), 2, "the logo and a smaller one");
        assert_eq!(files.collect(&db, later()).await.unwrap(), 0);

        // The same content on all, from two servers, while the collector runs: stored once, and there whenever a row says so.
        for _ in 0..5 {
            let put = |(index, path): (usize, &String)| {
                let server = if index % 2 == 0 { &one } else { &two };
                Answer::to(server.request(Method::PUT, path).body(noise(100_000)))
            };
            let sent = futures_util::future::join_all(paths.iter().enumerate().map(put));
            let collected = async {
                for _ in 0..10 {
                    files.collect(&db, later()).await.unwrap();
                }
            };
            let (answers, ()) = tokio::join!(sent, collected);
            for (answer, path) in answers.iter().zip(&paths) {
                // Collected between two steps an hour apart is a conflict, never a row without its file.
                assert!(matches!(answer.status, 200 | 409), "{}", answer.body);
                if answer.status == 200 {
                    assert_eq!(get(&two, path, &[]).await.bytes, noise(100_000));
                }
            }
            assert!(files_in(&folder(&database)).len() <= 3);
            for path in &paths {
                one.send(Method::DELETE, path, json!({})).await;
            }
        }
        one.send(Method::DELETE, &tree.product, json!({})).await;
        files.collect(&db, later()).await.unwrap();
        assert_eq!(files_in(&folder(&database)), [] as [PathBuf; 0]);
    }

    async fn large_files_pass_through_in_little_memory(database: Database) {
        let server = start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Large" })).await;
        let path = format!("{}/asset", tree.build);
        let before = server.memory();
        let chunk = noise(256 * 1024);
        let chunks = stream::iter((0..800).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
        let put = server.request(Method::PUT, &path).body(Body::wrap_stream(chunks)).send().await.unwrap();
        assert_eq!(put.json::<Value>().await.unwrap()["asset_size"], 800 * 256 * 1024);
        let mut parts = server.request(Method::GET, &path).send().await.unwrap().bytes_stream();
        let mut size = 0;
        while let Some(part) = parts.next().await {
            size += part.unwrap().len();
        }
        assert_eq!(size, 800 * 256 * 1024);
        let grown = server.memory() - before;
        assert!(grown < 64.0, "200 MiB took {grown} MiB of memory");
    }
}

/// What came back for a file.
struct Fetched {
    status: u16,
    headers: reqwest::header::HeaderMap,
    bytes: Vec<u8>,
}

impl Fetched {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn dimensions(&self) -> (u32, u32) {
        image::load_from_memory(&self.bytes).unwrap().dimensions()
    }
}

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Fetched {
    let request = server.request(Method::GET, path);
    let response =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Fetched { status, headers, bytes: response.bytes().await.unwrap().into() }
}

/// A server that keeps its files in the folder of the test.
async fn start(database: &Database) -> Server {
    start_in(database, &folder(database)).await
}

async fn start_in(database: &Database, folder: &Path) -> Server {
    Server::start_with(database, &["--storage-url", &format!("file://{}", folder.display())], &[]).await
}

fn folder(database: &Database) -> PathBuf {
    database.folder().join("store")
}

async fn library(database: &Database) -> (Files, Db) {
    let limits = Limits { image: 1 << 20, asset: 1 << 30 };
    let files = Files::open(StorageUrl::Folder(folder(database)), limits).unwrap();
    (files, Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap())
}

/// All files below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

/// Bytes that differ from place to place.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
