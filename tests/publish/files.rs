//! Files of packages: sent ahead by what they consist of, once, and by whoever has them.

use reqwest::Method;
use serde_json::json;

use super::{Rich, Vendor, state};
use crate::http::Answer;
use crate::http::forms::picture;
use crate::support::{Database, Manifest, Server, on_both};

on_both! {
    async fn a_package_comes_with_its_files(database: Database) {
        let server = Server::start(&database).await;
        let package = Rich::new("Wren", 700_000, &database.folder().join("wren"));

        let plan = server.mkt(&["publish", "--dry-run", "--json", package.path()]).await.json();
        let missing = plan[0]["outcome"]["missing"].as_array().unwrap();
        assert_eq!(missing.iter().map(|file| &file["path"]).collect::<Vec<_>>(), ["files/guide.pdf", "logo.png", "one.png", "two.png"]);
        server.mkt(&["publish", "--yes", package.path()]).await.ok();
        let made = state(&server, &package).await;
        assert_eq!(made["build"]["asset"], json!(["guide.pdf", "application/pdf"]));
        assert_eq!(made["screenshots"].as_array().unwrap().len(), 2);
        let asset = server.anonymous(Method::GET, &format!("{}/asset", package.build())).send().await.unwrap();
        assert_eq!(asset.bytes().await.unwrap(), std::fs::read(package.folder.join("files/guide.pdf")).unwrap());

        for _ in 0..3 {
            let again = server.mkt(&["publish", "--yes", "--json", package.path()]).await.json();
            assert_eq!(again[0]["outcome"]["unchanged"], true, "{again}");
        }
        let sealed = server.get(&package.build()).await["marketplace"].clone();
        for turn in 0..100 {
            let (_, again) = server.send(Method::POST, "/packages", sealed.clone()).await;
            assert_eq!(again["unchanged"], true, "{turn}: {again}");
        }
        assert_eq!(state(&server, &package).await, made);

        // Other bytes under a published version are other content.
        std::fs::write(package.folder.join("files/guide.pdf"), "other").unwrap();
        let refused = server.mkt(&["publish", "--yes", package.path()]).await;
        assert_eq!(refused.code, 6, "{}", refused.stderr);
        assert!(refused.stderr.contains("product.build.digests.files/guide.pdf"), "{}", refused.stderr);

        // The next version: one picture is new, one goes on, and the caption of neither is doubled.
        let mut next = Rich { manifest: package.manifest.next_version("1.1.0"), folder: package.folder.clone() };
        next.manifest.0["product"]["build"]["screenshots"] = json!([{ "path": "one.png", "caption": "One" }, { "path": "new.png", "caption": "Two" }]);
        std::fs::write(package.folder.join("new.png"), picture(9, 9, [1, 2, 3])).unwrap();
        next.save();
        let plan = server.mkt(&["publish", "--dry-run", package.path()]).await.ok();
        assert!(plan.contains("update") && plan.contains("Two"), "{plan}");
        server.mkt(&["publish", "--yes", package.path()]).await.ok();
        let after = state(&server, &next).await;
        assert_eq!(after["logo"], made["logo"]);
        assert_eq!(after["screenshots"][0], made["screenshots"][0]);
        assert_ne!(after["screenshots"][1], made["screenshots"][1]);

        // The former version again says nothing about the product any more.
        std::fs::write(package.folder.join("files/guide.pdf"), (0..700_000).map(|place: usize| (place * 31 % 251) as u8).collect::<Vec<_>>()).unwrap();
        package.save();
        let former = server.mkt(&["publish", "--yes", "--json", package.path()]).await.json();
        assert_eq!(former[0]["outcome"]["unchanged"], true, "{former}");
        assert_eq!(state(&server, &next).await, after);
    }

    async fn to_know_a_file_is_not_to_have_it(database: Database) {
        let server = Server::start(&database).await;
        let package = Rich::new("Owl", 1000, &database.folder().join("owl"));
        server.mkt(&["publish", "--yes", package.path()]).await.ok();
        let sha256 = server.get(&package.build()).await["asset_sha256"].clone();

        let vendor = Vendor::new(&server, "vendor").await;
        let mut stolen = Manifest::new("Thief", "1.0.0");
        stolen.0["product"]["build"]["asset"] = json!("loot");
        stolen.0["product"]["build"]["digests"] = json!({ "loot": format!("sha256:{}", sha256.as_str().unwrap()) });
        let refused = Answer::to(vendor.request(&server, Method::POST, "/packages").json(&stolen.0)).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert_eq!(refused.json()["details"]["missing"][0]["path"], "loot");
    }

    async fn files_are_taken_as_they_are_said_to_be(database: Database) {
        let server = Server::start(&database).await;
        let put = |digest: String, kind: &str, body: Vec<u8>| {
            Answer::to(server.request(Method::PUT, &format!("/packages/files/{digest}?kind={kind}")).body(body))
        };
        let picture = picture(5, 5, [9, 9, 9]);
        let sum = |bytes: &[u8]| {
            let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
            format!("sha256:{}", digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        };
        for (digest, kind, body, status) in [
            (sum(b"text"), "asset", b"text".to_vec(), 200),
            (sum(&picture), "image", picture.clone(), 200),
            (sum(b"text"), "image", b"text".to_vec(), 422),
            (sum(b"text"), "asset", b"test".to_vec(), 422),
            (sum(b"text"), "other", b"text".to_vec(), 400),
            ("sha256:00".to_owned(), "asset", b"text".to_vec(), 400),
            ("..%2F..%2Fetc".to_owned(), "asset", b"text".to_vec(), 400),
        ] {
            let answer = put(digest.clone(), kind, body).await;
            assert_eq!(answer.status, status, "{digest} {kind}: {}", answer.body);
        }
        let stranger = server.anonymous(Method::PUT, &format!("/packages/files/{}?kind=asset", sum(b"text"))).body("text");
        assert_eq!(Answer::to(stranger).await.status, 401);
        let vendor = Vendor::new(&server, "vendor").await;
        let address = format!("/packages/files/{}?kind=asset", sum(b"text"));
        let nobody = Answer::to(vendor.request(&server, Method::PUT, &address).body("text")).await;
        assert_eq!(nobody.status, 403, "{}", nobody.body);
        // A manifest that does not say what its files consist of can't be published by itself.
        let mut bare = Manifest::new("Bare", "1.0.0");
        bare.0["product"]["build"]["asset"] = json!("guide.pdf");
        let refused = Answer::to(server.request(Method::POST, "/packages").json(&bare.0)).await;
        assert!(refused.status == 422 && refused.body.contains("product.build.digests"), "{}", refused.body);
    }
}

#[tokio::test]
async fn what_is_outside_of_the_folder_stays_there() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let secret = database.folder().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    type Spoiled<'a> = (&'a str, &'a dyn Fn(&Rich), i32, &'a str);
    let cases: [Spoiled; 4] = [
        ("gone", &|package| std::fs::remove_file(package.folder.join("logo.png")).unwrap(), 1, "logo.png"),
        (
            "link",
            &|package| {
                std::fs::remove_file(package.folder.join("files/guide.pdf")).unwrap();
                std::os::unix::fs::symlink(&secret, package.folder.join("files/guide.pdf")).unwrap();
            },
            1,
            "leads out",
        ),
        ("text", &|package| std::fs::write(package.folder.join("logo.png"), "no picture").unwrap(), 1, "must be a PNG"),
        (
            "pinned",
            &|package| {
                let mut manifest = Manifest(package.manifest.0.clone());
                let zeros = format!("sha256:{}", "0".repeat(64));
                manifest.0["product"]["build"]["digests"] = json!({ "files/guide.pdf": zeros });
                manifest.write(&package.folder);
            },
            6,
            "is not what",
        ),
    ];
    for (name, spoil, code, told) in cases {
        let package = Rich::new(name, 100, &database.folder().join(name));
        spoil(&package);
        let refused = server.mkt(&["publish", "--yes", package.path()]).await;
        assert_eq!(refused.code, code, "{name}: {}", refused.stderr);
        assert!(refused.stderr.contains(told), "{name}: {}", refused.stderr);
    }
    assert_eq!(server.get("/products").await["total_entries"], 0);
}
