//! mkt distributes itself: its own image, published to one marketplace, is deployed from there as another.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ward::{Agent, PATIENCE, Ward};
use crate::support::{Database, Manifest, mkt, on_stage};

/// The static binary, as `cargo static` makes it, beside where tests may write.
const BINARY: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../x86_64-unknown-linux-gnu/image/mkt");
/// The most bytes that the image may have.
const LARGEST: u64 = 40 * 1000 * 1000;
/// Where containers reach what listens on their machine.
const MACHINE: &str = "10.88.0.1";

/// What the first stage of the Containerfile makes, made here already.
fn built(folder: &Path) -> PathBuf {
    let build = folder.join("build");
    std::fs::create_dir_all(build.join("etc/ssl/certs")).unwrap();
    std::fs::create_dir_all(build.join("data")).unwrap();
    assert!(Path::new(BINARY).exists(), "no static binary: make it with cargo static");
    assert!(Command::new("strip").arg("-o").arg(build.join("mkt")).arg(BINARY).status().unwrap().success());
    let certificates = "etc/ssl/certs/ca-certificates.crt";
    std::fs::copy(Path::new("/").join(certificates), build.join(certificates)).unwrap();
    build
}

/// An empty PostgreSQL that containers reach: its address, but for the database.
fn postgres(folder: &Path) -> String {
    let folder = folder.join("postgres");
    std::fs::create_dir_all(&folder).unwrap();
    let started = Command::new("tests/postgres").arg("start").arg(&folder).env("OPEN", "1").output().unwrap();
    let url = String::from_utf8(started.stdout).unwrap();
    let (_, port) = url.trim().trim_end_matches("/postgres").rsplit_once(':').expect("PostgreSQL does not start");
    format!("postgres://mkt@{MACHINE}:{port}")
}

on_stage! {
    async fn mkt_is_deployed_from_mkt(stage: Stage) {
        // Its image, by its own Containerfile.
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        let context = format!("build={}", built(folder).display());
        let digest = stage.registry.push_folder("mkt/mkt:0.1.0", Path::new("."), &["--build-context", &context]);
        let image = format!("{}/mkt/mkt@{digest}", stage.registry.address);
        stage.registry.podman(&["pull", "--quiet", &image]);
        let inspected: Value = serde_json::from_str(&stage.registry.podman(&["image", "inspect", &image])).unwrap();
        let size = inspected[0]["Size"].as_u64().unwrap();
        println!("the image has {size} bytes");
        assert!(size < LARGEST, "{size}");
        assert_eq!(inspected[0]["Config"]["User"], "65532:65532");
        stage.registry.podman(&["rmi", "--force", &image]);

        // Its package is published to A, signed, with the digest that the registry has.
        let ward = Ward::open(&Database::sqlite()).await;
        let mut package = Manifest(serde_json::from_str(&std::fs::read_to_string("marketplace.json").unwrap()).unwrap());
        let registry = format!("http://{}", stage.registry.address);
        package.0["product"]["build"]["binary"] = json!({ "registry": registry, "image": "mkt/mkt:0.1.0" });
        let path = package.write(&folder.join("package"));
        let key = folder.join("key").display().to_string();
        ward.server.mkt(&["keygen", &key, "--register", "mkt"]).await.ok();
        let publish = ["publish", "--yes", "--strict", "--sign", &key, path.to_str().unwrap()];
        let mut command = ward.server.command(&publish);
        let published = command.env("MKT_NO_RESOLVE", "false").output().unwrap();
        assert!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
        let build = ward.server.get(&format!("/products/{}/builds/{}", package.product(), package.build())).await;
        assert_eq!(build["container_digest"], digest.as_str());
        ward.license(&package).await;

        // A platform's agent deploys it as B, which finds an empty PostgreSQL and nobody to help it.
        let database = postgres(folder);
        let secret = "a secret key of the second marketplace";
        let token = "the token of the second marketplace's administrator";
        let bind = |key: &str, value: &str| format!("{key}={value}");
        let deploy = [
            "instance", "deploy", "mkt", "--user", &ward.user, "--platform", &ward.platform,
            "--set", &bind("MKT_DATABASE_URL", &format!("{database}/second")),
            "--set", &bind("MKT_SECRET_KEY", secret),
            "--set", &bind("MKT_ADMIN_TOKEN", token),
            "--set", &bind("MKT_TITLE", "Second"),
            "--json",
        ];
        let instance = ward.server.mkt(&deploy).await.json();
        let id = instance["id"].as_str().unwrap();
        let socket = stage.socket.display().to_string();
        let arguments = ["--runner", "docker", "--docker-socket", &socket, "--require-signature", "--require-digest"];
        let state = ward.folder.join("state");
        let mut agent = Agent::start(ward.agent_command(&arguments, &state, ward.server.url("")));
        let told = ward.until_report(id, |report| report["state"] == "running" || report["state"] == "failed").await;
        assert_eq!(told["state"], "running", "{told}: {}", ward.logs(id).await);
        let address = format!("http://{}", told["detail"]["tasks"][0]["address"].as_str().unwrap());
        let status: Value = reqwest::get(format!("{address}/status")).await.unwrap().json().await.unwrap();
        assert!(status["database"]["datetime"].is_string(), "{status}");
        let begun = Instant::now();
        while !ward.logs(id).await.contains("listening on") {
            assert!(begun.elapsed() < PATIENCE, "{}", ward.logs(id).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }

        // B takes a publication, which outlives its container.
        let wren = Manifest::new("Wren", "1.0.0");
        let path = wren.write(&folder.join("wren"));
        let to_second = [("MKT_SERVER", address.as_str()), ("MKT_TOKEN", token)];
        mkt(&["publish", "--yes", path.to_str().unwrap()], &to_second).await.ok();
        let container = ward.report(id).await["detail"]["tasks"][0]["id"].as_str().unwrap().to_owned();
        stage.registry.podman(&["rm", "--force", "--time", "0", &container]);
        let again = ward.until_report(id, |report| {
            report["state"] == "running" && report["detail"]["tasks"][0]["id"] != container.as_str()
        });
        let again = again.await;
        let address = format!("http://{}", again["detail"]["tasks"][0]["address"].as_str().unwrap());
        let product: Value =
            reqwest::get(format!("{address}/products/{}", wren.product())).await.unwrap().json().await.unwrap();
        assert_eq!(product["name"], "Wren", "{product}");

        // The same image is an agent, too.
        let container = format!("{}/mkt/mkt@{digest}", stage.registry.address);
        let help = stage.registry.podman(&["run", "--rm", &container, "agent", "doctor", "--help"]);
        assert!(help.contains("mkt agent doctor"), "{help}");
        ward.change(id, json!({ "wanted": "stopped" })).await;
        let begun = Instant::now();
        ward.until(id, "stopped").await;
        assert!(begun.elapsed() < Duration::from_secs(17), "it stops when it is asked to");
        assert_eq!(agent.stop().await, Some(0));
    }
}
