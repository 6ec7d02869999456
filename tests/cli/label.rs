//! `mkt label`

use crate::support::{Case, Database, Manifest, Server, mkt};

#[tokio::test]
async fn labels_of_manifests_need_no_marketplace() {
    let folder = tempfile::tempdir().unwrap();
    let file = Manifest::new("Redwing", "3.1.0").write(folder.path());
    let (file, folder_path) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
    let none = [("MKT_SERVER", "http://127.0.0.1:1")];
    let plain = mkt(&["label", file], &none).await.ok();
    for told in ["PRODUCT FACTS", "Redwing", "Version 3.1.0", "Alex Example, MD", "64 to 128 MiB, 1 to 2 instances"] {
        assert!(plain.contains(told), "{told:?} is not in {plain}");
    }
    assert!(plain.lines().all(|line| line.chars().count() <= 80) && !plain.contains('\x1b'), "{plain}");
    for arguments in
        [&["label", "--manifest", file][..], &["label", "--manifest", folder_path], &["label", folder_path]]
    {
        assert_eq!(mkt(arguments, &none).await.ok(), plain, "{arguments:?}");
    }
    let bold = mkt(&["label", file, "--color", "always"], &none).await.ok();
    assert!(bold.contains("\x1b[1mPRODUCT FACTS\x1b[0m"), "{bold}");
    assert_eq!(mkt(&["label", file, "--json"], &none).await.json()["product"]["name"], "Redwing");
    assert!(mkt(&["label", file, "--format", "svg"], &none).await.ok().starts_with("<svg "));

    for (name, beginning) in [("label.svg", "<svg "), ("label.html", "<!DOCTYPE"), ("label.json", "{"), ("label", "━")]
    {
        let out = folder.path().join(name);
        let ran = mkt(&["label", file, "--file", out.to_str().unwrap()], &none).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
        assert!(std::fs::read_to_string(out).unwrap().starts_with(beginning), "{name}");
    }

    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{").unwrap();
    let absent = folder.path().join("absent.json");
    let unwritable = folder.path().join("absent/label.svg");
    let cases: [Case; 6] = [
        (&["label"], &none, 2, "required"),
        (&["label", broken.to_str().unwrap()], &none, 1, "1 errors"),
        (&["label", absent.to_str().unwrap()], &none, 5, "absent.json"),
        (&["label", file, "--platform", "x"], &none, 2, "publish it first"),
        (&["label", file, "--file", unwritable.to_str().unwrap()], &none, 1, "Can't write"),
        (&["label", "Redwing"], &none, 8, "can't be reached"),
    ];
    for (arguments, variables, code, message) in cases {
        let ran = mkt(arguments, variables).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn labels_of_builds_are_found_by_name_and_version() {
    let server = Server::start(&Database::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    let first = Manifest::new("mail@ward", "1.0.0");
    let second = first.next_version("1.1.0");
    for manifest in [&first, &second] {
        server.mkt(&["publish", "--yes", manifest.write(folder.path()).to_str().unwrap()]).await.ok();
    }
    server.mkt(&["platform", "create", "--set", "name=Ward 7"]).await.ok();
    let build = async |subject: &str| server.mkt(&["label", subject, "--output", "id"]).await.ok().trim().to_owned();
    assert_eq!(build("mail@ward").await, second.build());
    assert_eq!(build("mail@ward@1.0.0").await, first.build());
    assert_eq!(build(&format!("{}@1.0.0", first.product())).await, first.build());
    let compared = server.mkt(&["label", "mail@ward", "--platform", "ward 7"]).await.ok();
    assert!(compared.contains("Compatibility with Ward 7") && compared.contains("please verify"), "{compared}");
    for (arguments, message) in [
        (&["label", "mail@ward@2"][..], "no build with the version"),
        (&["label", "nothing@1"], "no product with the name"),
        (&["label", "mail@ward", "--platform", "Ward 9"], "no platform with the name"),
    ] {
        let ran = server.mkt(arguments).await;
        assert_eq!(ran.code, 5, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
}

/// The official examples, where they are at hand.
#[tokio::test]
async fn the_official_examples_have_labels() {
    let folder = std::path::Path::new("../shared/reference/packaging");
    if !folder.is_dir() {
        return;
    }
    for name in ["cds-hooks", "content", "cql", "smart"] {
        let file = folder.join(format!("{name}.product.build.json"));
        let plain = mkt(&["label", "--manifest", file.to_str().unwrap()], &[]).await.ok();
        assert!(plain.contains("PRODUCT FACTS"), "{plain}");
    }
}
