//! Images in real registries: pinned by the digest that they have, or not published.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{ADMIN_TOKEN, ALEX, Database, Home, Manifest, ROBIN, Ran, Registry, Server};

/// A manifest with an image of a registry.
fn manifest(name: &str, registry: &str, image: &str) -> Manifest {
    let mut manifest = Manifest::new(name, "1.0.0");
    manifest.0["product"]["build"]["binary"] = json!({ "registry": format!("http://{registry}"), "image": image });
    manifest
}

/// Publishes with images looked up.
async fn publish(server: &Server, home: &Home, manifest: &Manifest, database: &Database, arguments: &[&str]) -> Ran {
    let folder = database.folder().join(manifest.build());
    manifest.write(&folder);
    let (address, folder) = (server.url(""), folder.display().to_string());
    let all = [&["publish", "--yes", &folder], arguments].concat();
    home.mkt(&all, &[("MKT_SERVER", &address), ("MKT_TOKEN", ADMIN_TOKEN), ("MKT_NO_RESOLVE", "false")]).await
}

/// Verifies with images looked up.
async fn verify(server: &Server, home: &Home, product: &str) -> Ran {
    home.mkt(&["verify", product], &[("MKT_SERVER", &server.url("")), ("MKT_NO_RESOLVE", "false")]).await
}

async fn build(server: &Server, manifest: &Manifest) -> Value {
    server.get(&format!("/products/{}/builds/{}", manifest.product(), manifest.build())).await
}

#[tokio::test]
async fn images_are_pinned_by_their_digests() {
    let database = Database::sqlite();
    let (server, registry, home) = (Server::start(&database).await, Registry::start(None).await, Home::new());
    let digest = registry.push("tests/app:1.0.0", &["linux/amd64"], "one");

    let package = manifest("Pinned", &registry.address, "tests/app:1.0.0");
    let key = home.file("key").display().to_string();
    home.put("nothing", "");
    server.mkt(&["keygen", &key, "--register", "CI"]).await.ok();
    publish(&server, &home, &package, &database, &["--strict", "--sign", &key]).await.ok();
    let made = build(&server, &package).await;
    assert_eq!((&made["container_digest"], &made["container_tag"]), (&json!(digest), &json!("1.0.0")));
    assert_eq!(made["marketplace"]["product"]["build"]["binary"]["image"], json!(format!("tests/app:1.0.0@{digest}")));
    assert!(publish(&server, &home, &package, &database, &[]).await.ok().contains("unchanged"));

    let verified = verify(&server, &home, "Pinned").await;
    assert!(verified.stdout.contains("ok") && verified.stdout.contains(&digest), "{}", verified.stdout);

    // Another image under the same tag is other content.
    let other = registry.push("tests/app:1.0.0", &["linux/amd64"], "two");
    assert_ne!(other, digest);
    let refused = publish(&server, &home, &package, &database, &[]).await;
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    assert!(refused.stderr.contains("product.build.binary.image"), "{}", refused.stderr);

    let moved = verify(&server, &home, "Pinned").await;
    assert!(moved.code == 0 && moved.stdout.contains(&other), "{}: {}", moved.code, moved.stdout);

    let by_digest = manifest("By digest", &registry.address, &format!("tests/app@{digest}"));
    let mut by_digest = Manifest(by_digest.0);
    by_digest.0["product"]["build"]["version"] = json!("1.0.0");
    publish(&server, &home, &by_digest, &database, &[]).await.ok();
    assert_eq!(build(&server, &by_digest).await["container_digest"], json!(digest));

    for (image, code, told) in [
        ("tests/app:2.0.0", 5, "There is no image"),
        ("tests/none:1.0.0", 5, "There is no image"),
        (&format!("tests/app@sha256:{}", "0".repeat(64)), 5, "There is no image"),
    ] {
        let missing = manifest("Missing", &registry.address, image);
        let refused = publish(&server, &home, &missing, &database, &[]).await;
        assert!(refused.code == code && refused.stderr.contains(told), "{image}: {} {}", refused.code, refused.stderr);
    }
    let unlooked = manifest("Not looked up", &registry.address, "tests/none:1.0.0");
    let published = publish(&server, &home, &unlooked, &database, &["--no-resolve"]).await;
    assert!(published.stderr.contains("was not looked up"), "{}", published.stderr);
    published.ok();
}

#[tokio::test]
async fn images_are_for_the_platform_that_all_have() {
    let database = Database::sqlite();
    let (server, registry, home) = (Server::start(&database).await, Registry::start(None).await, Home::new());
    let cases: [(&str, &[&str], bool); 4] = [
        ("tests/both:1.0.0", &["linux/amd64", "linux/arm64"], true),
        ("tests/arms:1.0.0", &["linux/arm64", "linux/arm/v7"], false),
        ("tests/arm:1.0.0", &["linux/arm64"], false),
        ("tests/amd:1.0.0", &["linux/amd64"], true),
    ];
    for (image, platforms, runs) in cases {
        let digest = registry.push(image, platforms, image);
        let package = manifest(image, &registry.address, image);
        let strict = publish(&server, &home, &package, &database, &["--strict"]).await;
        assert_eq!(strict.code, i32::from(!runs), "{image}: {}", strict.stderr);
        assert_eq!(strict.stderr.contains("not for linux/amd64"), !runs, "{image}: {}", strict.stderr);
        publish(&server, &home, &package, &database, &[]).await.ok();
        assert_eq!(build(&server, &package).await["container_digest"], json!(digest), "{image}");
    }
}

#[tokio::test]
async fn private_registries_take_the_credentials_of_docker() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let registries = [Registry::start(Some(ALEX)).await, Registry::start(Some(ROBIN)).await];
    let [alex, robin] =
        registries.each_ref().map(|registry| registry.push("tests/app:1.0.0", &["linux/amd64"], &registry.address));
    let home = Home::new();
    let package =
        |registry: usize| manifest(&format!("Private {registry}"), &registries[registry].address, "tests/app:1.0.0");

    let nobody = publish(&server, &home, &package(0), &database, &[]).await;
    assert!(nobody.code == 4 && nobody.stderr.contains("docker login"), "{}: {}", nobody.code, nobody.stderr);
    let auth = |user: &str, password: &str| {
        use base64::Engine;
        json!({ "auth": base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}")) })
    };
    let write = |auths: Value| home.docker(&json!({ "auths": auths }).to_string());

    let [first, second] = registries.each_ref().map(|registry| registry.address.as_str());
    write(json!({ first: auth(ALEX.0, "wrong password") }));
    let wrong = publish(&server, &home, &package(0), &database, &[]).await;
    assert!(wrong.code == 4 && !wrong.stderr.contains("wrong password"), "{}: {}", wrong.code, wrong.stderr);
    // The one's credentials are none for the other.
    write(json!({ first: auth(ALEX.0, ALEX.1) }));
    assert_eq!(publish(&server, &home, &package(1), &database, &[]).await.code, 4);
    write(json!({ first: auth(ALEX.0, ALEX.1), second: auth(ROBIN.0, ROBIN.1) }));
    for (registry, digest) in [(0, &alex), (1, &robin)] {
        let package = package(registry);
        publish(&server, &home, &package, &database, &[]).await.ok();
        assert_eq!(build(&server, &package).await["container_digest"], json!(digest));
    }
}

#[tokio::test]
async fn registries_may_be_away_or_hostile() {
    let database = Database::sqlite();
    let (server, home) = (Server::start(&database).await, Home::new());
    let zeros = format!("sha256:{}", "0".repeat(64));
    let lying = format!(
        "HTTP/1.1 200 OK\r\ndocker-content-digest: {zeros}\r\ncontent-type: application/vnd.oci.image.manifest.v1+json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    for (answer, code, told) in [
        (None, 8, "can't be reached"),
        (Some("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"), 8, "answered 500"),
        (Some("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\ngarbage"), 1, "does not speak"),
        (Some("garbage"), 8, "can't be reached"),
        (Some(lying.as_str()), 1, "is what it says that this is"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = answer.map(str::to_owned);
        let serving = tokio::spawn(async move {
            let Some(answer) = answer else { return drop(listener) };
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        let begun = Instant::now();
        let refused = publish(&server, &home, &manifest("Hostile", &address, "tests/app:1.0.0"), &database, &[]).await;
        assert!(refused.code == code && refused.stderr.contains(told), "{told}: {} {}", refused.code, refused.stderr);
        assert!(begun.elapsed() < Duration::from_secs(20));
        serving.abort();
    }
    // Elsewhere than on this machine, it takes a word to do without TLS.
    let refused =
        publish(&server, &home, &manifest("Else", "registry.invalid:5000", "tests/app:1"), &database, &[]).await;
    assert!(
        refused.code == 8 && refused.stderr.contains("--insecure-registry registry.invalid:5000"),
        "{}",
        refused.stderr
    );
    assert_eq!(server.get("/products").await["total_entries"], 0);
}
